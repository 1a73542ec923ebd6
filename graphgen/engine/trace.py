"""A run as a trace: which node worked when, and what moved, was loaded or evicted meanwhile.

Written in Chrome's trace event format ("Trace Event Format", Google, 2016), which
https://ui.perfetto.dev and chrome://tracing show.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..activity import Activity
from ..workspace import atomic_file
from . import events as ev

Span = dict[str, Any]
RUN, DEVICE, HOST = "run", "device nodes", "host nodes"
_SORTED = (RUN, DEVICE, HOST)


@dataclass
class _Open:
    """A node that works."""

    began: float
    progress: list[ev.NodeProgress] = field(default_factory=list)


class Trace:
    """Collects what happens in a run, as a listener of its events and of the activities of
    cache and model pool."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}
        self._spans: list[tuple[str, Span]] = []

    def __call__(self, event: Any) -> None:
        """Take note of an event of the run."""
        with self._lock:
            match event:
                case ev.RunFinished(time=time, status=status, seconds=seconds):
                    self._span(RUN, f"run {status}", time - seconds, seconds)
                case ev.NodeStarted():
                    self._open[event.node] = _Open(event.time)
                case ev.NodeProgress() if event.node in self._open:
                    self._open[event.node].progress.append(event)
                case ev.NodeFinished():
                    self._node(event, "executed", event.time - event.seconds)
                case ev.NodeFailed():
                    self._node(event, "failed", None, problem=event.problem.message)
                case ev.NodeCached():
                    self._instant(event, "cached")
                case ev.NodeSkipped():
                    self._open.pop(event.node, None)
                    self._instant(event, "skipped")

    def activity(self, done: Activity) -> None:
        """Take note of what the cache or the model pool did."""
        way = f" to {done.to}" if done.to else ""
        details = {"bytes": done.nbytes, "device": done.device, "to": done.to}
        with self._lock:
            self._span(
                f"memory of {done.to or done.device}",
                f"{done.kind} {done.name}{way}",
                done.began,
                done.seconds,
                **details,
            )

    def write(self, path: Path, device_types: Container[str] = ()) -> None:
        """Write what was noted as a JSON file, whole or not at all.

        Args:
            device_types: Types of nodes that work on the run's device; they get rows of
                their own.
        """
        with self._lock:  # a node's type has a slash in it, other rows have none
            spans = [
                (DEVICE if group in device_types else HOST if "/" in group else group, span)
                for group, span in self._spans
            ]
        document = {"traceEvents": _laid_out(spans), "displayTimeUnit": "ms"}
        with atomic_file(path) as temporary:
            temporary.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    def _node(self, event: ev.NodeEvent, status: str, began: float | None, **details: Any) -> None:
        known = self._open.pop(event.node, None)
        start = began if began is not None else known.began if known else event.time
        seconds = event.time - start
        details = {"type": event.type, "status": status, **details}
        self._span(event.type, event.node, start, seconds, **details)
        for done in known.progress if known else ():
            self._span(event.type, f"{done.step}/{done.total}", start, done.time - start)
            start = done.time

    def _span(self, group: str, name: str, began: float, seconds: float, **details: Any) -> None:
        span = {"ph": "X", "name": name, "ts": began, "dur": max(seconds, 0.0), "args": details}
        self._spans.append((group, span))

    def _instant(self, event: ev.NodeEvent, status: str) -> None:
        details = {"type": event.type, "status": status}
        span = {"ph": "i", "s": "t", "name": event.node, "ts": event.time, "args": details}
        self._spans.append((event.type, span))


def _laid_out(spans: list[tuple[str, Span]]) -> list[Span]:
    """The events of the file, in microseconds: what overlaps gets rows of its own, unless it
    lies in what is around it."""
    if not spans:
        return []
    zero = min(span["ts"] for _, span in spans)
    order = {name: index for index, name in enumerate(_SORTED)}
    groups = sorted({group for group, _ in spans}, key=lambda g: (order.get(g, len(order)), g))
    events: list[Span] = []
    rows = 0
    for group in groups:
        ends: list[list[float]] = []  # for each row the ends of what is open there
        members = [span for name, span in spans if name == group]
        for span in sorted(members, key=lambda s: (s["ts"], -s.get("dur", 0.0))):
            row = _row_for(span["ts"], span["ts"] + span.get("dur", 0.0), ends)
            moved = {**span, "ts": _microseconds(span["ts"] - zero), "pid": 1, "tid": rows + row}
            if "dur" in span:
                moved["dur"] = _microseconds(span["dur"])
            events.append(moved)
        for row in range(len(ends)):
            name = group if len(ends) == 1 else f"{group} {row + 1}"
            about = {"ph": "M", "pid": 1, "tid": rows + row}
            events.append({**about, "name": "thread_name", "args": {"name": name}})
            events.append(
                {**about, "name": "thread_sort_index", "args": {"sort_index": rows + row}}
            )
        rows += len(ends)
    return events


def _row_for(began: float, end: float, ends: list[list[float]]) -> int:
    """The first row in which a span is free of others or inside of them."""
    for row, open_ends in enumerate(ends):
        while open_ends and open_ends[-1] <= began:
            open_ends.pop()
        if not open_ends or end <= open_ends[-1]:
            open_ends.append(end)
            return row
    ends.append([end])
    return len(ends) - 1


def _microseconds(seconds: float) -> float:
    return round(seconds * 1e6, 1)
