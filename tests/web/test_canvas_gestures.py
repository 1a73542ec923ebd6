"""Escape takes back what the pointer is doing; the next press begins anew."""

from playwright.sync_api import expect

from tests.web.hands import card, document, drag, ground, middle, port, put, title


def node(type, **inputs):
    return {"type": type, "inputs": inputs}


NUMBERS = {
    "format": "graphgen/1",
    "nodes": {
        "one": node("control/value", value=1),
        "two": node("control/value", value=2),
        "same": node("control/compare", a={"link": "one.value"}, b=3, operation="equal"),
    },
    "editor": {
        "positions": {"one": [0, 0], "two": [0, 240], "same": [560, 60]},
        "reroutes": {"same.a": [[400, 200]]},
        "groups": {"g": {"title": "Group", "rect": [-40, -60, 340, 520]}},
    },
}


def cancelled(page, start, end):
    """A drag that is taken back on its way and goes on to nowhere."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
    page.keyboard.press("Escape")
    expect(page.locator(".canvas.linking")).to_have_count(0)
    expect(page.locator(".link.new")).to_have_count(0)
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def shown(page):
    """The document without the place that it was pasted at."""
    editor = document(page)["editor"]
    x, y = editor["positions"]["one"]
    places = {id: (at[0] - x, at[1] - y) for id, at in editor["positions"].items()}
    rects = [
        (g["rect"][0] - x, g["rect"][1] - y, *g["rect"][2:]) for g in editor["groups"].values()
    ]
    bends = [(p[0] - x, p[1] - y) for way in editor["reroutes"].values() for p in way]
    return places, rects, bends, document(page)["nodes"]


def test_escape_takes_back_moving_bending_and_resizing(page):
    put(page, NUMBERS)
    before = shown(page)
    for handle in (
        title(page, "one"),
        page.locator(".group-title"),
        page.locator("[data-bend]"),
        page.locator('[data-resize="two"]'),
        page.locator("[data-resize^='group/']"),
    ):
        x, y = middle(handle)
        cancelled(page, (x, y), (x + 120, y + 80))
        assert shown(page) == before
    box = card(page, "one").bounding_box()
    x, y = middle(title(page, "one"))
    drag(page, (x, y), (x + 120, y + 80))  # the next one counts
    assert card(page, "one").bounding_box()["x"] > box["x"] + 60
    page.keyboard.press("Control+z")  # and is the only step
    assert shown(page) == before


def test_escape_takes_back_a_link_that_is_drawn_pulled_out_or_branched(page):
    put(page, NUMBERS)
    before = document(page)["nodes"]
    search = page.get_by_placeholder("Nodes that fit")
    free = ground(page)
    cancelled(page, middle(port(page, "two.value", "output")), free)
    expect(search).to_have_count(0)
    cancelled(
        page, middle(port(page, "two.value", "output")), middle(port(page, "same.b", "input"))
    )
    cancelled(page, middle(port(page, "same.a", "input")), free)
    page.keyboard.down("Control")
    cancelled(page, middle(page.locator("[data-bend]")), free)
    page.keyboard.up("Control")
    expect(search).to_have_count(0)
    assert document(page)["nodes"] == before
    drag(page, middle(port(page, "two.value", "output")), free)
    expect(page.get_by_placeholder("Nodes that fit")).to_be_visible()
