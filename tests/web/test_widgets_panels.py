"""Palette, details and the sheet of shortcuts."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web.hands import card, document, drag, middle


def test_nodes_are_dragged_from_the_palette(page):
    page.keyboard.press("n")
    palette = page.get_by_role("region", name="Nodes")
    search = palette.get_by_role("searchbox")
    expect(palette.locator("summary", has_text="Image")).to_be_visible()
    search.fill("resize")
    entry = palette.locator('[data-palette="image/resize"]')
    drag(page, middle(entry), (700, 820))
    expect(card(page, "resize")).to_be_visible()
    box = card(page, "resize").bounding_box()
    assert 560 < box["x"] < 720
    assert 760 < box["y"] < 840
    # Not onto the panel itself; a press alone adds one to the middle.
    drag(page, middle(entry), (140, 500))
    expect(card(page, "resize_2")).to_have_count(0)
    entry.click()
    expect(card(page, "resize_2")).to_be_visible()
    search.fill("qqqq")
    expect(palette).to_contain_text("No node is called that")
    palette.get_by_role("button", name="Close").click()
    expect(palette).to_have_count(0)


def test_details_explain_a_node_and_name_its_ports(page):
    page.keyboard.press("i")
    details = page.get_by_role("region", name="Details")
    expect(details.get_by_role("textbox", name="Name", exact=True)).to_have_value("Text to image")
    card(page, "sample").locator(".card-header").click(position={"x": 20, "y": 8})
    expect(details).to_contain_text("With a mask (1 is repainted)")
    expect(details.locator("code").first).to_have_text("denoise")
    steps = details.locator('[data-inspector="sample.steps"]')
    expect(steps).to_contain_text("Denoising steps.")
    expect(steps).to_contain_text("1 to 1000")
    expect(steps).to_contain_text("On the form as steps")
    steps.locator("[data-widget]").fill("12")
    steps.locator("[data-widget]").press("Enter")
    expect(page.locator('.canvas [data-widget="sample.steps"]')).to_have_value("12")
    steps.locator('[data-input-action="unname"]').click()
    details.locator('[data-inspector="sample.denoise"] [data-input-action="name"]').click()
    details.locator('[data-output-action="sample.latent"]').click()
    details.get_by_role("textbox", name="Name", exact=True).fill("Paint")
    expect(card(page, "sample").locator(".card-title")).to_have_text("Paint")
    details.locator('[data-inspector="sample.latent"] [data-input-action="unlink"]').click()
    expect(details.locator(".inspector-problems")).to_contain_text("neither set nor linked")

    page.locator(".react-flow__pane").click(position={"x": 500, "y": 800})
    expect(details).to_contain_text("latent")
    named = details.get_by_role("textbox", name="Name of denoise")
    named.fill("change")
    named.press("Enter")
    expect(details.get_by_role("textbox", name="Name of change")).to_be_visible()
    expect(details.get_by_role("textbox", name="Name of steps")).to_have_count(0)
    assert document(page)["editor"]["titles"] == {"sample": "Paint"}


def test_the_sheet_of_shortcuts_is_their_table(page):
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys and gestures")
    line = sheet.locator("dl > div", has_text="Run to the selected node")
    expect(line.locator("kbd span")).to_have_text(["Ctrl", "⇧", "↵"])
    expect(sheet).to_contain_text("Double-click the ground")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
