"""Subgraphs: made, named, gone into, used again, unpacked."""

from playwright.sync_api import expect

from tests.web.hands import card, document, port, select, title


def test_a_subgraph_is_made_named_used_again_and_unpacked(page):
    before = document(page)
    select(page, "prompt", "negative")
    page.keyboard.press("Control+Shift+g")
    page.keyboard.type("Two prompts")
    page.keyboard.press("Enter")
    node = page.locator(".card.selected")
    expect(node).to_contain_text("Two prompts")
    expect(card(page, "prompt")).to_have_count(0)
    made = document(page)
    assert list(made["workflows"]) == ["two_prompts"]
    assert made["inputs"]["prompt"] == "subgraph.prompt"
    assert made["nodes"]["subgraph"]["type"] == "workflow/two_prompts"

    # In, and its output gets another name, which the level around follows.
    select(page, "subgraph")
    page.keyboard.press("Enter")
    crumbs = page.get_by_role("navigation", name="Subgraphs")
    expect(crumbs).to_be_visible()
    expect(crumbs).to_contain_text("Two prompts")
    expect(page.locator(".card")).to_have_count(2)
    port(page, "prompt.conditioning", "output").click(button="right")
    page.get_by_role("menuitem", name="Rename the result").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("wanted")
    page.keyboard.press("Enter")
    select(page, "negative")
    tag = page.locator('[data-name-tag="inputs/negative"]')
    tag.locator(".name-tag-text").dblclick()
    page.keyboard.press("Control+a")
    page.keyboard.type("unwanted")
    page.keyboard.press("Enter")
    expect(page.locator('[data-name-tag="inputs/unwanted"]')).to_be_attached()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(crumbs).to_have_count(0)
    after = document(page)
    assert after["nodes"]["sample"]["inputs"]["positive"] == {"link": "subgraph.wanted"}
    assert after["inputs"]["negative"] == "subgraph.unwanted"
    expect(page.locator('[data-widget="subgraph.unwanted"]')).to_be_visible()

    # Used again, from the search.
    page.mouse.move(500, 780)
    page.keyboard.press("Space")
    page.keyboard.type("two prompts")
    page.keyboard.press("Enter")
    expect(page.locator(".card", has_text="Two prompts")).to_have_count(2)
    page.keyboard.press("Control+z")

    # And unpacked: what was there is back.
    title(page, "subgraph").click(button="right")
    page.get_by_role("menuitem", name="Unpack the subgraph").click()
    expect(card(page, "prompt")).to_be_visible()
    back = document(page)
    assert back["nodes"] == before["nodes"]
    assert back["inputs"] == before["inputs"]


def test_results_of_the_workflow_are_named_on_the_canvas(page):
    port(page, "sample.latent", "output").click(button="right")
    page.get_by_role("menuitem", name="Name it as a result").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("noise free")
    page.keyboard.press("Enter")
    assert document(page)["outputs"] == {"image": "decode.image", "noise free": "sample.latent"}
    port(page, "sample.latent", "output").click(button="right")
    page.get_by_role("menuitem", name="No result of the workflow").click()
    assert document(page)["outputs"] == {"image": "decode.image"}


def test_what_goes_round_in_a_circle_is_no_subgraph(page):
    select(page, "model", "sample")
    title(page, "sample").click(button="right")
    page.get_by_role("menuitem", name="Make a subgraph").click()
    expect(page.get_by_text("a link leaves them and comes back")).to_be_visible()
    expect(page.locator(".card")).to_have_count(6)
