"""A browser that is killed: what was done is there when it starts again."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from graphgen_benchmarks.editor import ARGUMENTS
from playwright.sync_api import expect

from .conftest import PATIENCE

PROMPT = '[data-widget="prompt.text"]'
_KEPT = """async (text) => {
  const request = indexedDB.open("graphgen");
  const database = await new Promise((done) => { request.onsuccess = () => done(request.result) });
  const rows = database.transaction("tabs").objectStore("tabs").getAll();
  const found = await new Promise((done) => { rows.onsuccess = () => done(rows.result) });
  database.close();
  return found.some((row) => row.text?.includes(text));
}"""


def test_tabs_come_back_after_the_browser_was_killed(editor, browser, chromium, tmp_path):
    profile = tmp_path / "profile"
    start = browser.browser_type.launch_persistent_context
    options = {"executable_path": chromium, "args": list(ARGUMENTS), "locale": "en-GB"}
    context = start(profile, **options)
    page = context.new_page()
    page.goto(editor.url)
    page.locator(PROMPT).fill("a lighthouse at night")
    deadline = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(_KEPT, "a lighthouse at night"):
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)
    kill_processes_of(profile)
    with contextlib.suppress(Exception):
        context.close()

    context = start(profile, **options)
    page = context.new_page()
    page.goto(editor.url)
    expect.set_options(timeout=PATIENCE)
    expect(page.locator(PROMPT)).to_have_value("a lighthouse at night")
    expect(page.locator(".unsaved")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(PROMPT)).to_have_value("a slice of pizza")
    context.close()


def kill_processes_of(profile: Path) -> None:
    """Kill the browser that works on a profile, and nothing else."""
    mark = f"--user-data-dir={profile}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (folder / "cmdline").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
