"""Folders such as a DICOM series: picked, dropped on a widget, a node or the ground."""

from __future__ import annotations

from typing import Annotated

import pytest
from playwright.sync_api import expect

from graphgen import Context, Engine, InputFile, hookimpl, node
from tests.server.live import Live
from tests.web.dropping import drop_workflow
from tests.web.hands import document, middle

SERIES = {"1.dcm": b"one", "2.dcm": b"two", "more/3.dcm": b"three", ".DS_Store": b"hidden"}
COUNT = {
    "format": "graphgen/1",
    "name": "Count",
    "outputs": {"found": "read.value"},
    "nodes": {"read": {"type": "series/read"}},
}
SOURCE = '[data-widget="read.source"]'


@node("series/read", title="Read series")
def read(source: Annotated[str, InputFile(folders=True)], *, ctx: Context) -> str:
    """The names of the files in a folder."""
    path = ctx.files.resolve(source)
    files = sorted(file.relative_to(path).as_posix() for file in path.rglob("*.dcm"))
    return " ".join(files) if path.is_dir() else path.name


class Series:
    @hookimpl
    def graphgen_nodes(self):
        return [read]


@pytest.fixture(scope="module")
def editor(built, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("series")
    engine = Engine([Series()], workspace=workspace, device="cpu")
    with Live(engine, editor=built) as live:
        yield live
    engine.free_memory()


@pytest.fixture
def series(tmp_path):
    """A folder on the disk of the one who sits at the browser."""

    def make(name):
        for path, data in SERIES.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data + name.encode())
        return tmp_path / name

    return make


def drop(page, at, *paths):
    """Drop files and folders of the disk, as a person does with the mouse."""
    tools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    x, y = at
    for kind in ("dragEnter", "dragOver", "drop"):
        tools.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
    tools.detach()


def made(page):
    page.keyboard.press("Control+Enter")
    return page.locator('[data-node="read"] .card-picture')


def test_a_folder_is_picked_uploaded_and_read(editor, page, series):
    drop_workflow(page, COUNT)
    page.locator(SOURCE).click()
    browser = page.get_by_role("dialog", name="Source")
    browser.locator("input[webkitdirectory]").set_input_files(series("knee"))
    expect(browser).to_be_hidden()
    expect(page.locator(SOURCE)).to_contain_text("knee")
    expect(made(page)).to_contain_text("1.dcm 2.dcm more/3.dcm")
    kept = editor.engine.workspace.inputs / "knee"
    assert not (kept / ".DS_Store").exists()
    assert (kept / "more/3.dcm").read_bytes() == b"threeknee"

    page.locator(SOURCE).click()  # what is there can be picked: a folder in it, or a file
    browser.locator('[data-file="knee"]').click()
    browser.locator('[data-file="knee/more"]').click()
    browser.locator("[data-folder]").click()
    expect(page.locator(SOURCE)).to_contain_text("knee/more")
    expect(made(page)).to_contain_text("3.dcm")


def test_folders_are_dropped_on_the_widget_the_node_and_the_ground(editor, page, series, tmp_path):
    drop_workflow(page, COUNT)
    drop(page, middle(page.locator(SOURCE)), series("head"))
    expect(page.locator(SOURCE)).to_contain_text("head")
    drop(page, middle(page.locator('[data-node="read"] .card-title')), series("foot"))
    expect(page.locator(SOURCE)).to_contain_text("foot")
    loose = series("loose")
    drop(page, middle(page.locator(SOURCE)), loose / "2.dcm", loose / "1.dcm")
    expect(page.locator(SOURCE)).to_contain_text("2")
    expect(made(page)).to_contain_text("1.dcm 2.dcm")

    drop(page, (300, 700), series("hand"))
    expect(page.locator(".card")).to_have_count(2)
    nodes = document(page)["nodes"]
    (added,) = set(nodes) - {"read"}
    expect(page.locator(f'[data-widget="{added}.source"]')).to_contain_text("hand")
    assert sorted(path.name for path in editor.engine.workspace.inputs.glob("h*")) == [
        "hand",
        "head",
    ]

    empty = tmp_path / "empty"
    empty.mkdir()
    drop(page, (300, 700), empty)
    expect(page.locator(".toast.bad")).to_contain_text("There are no files in that folder")


def test_a_folder_that_is_refused_says_why_and_leaves_nothing(editor, page, series):
    folder = series("weights")
    (folder / "model.pt").write_bytes(b"pickle")
    drop_workflow(page, COUNT)
    drop(page, middle(page.locator(SOURCE)), folder)
    expect(page.locator(SOURCE)).to_contain_text("model.pt")
    assert not (editor.engine.workspace.inputs / "weights").exists()
