"""Copy, cut, paste and duplicate: with links, and between windows."""

from playwright.sync_api import expect

from tests.web.hands import card, clipboard, document, select, selected


def links_into(document, id):
    inputs = document["nodes"][id].get("inputs", {})
    return {name: value["link"] for name, value in inputs.items() if "link" in str(value)}


def test_parts_are_pasted_with_their_links_also_in_another_window(page, context, editor):
    select(page, "sample", "decode")
    page.keyboard.press("Control+c")
    assert set(clipboard(page)["nodes"]) == {"sample", "decode"}
    page.mouse.move(700, 700)
    page.keyboard.press("Control+v")
    expect(card(page, "decode_2")).to_be_visible()
    assert selected(page) == {"sample_2", "decode_2"}
    after = document(page)
    assert links_into(after, "decode_2") == {"latent": "sample_2.latent"}
    assert links_into(after, "sample_2") == {}

    other = context.new_page()
    other.goto(editor.url)
    card(other, "sample").wait_for()
    other.keyboard.press("Control+a")
    other.keyboard.press("Delete")
    expect(other.locator(".card")).to_have_count(0)
    other.keyboard.press("Control+v")
    expect(card(other, "decode_2")).to_be_visible()
    everything = document(other)
    assert everything["outputs"] == {"image": "decode.image"}
    assert everything["nodes"] == after["nodes"]


def test_duplicate_and_paste_keep_links_from_outside_when_asked(page):
    select(page, "sample")
    page.keyboard.press("Control+d")
    expect(card(page, "sample_2")).to_be_visible()
    before = document(page)
    assert links_into(before, "sample_2") == links_into(before, "sample")
    page.keyboard.press("Control+z")
    expect(card(page, "sample_2")).to_have_count(0)

    select(page, "sample")
    page.keyboard.press("Control+x")
    expect(card(page, "sample")).to_have_count(0)
    page.keyboard.press("Control+Shift+v")
    expect(card(page, "sample")).to_be_visible()
    assert links_into(document(page), "sample") == links_into(before, "sample")


def test_texts_keep_their_own_clipboard(page):
    field = page.locator('[data-widget="prompt.text"]')
    field.select_text()
    page.keyboard.press("Control+c")
    assert page.evaluate("navigator.clipboard.readText()") == "a slice of pizza"
    field.press("End")
    page.keyboard.press("Control+v")
    expect(field).to_have_value("a slice of pizzaa slice of pizza")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+v")
    expect(page.locator(".card")).to_have_count(6)
