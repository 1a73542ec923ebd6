"""What happens in a run, as typed events. Progress bars, logs and servers are listeners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..problems import Problem


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; ``time`` is seconds since the epoch."""

    run_id: str
    time: float


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    nodes: int


@dataclass(frozen=True, slots=True)
class NodeEvent(Event):
    """Base of what happens to one node."""

    node: str
    type: str


@dataclass(frozen=True, slots=True)
class NodeCached(NodeEvent):
    """The node's outputs, or what was made from them, came from the cache."""


@dataclass(frozen=True, slots=True)
class NodeStarted(NodeEvent):
    pass


@dataclass(frozen=True, slots=True)
class NodeProgress(NodeEvent):
    """``preview`` is a small PNG of the state, if the node gave one."""

    step: int
    total: int
    preview: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NodeFinished(NodeEvent):
    seconds: float


@dataclass(frozen=True, slots=True)
class NodeSkipped(NodeEvent):
    """A branch was not taken, or something the node needs failed."""


@dataclass(frozen=True, slots=True)
class NodeFailed(NodeEvent):
    problem: Problem
    traceback: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """``status`` is ``succeeded``, ``failed`` or ``cancelled``."""

    status: str
    seconds: float


Listener = Callable[[Any], None]
