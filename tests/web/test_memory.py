"""The memory view: what is kept where, and freeing it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.support import graph

WORKFLOW = Path(__file__).parents[2] / "workflows" / "text_to_image.json"
PICTURE = graph({"p": ("image/solid", {"width": 640, "height": 480})}, {"image": "p.image"})


def test_memory_is_shown_and_freed(editor, page):
    editor.engine.run(WORKFLOW)
    editor.engine.run(PICTURE)
    page.get_by_role("button", name="Memory").click()
    view = page.get_by_role("dialog", name="Memory")
    host = view.locator('[data-device="cpu"]')
    expect(host).to_contain_text(re.compile(r"Host memory.*[GT]B of .*[GT]B free"))
    kept = host.get_by_label("Outputs of nodes")
    assert kept.evaluate("meter => meter.value") > 640 * 480 * 3 * 4
    assert kept.evaluate("meter => meter.max") == editor.engine.cache.stats().budgets["cpu"]
    expect(host.get_by_role("listitem").first).to_contain_text(re.compile(r"[kM]B · float32"))
    expect(view.locator('[data-device="disk"]')).to_contain_text("Disk")

    view.get_by_role("button", name="Free memory").click()

    expect(page.locator(".toasts")).to_contain_text("given back")
    expect(host).to_contain_text("0 kept")
    expect(host.get_by_role("listitem")).to_have_count(0)
    assert editor.engine.cache.stats().nbytes["cpu"] == 0


def test_it_closes_and_follows_what_happens(editor, page):
    editor.engine.free_memory()
    page.get_by_role("button", name="Memory").click()
    host = page.get_by_role("dialog", name="Memory").locator('[data-device="cpu"]')
    expect(host).to_contain_text("0 kept")

    editor.engine.run(PICTURE)

    expect(host).to_contain_text("1 kept")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Memory")).to_have_count(0)
    expect(page.get_by_role("button", name="Memory")).to_be_focused()
