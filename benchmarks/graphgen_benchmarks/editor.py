"""The editor in headless Chromium: how long a large workflow takes to open against a small one,
frames against those of an empty page, and the bytes that are loaded at the start."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import requests

from graphgen import templates

from .measure import Figure, compared
from .server import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

WORKFLOW = templates.FOLDER / "text_to_image.json"
ARGUMENTS = (  # the tests start it with these, too
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SMALL, LARGE = 100, 2000  # nodes, rounded up to whole workflows
BUNDLE = 400_000  # bytes, gzipped
# Frames come at 0.8 of the rate of an empty page, or more.
REACH = 1 / 0.8
MIDDLE = (640, 400)

OPEN = """async name => {
  const began = performance.now();
  document.querySelector(`[data-saved="${name}"]`).click();
  while (!document.querySelector(`[data-node^="${name}_"]`))
    await new Promise(requestAnimationFrame);
  await new Promise(resolve => requestIdleCallback(resolve));
  return performance.now() - began;
}"""
COUNT = """() => {
  window.frames_ = 0;
  const tick = () => { window.frames_ += 1; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""

# Where to take a card that is well in sight.
HEAD = """() => {
  for (const head of document.querySelectorAll(".card-header")) {
    const { x, y } = head.getBoundingClientRect();
    if (x > 10 && x < 1250 && y > 60 && y < 680) return [x + 20, y + 8];
  }
}"""


def run(quick: bool) -> Iterator[Figure]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("editor: Chromium is not installed", file=sys.stderr)
        return
    rounds, seconds = (2, 0.5) if quick else (7, 3.0)
    with TemporaryDirectory() as folder, served(folder) as address, _browser(chromium) as browser:
        for name, count in (("small", SMALL), ("large", LARGE)):
            body = {"workflow": _tiled(name, count)}
            requests.put(f"{address}/api/workflows/{name}", json=body).raise_for_status()
        yield _bundle(browser, address)
        yield compared(
            f"editor: open {LARGE:,} nodes, against {SMALL}",
            lambda: _opening(browser, address, "small"),
            lambda: _opening(browser, address, "large"),
            rounds,
            4.0,
            "ms",
        )
        yield from _frames(browser, address, rounds, seconds)


def _bundle(browser: Browser, address: str) -> Figure:
    """What the page asks for until it is there: scripts and styles, gzipped."""
    asked: set[str] = set()
    page = browser.new_page()

    def note(request: Request) -> None:
        asked.add(request.url)

    page.on("request", note)
    _start(page, address)
    loaded = [url for url in asked if url.endswith((".js", ".css")) or url == f"{address}/"]
    total = sum(len(gzip.compress(requests.get(url).content)) for url in loaded)
    page.close()
    return Figure(
        "editor: loaded at the start, gzipped",
        "kB",
        BUNDLE / 1000,
        total / 1000,
        total / BUNDLE,
        1.0,
    )


def _opening(browser: Browser, address: str, name: str) -> float:
    """Milliseconds from a press on the name until the cards are there and the page idle."""
    context = browser.new_context()
    page = context.new_page()
    try:
        _start(page, address)
        _list_saved(page, name)
        taken: float = page.evaluate(OPEN, name)
        return taken
    finally:
        context.close()


def _frames(browser: Browser, address: str, rounds: int, seconds: float) -> Iterator[Figure]:
    empty = browser.new_page()
    empty.goto("about:blank")
    page = browser.new_page()
    _start(page, address)
    _list_saved(page, "large")
    page.evaluate(OPEN, "large")
    for one in (empty, page):
        one.evaluate(COUNT)

    def row(name: str, move: Callable[[Page, int], None], reach: float | None = REACH) -> Figure:
        return compared(
            f"editor: {name}, time per frame",
            lambda: _per_frame(empty, move, seconds),
            lambda: _per_frame(page, move, seconds),
            rounds,
            reach,
            "ms",
            1000,
        )

    page.keyboard.press("f")
    page.locator(".overview").wait_for()
    yield row(f"pan over all {LARGE:,} nodes", _pan)
    yield row("zoom in and out", _zoom)
    page.mouse.dblclick(*MIDDLE)
    cards = page.locator(".card")
    cards.first.wait_for()
    page.keyboard.press("1")
    page.mouse.move(5, 450)
    yield row("pan among cards", _pan)
    at = page.evaluate(HEAD)
    page.mouse.click(*at)
    yield row("drag a node", lambda one, step: _drag(one, step, (at[0], at[1])))


def _per_frame(page: Page, move: Callable[[Page, int], None], seconds: float) -> float:
    """Seconds per frame while the pointer moves."""
    page.bring_to_front()
    page.mouse.move(*MIDDLE)
    before, began = page.evaluate("window.frames_"), time.perf_counter()
    step = 0
    while time.perf_counter() - began < seconds:
        move(page, step)
        step += 1
    page.mouse.up()
    frames: int = page.evaluate("window.frames_") - before
    return (time.perf_counter() - began) / frames


def _pan(page: Page, step: int) -> None:
    if step == 0:
        page.mouse.move(20, 400)
        page.mouse.down()
    page.mouse.move(20 + _swing(step, 300), 400 + _swing(step, 200))


def _zoom(page: Page, step: int) -> None:
    page.mouse.wheel(0, -60 if step % 60 < 30 else 60)


def _drag(page: Page, step: int, start: tuple[float, float]) -> None:
    if step == 0:
        page.mouse.move(*start)
        page.mouse.down()
    page.mouse.move(start[0] + _swing(step, 200), start[1] + _swing(step, 150))


def _swing(step: int, width: int) -> int:
    """There and back, so that the end is near the start."""
    at = step * 7 % (2 * width)
    return at if at < width else 2 * width - at


def _start(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("[data-node]").first.wait_for()


def _list_saved(page: Page, name: str) -> None:
    page.keyboard.press("Control+o")
    page.locator(f'[data-saved="{name}"]').wait_for()


@contextmanager
def _browser(path: str) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))


def _tiled(name: str, count: int) -> dict[str, Any]:
    """Text to image again and again, with its own names and places, in rows."""
    document = json.loads(WORKFLOW.read_text(encoding="utf-8"))
    nodes: dict[str, Any] = {}
    positions: dict[str, list[int]] = {}
    places = document["editor"]["positions"]
    copies = -(-count // len(document["nodes"]))
    across = max(1, round(copies**0.5 * 0.7))
    for copy in range(copies):
        prefix = f"{name}_{copy}_"
        text = json.dumps(document["nodes"]).replace('"link": "', f'"link": "{prefix}')
        nodes |= {prefix + id: node for id, node in json.loads(text).items()}
        left, top = copy % across * 1400, copy // across * 900
        positions |= {prefix + id: [left + x, top + y] for id, (x, y) in places.items()}
    return {
        "format": "graphgen/1",
        "name": name,
        "nodes": nodes,
        "editor": {"positions": positions},
    }
