"""What is selected, by clicks, boxes and keys, wherever the focus was before."""

from playwright.sync_api import expect

from tests.web.hands import card, document, drag, ground, middle, put, select, selected, title

# The comparison lacks a link, so that there is a problem to be listed.
NODES = {
    "format": "graphgen/1",
    "nodes": {
        "one": {"type": "control/value", "inputs": {"value": 1}},
        "two": {"type": "control/value", "inputs": {"value": 2}},
        "same": {"type": "control/compare", "inputs": {"b": 3, "operation": "equal"}},
    },
    "editor": {"positions": {"one": [0, 0], "two": [0, 240], "same": [560, 60]}},
}
ALL = {"one", "two", "same"}


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def select_by_box(page, *ids):
    """Draw a box around cards."""
    boxes = [card(page, id).bounding_box() for id in ids]
    left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
    right = max(box["x"] + box["width"] for box in boxes)
    bottom = max(box["y"] + box["height"] for box in boxes)
    page.keyboard.down("Shift")
    drag(page, (left - 20, top - 20), (right + 20, bottom + 20))
    page.keyboard.up("Shift")
    assert selected(page) == set(ids)


def none_selected(page):
    expect(page.locator(".card.selected")).to_have_count(0)


def test_keys_are_for_the_canvas_after_a_button_around_it(page):
    put(page, NODES)
    x, _ = document(page)["editor"]["positions"]["one"]
    problems = page.locator(".problems-count")
    for button in (problems, page.locator('.top-bar [data-action="view.fit"]')):
        button.click()
        expect(button).to_be_focused()
        press(page, "Control+a")
        assert selected(page) == ALL
        press(page, "ArrowRight", "Escape")
        if button is problems:  # its list is what Escape goes out of first
            expect(page.locator("[data-problem]")).to_have_count(0)
            assert selected(page) == ALL
            press(page, "Escape")
        none_selected(page)
    assert document(page)["editor"]["positions"]["one"][0] == x + 20


def test_escape_goes_out_of_a_panel_and_then_out_of_the_selection(page):
    put(page, NODES)
    select(page, "one")
    press(page, "i")
    field = page.locator(".side.right [data-widget='one.value']")
    field.fill("5")
    press(page, "Escape")
    expect(field).not_to_be_focused()
    assert selected(page) == {"one"}
    press(page, "Escape")
    none_selected(page)
    press(page, "n")
    search = page.locator(".palette input[type=search]")
    search.fill("noise")
    press(page, "Escape")
    expect(search).to_have_value("")
    expect(search).to_be_focused()
    press(page, "Escape")
    expect(search).not_to_be_focused()


def test_a_draft_of_a_number_is_dropped_and_then_left(page):
    steps = page.locator('[data-widget="sample.steps"]')
    before = steps.input_value()
    steps.click()
    steps.fill("77")
    press(page, "Escape")
    expect(steps).to_have_value(before)
    press(page, "Escape")
    expect(steps).not_to_be_focused()
    press(page, "Escape")
    none_selected(page)


def test_a_click_on_one_of_several_selects_it_alone(page):
    put(page, NODES)
    press(page, "Control+a")
    title(page, "two").click(position={"x": 20, "y": 8})
    assert selected(page) == {"two"}
    select(page, "one", "two", "same")
    title(page, "two").click(position={"x": 20, "y": 8}, modifiers=["Control"])
    title(page, "same").click(position={"x": 20, "y": 8}, modifiers=["Shift"])
    assert selected(page) == {"one"}
    select(page, "one", "two")
    x, y = middle(title(page, "one"))
    drag(page, (x, y), (x + 60, y))  # takes all along, and they stay selected
    assert selected(page) == {"one", "two"}
    assert document(page)["editor"]["positions"]["two"][0] > 0


def test_what_a_box_has_selected_can_be_clicked_and_left(page):
    put(page, NODES)
    select_by_box(page, "one", "two")
    page.mouse.click(*middle(title(page, "two")))
    assert selected(page) == {"two"}
    select_by_box(page, "one", "two")
    (x, above), (_, below) = middle(card(page, "one")), middle(card(page, "two"))
    page.mouse.click(x, (above + below) / 2)  # between them
    none_selected(page)
    select_by_box(page, "one", "two")
    page.mouse.click(*middle(title(page, "one")), button="right")
    page.get_by_role("menuitem", name="Align left edges").wait_for()
    press(page, "Escape")
    x, y = middle(title(page, "one"))
    drag(page, (x, y), (x, y + 60))
    assert selected(page) == {"one", "two"}
    press(page, "Escape")
    none_selected(page)


def test_what_was_pasted_is_selected_until_undone_and_a_level_has_its_own(page):
    put(page, NODES)
    press(page, "Control+a", "Control+c")
    page.mouse.move(720, 450)
    press(page, "Control+v")
    expect(page.locator(".card.selected")).to_have_count(3)
    assert not selected(page) & ALL
    press(page, "Control+z")
    expect(page.locator(".card")).to_have_count(3)
    none_selected(page)
    press(page, "Control+a", "Control+Shift+g", "Enter")
    assert selected(page) == {"subgraph"}
    press(page, "Enter", "Control+a")
    assert selected(page) == ALL
    press(page, "Escape")
    none_selected(page)
    press(page, "Escape")
    assert selected(page) == {"subgraph"}
    page.mouse.click(*ground(page))
    none_selected(page)
