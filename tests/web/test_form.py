"""The workflow as a plain form, also on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.web.dropping import drop_workflow

LETTER = {
    "format": "graphgen/1",
    "name": "Letter",
    "description": "A letter with a picture of one colour.",
    "inputs": {
        "name": ["text.value", "again.value"],
        "colour": "picture.colour",
        "width": "picture.width",
    },
    "outputs": {"text": "text.value", "again": "again.value", "picture": "picture.image"},
    "nodes": {
        "text": {"type": "control/format_text", "inputs": {"template": "Dear {value}"}},
        "again": {"type": "control/format_text", "inputs": {"template": "Bye {value}"}},
        "picture": {"type": "image/solid", "inputs": {"width": 32, "height": 16}},
    },
}


@pytest.fixture
def saved(editor):
    """The letter under a name on the server."""
    answer = editor.call("PUT", "/api/workflows/letter", json={"workflow": LETTER})
    assert answer.status_code == 200, answer.text
    yield "letter"
    editor.call("DELETE", "/api/workflows/letter")


def field(page, name):
    return page.locator(f'[data-form="{name}"]')


@pytest.mark.parametrize("size", [(390, 844), (1280, 800)], ids=["phone", "desk"])
def test_a_form_has_an_address_and_runs(editor, saved, browser, chromium, size):
    width, height = size
    phone = width < 500
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=phone, is_mobile=phone
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    try:
        page.goto(f"{editor.url}/?form={saved}")
        expect(page.get_by_role("heading", name="Letter")).to_be_visible()
        expect(page.locator("[data-node]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        field(page, "name").locator("input").fill("Ada")
        field(page, "width").locator("input").fill("48")
        run = page.get_by_role("button", name="Run")
        expect(run).to_be_in_viewport(ratio=1)
        box = run.bounding_box()
        assert box["height"] >= 44
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        run.click()
        # The first run of a server imports what its nodes need.
        expect(page.locator(".form-made")).to_contain_text("Dear Ada", timeout=60_000)
        expect(page.locator(".form-made")).to_contain_text("Bye Ada")
        picture = page.locator(".form-made img")
        expect(picture).to_have_js_property("naturalWidth", 48)
        picture.scroll_into_view_if_needed()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename.endswith(".png")
    finally:
        context.close()


def test_a_form_that_is_not_there_says_so(editor, context):
    page = context.new_page()
    page.goto(f"{editor.url}/?form=nothing")
    expect(page.get_by_text("There is no workflow called nothing.")).to_be_visible()


def test_form_and_graph_are_one_document(page):
    drop_workflow(page, LETTER)
    page.locator('[data-action="view.form"]').click()
    field(page, "width").locator("input").fill("0")
    field(page, "width").locator("input").press("Enter")
    expect(field(page, "width").locator("input")).to_have_value("1")
    field(page, "colour").locator("[data-widget-swatch]").fill("#336699")
    page.locator('[data-action="form.graph"]').click()
    expect(page.locator('.canvas [data-widget="picture.colour"]')).to_have_value("#336699")
    # An input is put on the form from the graph.
    page.locator('.canvas [data-widget="picture.height"]').click(button="right")
    page.get_by_role("button", name="Add to the form").click()
    page.locator('[data-action="view.form"]').click()
    expect(field(page, "height").locator("input")).to_have_value("16")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    expect(field(page, "height")).to_have_count(0)


def test_a_form_says_what_is_wrong(page):
    wrong = {**LETTER, "nodes": {**LETTER["nodes"], "picture": {"type": "image/blur"}}}
    wrong["inputs"] = {"name": "text.value", "radius": "picture.radius"}
    drop_workflow(page, wrong)
    page.locator('[data-action="view.form"]').click()
    expect(page.get_by_role("alert")).to_contain_text("'image' (image) is neither set nor linked")
