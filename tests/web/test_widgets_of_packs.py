"""A pack brings a widget and a viewer of its own; a broken one says why."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from graphgen import EditorModule, Engine, hookimpl, node
from tests.server.live import Live
from tests.web import curves
from tests.web.dropping import drop_workflow

WAVE = {
    "format": "graphgen/1",
    "name": "Curves",
    "outputs": {"curve": "wave.curve"},
    "inputs": {"rating": "wave.rating"},
    "nodes": {"wave": {"type": "curves/wave"}},
}

FOUR_CRESTS = re.compile(r"^0,-?0 1,-0\.58\d+ ")  # sin(4 * 2 pi / 40)


class Broken:
    """A pack whose editor module has an error in it, and whose nodes can't be had."""

    def __init__(self, folder):
        self.module = folder / "broken.js"
        self.module.write_text("export default function () { throw new Error('no luck'); }")

    @hookimpl
    def graphgen_editor_modules(self):
        return [EditorModule(self.module)]


@node("late/hello", title="Hello")
def hello() -> str:
    """Comes with a pack that could not be used at first."""
    return "hello"


class Late:
    missing = True

    @hookimpl
    def graphgen_nodes(self):
        if self.missing:
            raise RuntimeError("its library is missing")
        return [hello]


@pytest.fixture(scope="module")
def editor(built, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("curves")
    engine = Engine([curves, Broken(workspace), Late()], workspace=workspace, device="cpu")
    with Live(engine, editor=built) as live:
        yield live
    engine.free_memory()


def test_a_pack_draws_its_inputs_and_outputs(page):
    drop_workflow(page, WAVE)
    stars = page.locator('.canvas [data-module="stars"]')
    expect(stars).to_have_text("★★☆☆☆")
    stars.get_by_role("button", name="Rating 4").click()
    expect(stars).to_have_text("★★★★☆")
    page.keyboard.press("Control+z")
    expect(stars).to_have_text("★★☆☆☆")
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+Enter")
    line = page.locator('[data-node="wave"] [data-viewer="curve"] polyline')
    expect(line).to_have_attribute("points", FOUR_CRESTS)
    card, viewer = (
        page.locator(f'[data-node="wave"]{inner}').bounding_box()
        for inner in ("", ' [data-viewer="curve"]')
    )
    zoom = card["width"] / 250
    assert viewer["height"] == pytest.approx(292 * zoom, abs=2)  # what it asked for, less the rim
    assert viewer["y"] + viewer["height"] < card["y"] + card["height"]
    # The form has them as well.
    page.locator('[data-action="view.form"]').click()
    expect(page.locator('[data-form="rating"] [data-module="stars"]')).to_have_text("★★★★☆")
    expect(page.locator('.form-made [data-viewer="curve"] polyline')).to_be_visible()


def test_seeds_change_from_run_to_run_unless_they_are_locked(page):
    nodes = {id: {"type": "curves/dice", "inputs": {"seed": 3}} for id in ("free", "kept")}
    drop_workflow(page, {"format": "graphgen/1", "name": "Dice", "nodes": nodes})
    free, kept = (page.locator(f'.canvas [data-widget="{id}.seed"]') for id in ("free", "kept"))
    page.locator('[data-widget-lock="kept.seed"]').click()
    page.keyboard.press("Control+Enter")
    expect(page.locator('[data-node="free"] .node-value')).to_have_text("4")
    expect(free).to_have_value("3")  # the first run repeats what was saved
    page.keyboard.press("Control+Enter")
    expect(free).not_to_have_value("3")
    expect(kept).to_have_value("3")
    shown = page.locator('[data-node="free"] .node-value')
    expect(shown).to_have_text(str(int(free.input_value()) % 6 + 1))
    expect(page.locator('[data-node="kept"] .badge.cached')).to_be_visible()
    page.locator('[data-widget-lock="free.seed"]').click()
    before = free.input_value()
    page.keyboard.press("Control+Enter")
    expect(page.locator('[data-node="free"] .badge.cached')).to_be_visible()
    expect(free).to_have_value(before)


def test_a_refused_run_changes_no_seed(editor, page):
    picture = editor.engine.workspace.inputs / "red.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), "red").save(picture)
    nodes = {
        "dice": {"type": "curves/dice", "inputs": {"seed": 3}},
        "load": {"type": "image/load", "inputs": {"file": "red.png"}},
    }
    drop_workflow(page, {"format": "graphgen/1", "name": "Dice", "nodes": nodes})
    seed = page.locator('.canvas [data-widget="dice.seed"]')
    page.keyboard.press("Control+Enter")
    expect(page.locator('[data-node="dice"] .node-value')).to_have_text("4")
    picture.unlink()
    page.keyboard.press("Control+Enter")
    expect(page.locator('[data-node="load"] .problem-mark')).to_be_visible()
    expect(seed).to_have_value("3")
    Image.new("RGB", (4, 3), "blue").save(picture)

    # Two at once: each has a seed of its own, and that of the last is shown.
    accepted = []

    def are_accepted(response):
        if response.request.method == "POST" and response.url.endswith("/api/runs"):
            accepted.append(response.json()["run_id"])
        return len(accepted) == 2

    with page.expect_response(are_accepted):
        page.keyboard.press("Control+Enter")
        page.keyboard.press("Control+Enter")
    runs = [editor.http.get(f"{editor.url}/api/runs/{run}/workflow").json() for run in accepted]
    first, second = (run["nodes"]["dice"]["inputs"]["seed"] for run in runs)
    assert len({3, first, second}) == 3
    expect(seed).to_have_value(str(second))
    expect(page.locator('[data-node="dice"] .node-value')).to_have_text(str(second % 6 + 1))


def test_packs_that_failed_say_why_and_may_try_again(page):
    page.locator('[data-action="view.palette"]').click()
    packs = page.locator(".packs")
    expect(packs.locator(".bad-count")).to_be_visible()
    expect(packs).to_contain_text("its library is missing")
    expect(packs).to_contain_text("the editor module broken.js can't be used: no luck")
    entry = page.locator('[data-palette="late/hello"]')
    expect(entry).to_have_count(0)
    Late.missing = False
    page.locator('[data-action="packs.reload"]').click()
    expect(entry).to_be_visible()
    expect(packs).not_to_contain_text("its library is missing")
