"""Links: bent, moved to other ports, dropped on cards."""

from playwright.sync_api import expect

from tests.web.hands import card, document, drag, link, middle, port, put


def node(type, **inputs):
    return {"type": type, "inputs": inputs}


NUMBERS = {
    "format": "graphgen/1",
    "nodes": {
        "one": node("control/value", value=1),
        "two": node("control/value", value=2),
        "same": node("control/compare", a={"link": "one.value"}, b=3, operation="equal"),
    },
    "editor": {"positions": {"one": [0, 0], "two": [0, 240], "same": [560, 60]}},
}


def inputs(page, id="same"):
    return document(page)["nodes"][id]["inputs"]


def halfway(page, source, target):
    a, b = middle(port(page, source, "output")), middle(port(page, target, "input"))
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def test_links_get_bends_that_are_dragged_and_taken_out(page):
    put(page, NUMBERS)
    x, y = halfway(page, "one.value", "same.a")
    page.mouse.dblclick(x, y)
    bend = page.locator("[data-bend]")
    expect(bend).to_have_count(1)
    drag(page, middle(bend), (x, y + 160))
    [first] = document(page)["editor"]["reroutes"]["same.a"]
    page.mouse.click(x, y + 160)
    bend.focus()
    page.keyboard.press("ArrowRight")
    [second] = document(page)["editor"]["reroutes"]["same.a"]
    assert second == [first[0] + 10, first[1]]
    bend.dblclick()
    expect(bend).to_have_count(0)
    assert "reroutes" not in document(page)["editor"]

    page.mouse.click(x, y, button="right")
    page.get_by_role("menuitem", name="Bend it here").click()
    expect(bend).to_have_count(1)
    page.locator(".react-flow__edge").click(button="right")
    page.get_by_role("menuitem", name="Straighten").click()
    expect(bend).to_have_count(0)
    page.mouse.click(x, y)
    page.keyboard.press("Delete")
    expect(page.locator(".react-flow__edge")).to_have_count(0)


def reroutes(page):
    return document(page)["editor"]["reroutes"]


def test_links_of_an_output_share_a_way_that_branches(page):
    shared = {**NUMBERS, "nodes": {**NUMBERS["nodes"]}}
    shared["nodes"]["more"] = node("control/compare", a={"link": "one.value"}, b=3)
    positions = {**NUMBERS["editor"]["positions"], "more": [560, 420]}
    shared["editor"] = {
        "positions": positions,
        "reroutes": {"same.a": [[400, 100]], "more.a": [[400, 300]]},
    }
    put(page, shared)
    dots = page.locator("[data-bend]")
    expect(dots).to_have_count(2)
    first = page.locator('[data-bend="same.a/0"]')
    other = page.locator('[data-bend="more.a/0"]')
    x, y = middle(first)
    drag(page, middle(other), (x + 5, y + 4))  # near enough to become one
    expect(dots).to_have_count(1)
    together = reroutes(page)
    assert together["same.a"] == together["more.a"]
    x, y = middle(dots)
    drag(page, (x, y), (x - 60, y + 40))
    moved = reroutes(page)
    assert moved["same.a"] == moved["more.a"] != together["same.a"]

    x, y = middle(dots)
    page.keyboard.down("Control")
    drag(page, (x, y), middle(port(page, "same.b", "input")))
    page.keyboard.up("Control")
    expect(page.locator(".react-flow__edge")).to_have_count(3)
    expect(dots).to_have_count(1)
    assert inputs(page)["b"] == {"link": "one.value"}
    assert reroutes(page) == {**moved, "same.b": moved["same.a"]}

    page.mouse.click(20, 880)
    page.keyboard.press("Control+a")
    page.keyboard.press("ArrowRight")  # with all cards the dots go along
    [[x_before, y_before]] = moved["same.a"]
    assert reroutes(page)["same.b"] == [[x_before + 10, y_before]]
    dots.dblclick()
    expect(dots).to_have_count(0)
    assert "reroutes" not in document(page)["editor"]


def test_an_end_of_a_link_is_taken_to_another_port_or_dropped(page):
    put(page, NUMBERS)
    a, b = (middle(port(page, f"same.{name}", "input")) for name in ("a", "b"))
    drag(page, a, b)
    assert inputs(page)["b"] == {"link": "one.value"}
    assert "a" not in inputs(page)
    start = middle(port(page, "one.value", "output"))
    drag(page, (start[0] + 18, start[1]), middle(port(page, "two.value", "output")))
    assert inputs(page)["b"] == {"link": "two.value"}
    b = middle(port(page, "same.b", "input"))
    drag(page, b, (b[0] - 120, b[1] + 250))
    expect(page.locator(".react-flow__edge")).to_have_count(0)


def test_a_link_dropped_on_a_card_takes_the_port_that_fits(page):
    put(page, NUMBERS)
    box = card(page, "same").bounding_box()
    body = box["x"] + box["width"] / 2, box["y"] + box["height"] - 4
    drag(page, middle(port(page, "two.value", "output")), body)
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    assert inputs(page)["a"] == {"link": "one.value"}
    assert inputs(page)["b"] == {"link": "two.value"}
    # From an input to a card that gives what it takes.
    page.keyboard.press("Control+z")
    box = card(page, "two").bounding_box()
    body = box["x"] + box["width"] / 2, box["y"] + box["height"] - 4
    drag(page, middle(port(page, "same.b", "input")), body)
    assert inputs(page)["b"] == {"link": "two.value"}
    link(page, "two.value", "same.a")
    assert inputs(page)["a"] == {"link": "two.value"}
