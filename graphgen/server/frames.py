"""Events as websocket frames: JSON texts, and previews as binary."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from ..engine import events
from ..runs import QueueChanged, RunEnded, RunQueued
from .answers import json_bytes
from .views import ended_dict

TEXT, BINARY = 1, 2
PREVIEW_TYPE = "image/png"


class WorkflowsChanged:
    """A saved workflow was written, renamed or removed.

    Attributes:
        name: Of the workflow; the new one if it was renamed.
        time: Seconds since the epoch.
        renamed: If it was renamed: ``was``, the name that it had, and what its
            ``graphgen.saved.Renamed`` says.
    """

    __slots__ = ("name", "renamed", "time")

    def __init__(self, name: str, time: float, renamed: dict[str, Any] | None = None) -> None:
        self.name = name
        self.time = time
        self.renamed = renamed


class CatalogueChanged:
    """Packs were loaded again: nodes, types and editor modules may be others.

    Attributes:
        time: Seconds since the epoch.
    """

    __slots__ = ("time",)

    def __init__(self, time: float) -> None:
        self.time = time


class Frame:
    """An event under its number.

    Attributes:
        loose: None for a key event. Else what it is the news of: a later frame with the
            same value makes it pointless.
    """

    __slots__ = ("_data", "_make", "loose", "seq")

    def __init__(
        self, seq: int, make: Callable[[int], bytes], loose: tuple[str, ...] | None = None
    ) -> None:
        self.seq = seq
        self.loose = loose
        self._make: Callable[[int], bytes] | None = make
        self._data = b""

    @property
    def data(self) -> bytes:
        """The frame as it goes over the wire; made when it is first sent."""
        if self._make is not None:
            self._data, self._make = self._make(self.seq), None
        return self._data


def frames_of(event: Any) -> Iterator[tuple[Callable[[int], bytes], tuple[str, ...] | None]]:
    """For each frame that an event becomes: what makes it from its number, and what it is
    the news of if it is loose."""
    describe = _TEXTS.get(type(event))
    if describe is not None:
        news = ("progress", event.run_id, event.node) if type(event) is _PROGRESS else None
        yield lambda seq: text_frame({"seq": seq, **describe(event)}), news
    if type(event) is _PROGRESS and event.preview is not None:
        yield lambda seq: _preview(seq, event), ("preview", event.run_id, event.node)


def text_frame(value: Any) -> bytes:
    """JSON as one websocket frame."""
    return frame(TEXT, json_bytes(value))


def frame(kind: int, payload: bytes) -> bytes:
    """A whole, unmasked websocket frame (RFC 6455, section 5.2), as servers send it."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | kind, size))
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | kind, 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | kind, 127, size)
    return head + payload


def _preview(seq: int, event: events.NodeProgress) -> bytes:
    header = json_bytes(
        {
            "type": "preview",
            "seq": seq,
            "time": event.time,
            "run_id": event.run_id,
            "node": event.node,
            "node_type": event.type,
            "step": event.step,
            "total": event.total,
            "media_type": PREVIEW_TYPE,
        }
    )
    assert event.preview is not None
    return frame(BINARY, struct.pack("!I", len(header)) + header + event.preview)


_PROGRESS = events.NodeProgress


def _run(kind: str, event: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "time": event.time, "run_id": event.run_id, **more}


def _node(kind: str, event: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "time": event.time,
        "run_id": event.run_id,
        "node": event.node,
        "node_type": event.type,
        **more,
    }


_TEXTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    RunQueued: lambda e: _run(
        "run_queued", e, name=e.name, position=e.position, priority=e.priority
    ),
    events.RunStarted: lambda e: _run("run_started", e, nodes=e.nodes),
    events.NodeCached: lambda e: _node("node_cached", e),
    events.NodeStarted: lambda e: _node("node_started", e),
    events.NodeSkipped: lambda e: _node("node_skipped", e),
    events.NodeProgress: lambda e: _node("node_progress", e, step=e.step, total=e.total),
    events.NodeRetried: lambda e: _node(
        "node_retried",
        e,
        means=e.means,
        divisor=e.divisor,
        economy=asdict(e.economy),
        message=e.message,
    ),
    events.NodeFinished: lambda e: _node("node_finished", e, seconds=e.seconds),
    events.NodeFailed: lambda e: _node("node_failed", e, problem=e.problem.to_dict()),
    RunEnded: lambda e: _run("run_finished", e, **ended_dict(e.record)),
    QueueChanged: lambda e: {
        "type": "queue_changed",
        "time": e.time,
        "paused": e.paused,
        "queued": e.queued,
        "running": e.running,
    },
    CatalogueChanged: lambda e: {"type": "catalogue_changed", "time": e.time},
    WorkflowsChanged: lambda e: {
        "type": "workflows_changed",
        "time": e.time,
        "name": e.name,
        **({} if e.renamed is None else {"renamed": e.renamed}),
    },
}
