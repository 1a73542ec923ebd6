"""Cards: their menu, name, colour, size, and being set aside."""

from playwright.sync_api import expect

from tests.web.hands import card, document, drag, middle, select, selected, title


def test_the_menu_of_a_node_does_what_it_says(page):
    title(page, "sample").click(button="right")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    assert selected(page) == {"sample"}

    title(page, "sample").click(button="right")
    menu.get_by_role("menuitem", name="Blue").click()
    title(page, "sample").click(button="right")
    menu.get_by_role("menuitem", name="Collapse").click()
    expect(card(page, "sample").locator("[data-widget]")).to_have_count(0)
    page.keyboard.press("F2")
    page.keyboard.type("The sampler")
    page.keyboard.press("Enter")
    expect(card(page, "sample")).to_contain_text("The sampler")
    drawn = document(page)["editor"]
    assert drawn["colours"] == {"sample": "#3e7bfa"}
    assert drawn["collapsed"] == ["sample"]
    assert drawn["titles"] == {"sample": "The sampler"}
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert not {"colours", "collapsed", "titles"} & set(document(page)["editor"])


def test_the_menu_of_the_canvas(page):
    page.mouse.click(1300, 500, button="right")
    page.get_by_role("menuitem", name="Select all").click()
    expect(page.locator(".card.selected")).to_have_count(6)
    page.mouse.click(1300, 500, button="right")
    snap = page.get_by_role("menuitemcheckbox", name="Snap to the grid")
    expect(snap).to_be_checked()
    snap.click()
    page.mouse.click(1300, 500, button="right")
    expect(snap).not_to_be_checked()
    page.get_by_role("menuitem", name="Add a node").click()
    expect(page.get_by_role("combobox", name="Add a node")).to_be_focused()


def test_cards_are_resized_and_get_their_own_size_back(page):
    card(page, "prompt").hover()
    before = card(page, "prompt").bounding_box()
    corner = page.locator('[data-resize="prompt"]')
    x, y = middle(corner)
    drag(page, (x, y), (x + 40, y + 20))
    expect(page.locator('[data-widget="prompt.text"]')).to_be_visible()
    wide = card(page, "prompt").bounding_box()
    assert wide["width"] > before["width"] + 20
    assert wide["height"] > before["height"] + 5
    corner.dblclick()
    expect(card(page, "prompt")).to_have_css("width", "250px")
    assert card(page, "prompt").bounding_box() == before


def test_what_is_set_aside_is_seen_at_a_glance(page):
    select(page, "negative")
    page.keyboard.press("m")
    expect(card(page, "negative").get_by_text("muted")).to_be_visible()
    page.keyboard.press("b")
    expect(card(page, "negative").get_by_text("bypassed")).to_be_visible()
    # Nothing that comes into an encoder is like what it gives.
    expect(card(page, "negative").locator(".nothing-passes")).to_have_count(1)
    select(page, "sample")
    page.keyboard.press("b")
    passes = card(page, "sample").locator("[data-passes]")
    expect(passes).to_have_attribute("data-passes", "latent latent")
    modes = {id: node.get("mode") for id, node in document(page)["nodes"].items()}
    assert modes["negative"] == modes["sample"] == "bypassed"
    select(page, "sample")
    page.keyboard.press("b")
    expect(passes).to_have_count(0)
