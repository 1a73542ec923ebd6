"""Frames of the server's websocket as the typed events that runs have everywhere."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

from ..economy import Economy
from ..engine import events as ev
from ..runs.events import RunQueued
from .answers import problem_of

Event = ev.Event
OnEvent = Callable[[Event], None]
Frame = dict[str, Any]


def frame_of(data: str | bytes) -> Frame:
    """A websocket message: JSON text, or a preview, whose picture is under ``preview``.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(data, str):
        frame = json.loads(data)
        return frame if isinstance(frame, dict) else {}
    try:
        (size,) = struct.unpack_from("!I", data)
        return {**json.loads(data[4 : 4 + size]), "preview": data[4 + size :]}
    except (struct.error, TypeError) as error:
        raise ValueError(str(error)) from None


def event_of(frame: Frame) -> Event | None:
    """The event that a frame tells of a run; None for other frames.

    Raises:
        KeyError: Something is missing from it.
    """
    make = _EVENTS.get(frame.get("type", ""))
    return make(frame) if make is not None else None


def _node(frame: Mapping[str, Any]) -> tuple[str, float, str, str]:
    return frame["run_id"], frame["time"], frame["node"], frame["node_type"]


def _progress(frame: Mapping[str, Any]) -> Event:
    return ev.NodeProgress(*_node(frame), frame["step"], frame["total"], frame.get("preview"))


_EVENTS: dict[str, Callable[[Frame], Event]] = {
    "run_queued": lambda f: RunQueued(
        f["run_id"], f["time"], f["name"], f["position"], f["priority"]
    ),
    "run_started": lambda f: ev.RunStarted(f["run_id"], f["time"], f["nodes"]),
    "node_cached": lambda f: ev.NodeCached(*_node(f)),
    "node_started": lambda f: ev.NodeStarted(*_node(f)),
    "node_skipped": lambda f: ev.NodeSkipped(*_node(f)),
    "node_progress": _progress,
    "preview": _progress,
    "node_retried": lambda f: ev.NodeRetried(
        *_node(f), f["means"], f["divisor"], Economy(**f["economy"]), f["message"]
    ),
    "node_finished": lambda f: ev.NodeFinished(*_node(f), f["seconds"]),
    "node_failed": lambda f: ev.NodeFailed(*_node(f), problem_of(f["problem"])),
    "run_finished": lambda f: ev.RunFinished(
        f["run_id"], f["time"], f["status"], f["seconds"] or 0.0
    ),
}
