"""Links by keyboard alone: drawn, taken elsewhere, removed, ended with a new node."""

from playwright.sync_api import expect

from tests.web.hands import card, document, put, selected

NUMBERS = {
    "format": "graphgen/1",
    "nodes": {
        "one": {"type": "control/value", "inputs": {"value": 1}},
        "two": {"type": "control/value", "inputs": {"value": 2}},
        "same": {"type": "control/compare", "inputs": {"b": 3, "operation": "equal"}},
        "text": {"type": "control/format_text", "inputs": {"template": "{value}"}},
    },
    "editor": {"positions": {"one": [0, 0], "two": [0, 240], "same": [560, 60], "text": [900, 60]}},
}


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def step_to(page, port):
    """Press the arrow down until the keyboard is at a port; it goes round."""
    here = page.locator(".port.here")
    seen = [here.get_attribute("data-port")]
    while seen[-1] != port:
        assert len(seen) < 10, seen
        press(page, "ArrowDown")
        expect(here).not_to_have_attribute("data-port", seen[-1])
        seen.append(here.get_attribute("data-port"))


def linking(page):
    return page.get_by_role("application", name="Draw or remove a link by keyboard")


def inputs(page, id):
    return document(page)["nodes"][id]["inputs"]


def test_a_link_is_drawn_made_elsewhere_and_removed_by_keyboard(page):
    put(page, NUMBERS)
    card(page, "one").locator(".card-header").click(position={"x": 20, "y": 8})
    press(page, "w", "ArrowRight")
    said = linking(page).locator("[aria-live]")
    expect(said).to_contain_text("Output value of")
    press(page, "Enter")
    expect(said).to_contain_text("Link to: Input a of")
    expect(said).to_contain_text("that fit")
    expect(page.locator(".port.here")).to_have_attribute("data-port", "same.a")
    expect(page.locator(".wiring-link path")).to_have_count(1)
    press(page, "Enter")
    expect(said).to_contain_text("Linked · Input a of")
    expect(said).to_contain_text("linked to one.value")
    expect(page.locator(".react-flow__edge")).to_have_count(1)

    press(page, "Enter")  # from the input backwards, to another output
    expect(page.locator(".port.here")).to_have_attribute("data-side", "output")
    start = page.locator(".port.here").get_attribute("data-port")
    press(page, "Tab")
    expect(page.locator(".port.here")).not_to_have_attribute("data-port", start)
    step_to(page, "two.value")
    press(page, "Enter")
    expect(said).to_contain_text("Linked · Output value of Value · linked to same.a")
    press(page, "Escape")
    expect(linking(page)).to_have_count(0)
    assert inputs(page, "same")["a"] == {"link": "two.value"}

    card(page, "same").locator(".card-header").click(position={"x": 20, "y": 8})
    press(page, "w", "ArrowLeft")
    step_to(page, "same.a")
    press(page, "Delete")
    expect(said).to_contain_text("Link removed · Input a of")
    expect(page.locator(".react-flow__edge")).to_have_count(0)
    press(page, "Escape", "Control+z")
    expect(page.locator(".react-flow__edge")).to_have_count(1)


def test_a_drawn_link_is_left_or_ends_with_a_new_node(page):
    put(page, NUMBERS)
    card(page, "one").locator(".card-header").click(position={"x": 20, "y": 8})
    press(page, "w", "ArrowRight", "Enter", "Escape")
    expect(page.locator(".port.here")).to_have_attribute("data-port", "one.value")
    press(page, "Tab")
    assert selected(page) == {"two"}
    press(page, "ArrowRight", "Enter", "Space")
    page.keyboard.type("format text")
    press(page, "Enter")
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    nodes = document(page)["nodes"]
    (added,) = set(nodes) - set(NUMBERS["nodes"])
    assert {"link": "two.value"} in nodes[added]["inputs"].values(), nodes[added]


def test_the_menu_of_the_selection_opens_by_keyboard(page):
    put(page, NUMBERS)
    card(page, "two").locator(".card-header").click(position={"x": 20, "y": 8})
    press(page, "Shift+F10")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    collapse = menu.locator('[data-action="edit.collapse"]')
    for _ in range(20):
        if collapse.evaluate("entry => entry === document.activeElement"):
            break
        press(page, "ArrowDown")
    press(page, "Enter")
    expect(menu).to_have_count(0)
    assert document(page)["editor"]["collapsed"] == ["two"]
    page.mouse.click(700, 700)
    page.evaluate(  # as the key for menus does it; nothing is selected
        "document.body.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true }))"
    )
    expect(menu.locator('[data-action="edit.add_node"]')).to_be_visible()
    press(page, "Escape")
    expect(menu).to_have_count(0)


def test_a_far_away_port_comes_near_and_the_sheet_tells_the_keys(page):
    put(page, NUMBERS)
    card(page, "same").locator(".card-header").click(position={"x": 20, "y": 8})
    page.mouse.move(700, 600)
    for _ in range(12):
        page.mouse.wheel(0, 400)
    expect(page.locator(".card.far").first).to_be_visible()
    press(page, "w")
    expect(page.locator(".port.here")).to_be_visible()
    press(page, "Escape", "?")
    sheet = page.locator(".shortcut-sheet")
    expect(sheet.get_by_role("heading", name="Links by keyboard")).to_be_visible()
    assert sheet.evaluate("sheet => sheet.scrollWidth <= sheet.clientWidth")


def test_tab_goes_from_the_bar_to_the_cards_and_stops_at_no_link(page):
    page.locator('[data-action="run.run"]').focus()
    press(page, "Tab", "Tab")  # how to run, the first card
    expect(page.locator(".react-flow__node:focus")).to_have_attribute("data-id", "model")
