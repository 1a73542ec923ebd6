"""A node that meets the limit of its device is run again with less; its card says so."""

from __future__ import annotations

import gc
import threading

import pytest
import torch
from playwright.sync_api import expect

from graphgen import Context, Engine, NodeError, node
from tests.server.live import Live
from tests.support import Pack
from tests.toy_device import DEVICE, MEMORY

from .dropping import drop_workflow
from .hands import card

KIB = 1024
ROW = 10 * KIB
AGAIN = threading.Event()
GO_ON = threading.Event()


@node("toy/rows", title="Rows", device=True, memory=("rows",), economy=("split",))
def rows(rows: int = 8, *, ctx: Context) -> float:
    """Compute rows, as many at once as there is memory for; wait once it is run again."""
    step = ctx.rows(rows)
    total = 0.0
    for start in range(0, rows, step):
        here = min(step, rows - start)
        total += float(torch.ones(here * ROW // 4, device=DEVICE).sum())
        if step < rows:
            AGAIN.set()
            if not GO_ON.wait(20):
                raise NodeError("nobody let it go on")
            ctx.progress(start + here, rows)
    return total / (ROW / 4)


DOCUMENT = {
    "format": "graphgen/1",
    "name": "Much",
    "nodes": {
        "much": {"type": "toy/rows", "inputs": {"rows": 8}},
        "text": {
            "type": "control/format_text",
            "inputs": {"template": "{value}", "value": {"link": "much.value"}},
        },
    },
    "outputs": {"text": "text.value"},
    "editor": {"positions": {"much": [0, 0], "text": [360, 0]}},
}


@pytest.fixture
def editor(built, tmp_path):
    """A server of the toy device, which has room for half of the rows."""
    AGAIN.clear()
    GO_ON.clear()
    engine = Engine([Pack(rows)], workspace=tmp_path / "toy", device=DEVICE)
    gc.collect()
    with MEMORY.limited(MEMORY.used + 4 * ROW + KIB), Live(engine, editor=built) as live:
        yield live
        GO_ON.set()
    engine.close()


def test_a_node_that_was_run_again_with_less_memory_says_how(page):
    badge = card(page, "much").locator(".badge")
    drop_workflow(page, DOCUMENT)
    page.keyboard.press("Control+Enter")
    assert AGAIN.wait(20)
    told = "Ran out of memory; run again in batches of 1/2 of their size"
    expect(badge).to_contain_class("busy retried")
    expect(badge).to_have_attribute("title", told)
    GO_ON.set()
    expect(card(page, "text").locator(".output-text")).to_have_text("8.0")
    expect(badge).to_contain_text("s")
    expect(badge).to_contain_class("retried")
    expect(badge).to_have_attribute("title", told)
    expect(card(page, "text").locator(".badge.retried")).to_have_count(0)

    page.reload()  # from the run's record
    expect(badge).to_contain_class("retried")
    expect(badge).to_have_attribute("title", told)
    page.evaluate("localStorage.setItem('graphgen.view', '{\"locale\": \"zh\"}')")
    page.reload()
    expect(badge).to_have_attribute("title", "内存不足；改用 1/2 大小的批次重新运行")
    page.evaluate("localStorage.removeItem('graphgen.view')")
    page.reload()

    widget = card(page, "much").locator('[data-widget="much.rows"]')
    widget.fill("4")
    widget.press("Enter")
    expect(badge).to_have_attribute("title", "Changed since this run")
    page.keyboard.press("Control+Enter")
    expect(card(page, "text").locator(".output-text")).to_have_text("4.0")
    expect(card(page, "much").locator(".badge.retried")).to_have_count(0)


def test_a_node_that_fits_with_nothing_fails_and_says_what_was_tried(page):
    GO_ON.set()
    MEMORY.limit = MEMORY.used + ROW // 2
    drop_workflow(page, DOCUMENT)
    page.keyboard.press("Control+Enter")
    badge = card(page, "much").locator(".badge.failed")
    expect(badge).to_be_visible()
    problem = page.locator('[data-problem="much"]')
    expect(problem).to_contain_text("out of memory")
    expect(problem).to_contain_text("batches of 1/8 of their size")
