"""How a run is shown while it goes on: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Self

from ..engine import events as ev

if TYPE_CHECKING:
    from rich.progress import Progress

    from ..engine.events import Listener

_ENDED = (ev.NodeFinished, ev.NodeCached, ev.NodeSkipped, ev.NodeFailed)


def progress(quiet: bool) -> AbstractContextManager[Listener]:
    """A listener that shows the events of a run on standard error."""
    if quiet:
        return nullcontext(lambda event: None)
    return ProgressBar() if sys.stderr.isatty() else ProgressLines()


class ProgressLines:
    """A line when a node starts and one when it ends."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Any) -> None:
        text = _described(event)
        if text:
            print(f"{event.node}: {text}", file=sys.stderr, flush=True)


class ProgressBar:
    """One bar for the run, with the node that works and its step.

    Events only change what is known; the screen looks ten times a second.
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._lock = threading.Lock()
        self._total = 0
        self._ended = 0
        self._working: dict[str, ev.NodeProgress | None] = {}
        self._bar = Progress(
            BarColumn(bar_width=30),
            TextColumn("{task.fields[count]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=None, count="")
        self._live = Live(
            get_renderable=self._shown,
            console=Console(stderr=True),
            refresh_per_second=10,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, event: Any) -> None:
        with self._lock:
            if isinstance(event, ev.RunStarted):
                self._total = event.nodes
            elif isinstance(event, ev.NodeStarted):
                self._working[event.node] = None
            elif isinstance(event, ev.NodeProgress):
                self._working[event.node] = event
            elif isinstance(event, ev.NodeRetried):
                self._working[event.node] = None
                self._live.console.print(f"{event.node}: {event.message}", markup=False)
            elif isinstance(event, _ENDED):
                self._working.pop(event.node, None)
                self._ended += 1

    def _shown(self) -> Progress:
        with self._lock:
            ended, working = self._ended, dict(self._working)
        # A node that returns more nodes makes the run longer than it was planned.
        total = max(self._total, ended + len(working))
        steps = sum(at.step / max(at.total, 1) for at in working.values() if at)
        text = next(reversed(working), "")
        at = working.get(text)
        if at is not None:
            text = f"{text}: step {at.step} of {at.total}"
        count = f"{ended}/{total}"
        self._bar.update(
            self._task, total=total, completed=ended + steps, count=count, description=text
        )
        return self._bar


def _described(event: Any) -> str:
    match event:
        case ev.NodeStarted():
            return "started"
        case ev.NodeRetried():
            return event.message
        case ev.NodeFinished():
            return f"done in {event.seconds:.2f} s"
        case ev.NodeCached():
            return "cached"
        case ev.NodeSkipped():
            return "skipped"
        case ev.NodeFailed():
            return "failed"
    return ""
