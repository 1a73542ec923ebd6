"""Align, distribute, lay out, snap, and all that goes by the keyboard."""

import itertools

from playwright.sync_api import expect

from tests.server.live import eventually
from tests.web.hands import card, document, drag, middle, select, selected, title


def positions(page):
    return document(page)["editor"]["positions"]


def overlaps(page):
    boxes = [one.bounding_box() for one in page.locator(".card").all()]
    return any(
        a["x"] < b["x"] + b["width"]
        and b["x"] < a["x"] + a["width"]
        and a["y"] < b["y"] + b["height"]
        and b["y"] < a["y"] + a["height"]
        for index, a in enumerate(boxes)
        for b in boxes[:index]
    )


def test_selected_cards_are_aligned_and_spread(page):
    ids = ("model", "negative", "noise")
    select(page, *ids)
    title(page, "noise").click(button="right")
    page.get_by_role("menuitem", name="Align left edges").click()
    after = positions(page)
    assert {after[id][0] for id in ids} == {0}
    assert after["sample"] == [640, 0]
    select(page, *ids)
    title(page, "noise").click(button="right")
    page.get_by_role("menuitem", name="Equal gaps down").click()
    after = positions(page)
    select(page, *ids)
    boxes = [card(page, id).bounding_box() for id in ids]
    gaps = [b["y"] - a["y"] - a["height"] for a, b in itertools.pairwise(boxes)]
    assert abs(gaps[0] - gaps[1]) <= 1
    assert after["model"] == [0, 0]


def test_a_workflow_is_laid_out_without_overlaps_as_one_step(page):
    before = positions(page)
    select(page, "prompt", "negative")
    page.keyboard.press("Control+g")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    for id in ("noise", "sample"):
        x, y = middle(title(page, id))
        drag(page, (x, y), (300, 200))
    assert overlaps(page)
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    expect(page.locator(".card.selected")).to_have_count(0)
    eventually(lambda: not overlaps(page))
    group = page.locator("[data-group]").bounding_box()
    for id in ("prompt", "negative"):
        box = card(page, id).bounding_box()
        assert box["x"] > group["x"]
        assert box["y"] + box["height"] < group["y"] + group["height"]
    for _ in range(4):  # the layout, two drags and the group
        page.keyboard.press("Control+z")
    assert positions(page) == before


def test_dragging_snaps_to_the_grid_unless_told_not_to(page):
    x, y = middle(title(page, "decode"))
    drag(page, (x, y), (x + 33, y + 107))
    assert all(at % 10 == 0 for at in positions(page)["decode"])
    page.keyboard.press("g")
    x, y = middle(title(page, "decode"))
    drag(page, (x, y), (x + 3, y + 4))
    drag(page, (x + 3, y + 4), (x + 7, y + 11))
    assert any(at % 10 for at in positions(page)["decode"])


def test_the_keyboard_does_it_all(page):
    select(page, "model")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert positions(page)["model"] == [20, 50]
    page.keyboard.press("Control+z")  # quick ones are one step
    assert positions(page)["model"] == [0, 0]

    select(page, "model")
    page.keyboard.press("Tab")
    assert selected(page) == {"prompt"}
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert selected(page) == {"noise"}
    page.keyboard.press("Shift+Tab")
    assert selected(page) == {"negative"}
    page.keyboard.press("Enter")
    expect(page.locator('[data-widget="negative.text"]')).to_be_focused()
    page.keyboard.type("blurry")
    page.keyboard.press("Escape")
    assert selected(page) == {"negative"}
    page.keyboard.press("Delete")
    expect(card(page, "negative")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator('[data-widget="negative.text"]')).to_have_value("blurry")

    page.keyboard.press("Escape")
    expect(page.locator(".card.selected")).to_have_count(0)
    before = card(page, "model").bounding_box()
    page.keyboard.press("ArrowRight")
    expect(card(page, "model")).to_be_visible()
    assert card(page, "model").bounding_box()["x"] < before["x"]

    select(page, "decode")
    page.keyboard.press("Shift+f")
    page.wait_for_function(
        "() => Math.abs(document.querySelector('[data-node=decode]')"
        ".getBoundingClientRect().x - 570) < 60"
    )
    page.keyboard.press("f")
    expect(card(page, "model")).to_be_in_viewport()


def test_a_box_selects_what_it_touches(page):
    box = card(page, "negative").bounding_box()
    page.keyboard.down("Shift")
    drag(page, (box["x"] - 30, box["y"] + 40), (box["x"] + 30, box["y"] + box["height"] + 60))
    page.keyboard.up("Shift")
    assert selected(page) == {"negative", "noise"}
    x, y = middle(title(page, "noise"))
    drag(page, (x, y), (x + 50, y + 20))
    after = positions(page)
    assert after["negative"][0] - 320 == after["noise"][0] - 320 > 0
