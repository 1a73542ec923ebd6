"""A workflow of hundreds of nodes, from afar."""

from playwright.sync_api import expect

from tests.web.hands import card, drag, put


def many(count):
    nodes = {f"n{i}": {"type": "control/value", "inputs": {"value": i}} for i in range(count)}
    positions = {f"n{i}": [i % 20 * 320, i // 20 * 240] for i in range(count)}
    return {"format": "graphgen/1", "nodes": nodes, "editor": {"positions": positions}}


def test_in_the_overview_a_click_selects_and_a_double_click_goes_there(page):
    put(page, many(400))
    overview = page.locator(".overview")
    expect(overview).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)
    box = page.locator(".canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.keyboard.down("Shift")
    drag(page, (x, y), (x + 40, y + 40))
    page.keyboard.up("Shift")
    page.keyboard.press("Control+c")
    some = page.evaluate("navigator.clipboard.readText().then(JSON.parse)")["nodes"]
    assert 1 <= len(some) < 30
    page.mouse.dblclick(x, y)
    expect(overview).to_have_count(0)
    expect(page.locator(".card").first).to_be_visible()
    page.keyboard.press("f")
    expect(overview).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    page.keyboard.press("Shift+f")
    page.mouse.dblclick(x, y)
    expect(card(page, "n210").or_(card(page, "n209"))).not_to_have_count(0)
