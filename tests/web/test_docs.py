"""The pictures of docs/editor.md: ``GRAPHGEN_DOCS=1`` (``make docs``) takes them anew."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.web.dropping import drop_workflow
from tests.web.hands import middle, port

DOCS = Path(__file__).parents[2] / "docs"
ANEW = bool(os.environ.get("GRAPHGEN_DOCS"))
TAKEN = {"run", "search", "problems", "gallery", "form", "dark"}
PROMPTS = ["a red apple", "a rocket", "a cat face", "an umbrella", "a soccer ball", "a tulip"]
MODEL_SECONDS = 90_000  # milliseconds; loading it takes most of them


@pytest.fixture
def take(tmp_path):
    """Takes a picture of a window; checks that there is something on it."""

    def save(page, name):
        assert name in TAKEN
        folder = DOCS / "editor" if ANEW else tmp_path
        folder.mkdir(exist_ok=True)
        with Image.open(io.BytesIO(page.screenshot())) as picture:
            assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 50
            picture.convert("RGB").save(folder / f"{name}.webp", quality=80, method=6)
        assert (folder / f"{name}.webp").stat().st_size < 200_000

    return save


@pytest.fixture(scope="module")
def template(editor):
    return editor.get("/api/templates/text_to_image").json()["workflow"]


def test_the_page_shows_these_pictures():
    text = (DOCS / "editor.md").read_text(encoding="utf-8")

    assert set(re.findall(r"\]\(editor/(\w+)\.webp\)", text)) == TAKEN
    assert {path.stem for path in (DOCS / "editor").glob("*.webp")} == TAKEN


def test_a_run(page, take):
    page.keyboard.press("Control+Enter")
    drawn = page.locator('[data-node="decode"] .node-picture img')
    expect(drawn).to_be_visible(timeout=MODEL_SECONDS)
    expect(drawn).to_have_js_property("naturalWidth", 64)
    take(page, "run")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    take(page, "dark")


def test_a_search(page, take):
    page.mouse.move(*middle(port(page, "decode.image", "output")))
    page.mouse.down()
    page.mouse.move(1100, 700, steps=6)
    page.mouse.up()
    found = page.locator(".search [role=option]")
    expect(found.first).to_be_visible()
    page.get_by_placeholder("Nodes that fit image").fill("upsc")
    expect(found.first).to_contain_text("Upscale")
    take(page, "search")


def test_problems(page, template, take):
    wrong = {**template, "nodes": {**template["nodes"]}}
    for id, changed in (("sample", {"steps": 0}), ("decode", {"latent": {"link": "model.vae"}})):
        node = wrong["nodes"][id]
        wrong["nodes"][id] = {**node, "inputs": {**node["inputs"], **changed}}
    drop_workflow(page, wrong)
    expect(page.locator('[data-node="decode"] .problem-mark')).to_be_visible()
    expect(page.locator('[data-node="sample"] .problem-mark')).to_be_visible()
    page.locator('[data-action="problems"]').click()
    expect(page.get_by_text("steps").first).to_be_visible()
    take(page, "problems")


def test_pictures_made_so_far(editor, page, template, take):
    for prompt in PROMPTS if ANEW else PROMPTS[:2]:
        body = {"workflow": template, "inputs": {"prompt": prompt}, "name": prompt}
        answer = editor.post("/api/runs", body, headers={"Prefer": "wait=90"}, timeout=100)
        assert answer.json()["status"] == "succeeded"
    page.keyboard.press("p")
    page.locator("[data-picture] img").nth(1).wait_for()
    take(page, "gallery")


def test_a_form(editor, browser, template, take):
    saved = editor.call("PUT", "/api/workflows/picture", json={"workflow": template})
    assert saved.status_code == 200
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    try:
        page = context.new_page()
        page.goto(f"{editor.url}/?form=picture")
        page.locator('[data-form="prompt"] textarea, [data-form="prompt"] input').fill("a rocket")
        page.get_by_role("button", name="Run").click()
        made = page.locator(".form-made img")
        expect(made).to_have_js_property("naturalWidth", 64, timeout=MODEL_SECONDS)
        take(page, "form")
    finally:
        context.close()
        editor.call("DELETE", "/api/workflows/picture")
