"""The gallery: every picture that was made, compared, downloaded, and its workflow opened."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .dropping import drop_workflow

COLOURS = ("red", "green", "blue")


def drawn(colour):
    fill = {"type": "image/solid", "inputs": {"width": 40, "height": 30, "colour": colour}}
    return {"name": f"All {colour}", "nodes": {"fill": fill}, "outputs": {"image": "fill.image"}}


@pytest.fixture
def gallery(editor, page):
    """The gallery, with three pictures at its head."""
    for colour in COLOURS:
        answer = editor.http.post(
            f"{editor.url}/api/runs",
            json={"workflow": drawn(colour)},
            headers={"Prefer": "wait=60"},
        )
        assert answer.json()["status"] == "succeeded"
    page.keyboard.press("p")
    page.locator("[data-picture]").nth(2).wait_for()
    return page.locator("dialog")


def test_one_picture_and_its_workflow(gallery, page):
    names = gallery.locator(".tile-name span")
    expect(names.nth(0)).to_have_text("All blue")
    gallery.get_by_label("Search by workflow").fill("all gr")
    expect(gallery.locator("[data-picture]")).to_have_count(1)
    gallery.get_by_label("Search by workflow").fill("all")
    gallery.get_by_role("button", name="View All green").first.click()
    picture = gallery.locator(".viewer-stage img")
    expect(picture).to_have_js_property("naturalWidth", 40)
    expect(gallery.get_by_role("heading")).to_have_text("All green")
    page.keyboard.press("ArrowRight")
    expect(gallery.get_by_role("heading")).to_have_text("All red")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(gallery.get_by_role("heading")).to_have_text("All blue")
    expect(gallery.get_by_label("Previous picture")).to_be_hidden()

    with page.expect_download() as download:
        gallery.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".png")

    gallery.get_by_role("button", name="Open its workflow").click()
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator(".tab-title")).to_have_text(["Text to image", "All blue"])
    expect(page.locator('[data-node="fill"] .node-picture img')).to_be_visible()


def test_pictures_are_compared(gallery, page):
    compare = gallery.get_by_role("button", name="Compare")
    expect(compare).to_be_disabled()
    tiles = gallery.locator("[data-picture] input")
    tiles.nth(0).check()
    tiles.nth(1).check()
    compare.click()
    slider = gallery.get_by_role("slider", name="Slider")
    upper = gallery.locator(".compare-slider .over")
    expect(upper).to_have_css("clip-path", "inset(0px 50% 0px 0px)")
    slider.fill("20")
    expect(upper).to_have_css("clip-path", "inset(0px 80% 0px 0px)")
    expect(gallery.locator(".compare-slider img")).to_have_count(2)
    gallery.get_by_role("button", name="Side by side").click()
    expect(gallery.locator(".beside figcaption")).to_have_text(["All blue", "All green"])
    gallery.get_by_role("button", name="Back").click()
    tiles.nth(2).check()
    compare.click()
    expect(gallery.locator(".beside figcaption")).to_have_text(["All blue", "All green", "All red"])
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_press_on_a_result_shows_it_large(page):
    drop_workflow(page, drawn("yellow"))
    page.locator('[data-action="run.run"]').click()
    page.locator('[data-node="fill"] .node-picture').click()
    expect(page.locator(".viewer-stage img")).to_have_js_property("naturalWidth", 40)
    expect(page.get_by_role("heading", name="All yellow")).to_be_visible()
