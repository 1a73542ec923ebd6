"""Groups and notes."""

from playwright.sync_api import expect

from tests.web.hands import card, document, drag, middle, select


def test_groups_are_made_named_coloured_resized_and_take_their_cards_along(page):
    select(page, "prompt", "negative")
    page.keyboard.press("Control+g")
    page.keyboard.type("Prompts")
    page.keyboard.press("Enter")
    group = page.locator("[data-group]")
    expect(group).to_have_attribute("aria-label", "Prompts")
    before = document(page)["editor"]

    name = group.locator(".group-title")
    x, y = middle(name)
    drag(page, (x, y), (x + 60, y + 200))
    after = document(page)["editor"]
    moved = [
        now - then
        for now, then in zip(
            after["groups"]["group"]["rect"], before["groups"]["group"]["rect"], strict=True
        )
    ]
    assert moved[2:] == [0, 0]
    assert moved[0] > 0
    assert moved[1] > 0
    for id in ("prompt", "negative"):
        way = [a - b for a, b in zip(after["positions"][id], before["positions"][id], strict=True)]
        assert way == moved[:2]
    assert after["positions"]["sample"] == before["positions"]["sample"]
    page.keyboard.press("Control+z")
    assert document(page)["editor"] == before

    corner = page.locator('[data-resize="group/group"]')
    x, y = middle(corner)
    drag(page, (x, y), (x + 50, y + 50))
    name.click(button="right")
    page.get_by_role("menuitem", name="Green").click()
    group_after = document(page)["editor"]["groups"]["group"]
    assert group_after["rect"][2] > before["groups"]["group"]["rect"][2]
    assert group_after["colour"] == "#30a46c"

    name.dblclick()
    page.keyboard.press("Control+a")
    page.keyboard.type("Texts")
    page.keyboard.press("Enter")
    expect(group).to_have_attribute("aria-label", "Texts")
    name.click(button="right")
    page.get_by_role("menuitem", name="Ungroup").click()
    expect(group).to_have_count(0)
    expect(card(page, "prompt")).to_be_visible()


def test_notes_are_written_resized_and_coloured(page):
    page.mouse.move(1200, 600)
    page.keyboard.press("Shift+n")
    page.keyboard.type("Try more steps")
    page.keyboard.press("Control+Enter")
    note = page.locator("[data-note]")
    expect(note).to_contain_text("Try more steps")
    note.dblclick(position={"x": 100, "y": 60})
    page.keyboard.press("End")
    page.keyboard.type(" first")
    page.mouse.click(700, 860)
    expect(note).to_contain_text("Try more steps first")
    corner = page.locator('[data-resize="note/note"]')
    x, y = middle(corner)
    drag(page, (x, y), (x + 50, y + 30))
    note.click(button="right", position={"x": 100, "y": 60})
    page.get_by_role("menuitem", name="Pink").click()
    kept = document(page)["editor"]["notes"]["note"]
    assert kept["text"] == "Try more steps first"
    assert kept["rect"][2] > 220
    assert kept["colour"] == "#d6409f"
    note.click(position={"x": 100, "y": 60})
    page.keyboard.press("Delete")
    expect(note).to_have_count(0)
