"""What happens in a run, as typed events. Progress bars, logs and servers are listeners."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ..economy import Economy
from ..problems import Problem

_log = logging.getLogger("graphgen")


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
class NodeRetried(NodeEvent):
    """The node ran out of memory and is run again.

    Attributes:
        means: What is different: ``evict`` (idle values and models went to host memory),
            ``wait`` (what else was running has ended), ``offload`` (models follow layer by
            layer), ``tile`` (smaller tiles), ``split`` (the batch in parts), or ``unjoin``
            (a batch of several runs in halves).
        divisor: Of a tile's edge or of the batch; with ``unjoin`` the calls that are left
            in one batch; else 1.
        economy: The whole plan.
        message: The same in words.
    """

    means: str
    divisor: int
    economy: Economy
    message: str


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


def tell(listeners: list[Listener], event: Event) -> None:
    """Tell an event; a listener that fails is removed, and does not end the run."""
    for listener in list(listeners):
        try:
            listener(event)
        except Exception:
            with suppress(ValueError):  # another thread may have been first
                listeners.remove(listener)
            _log.exception("a listener of run %s failed and was removed", event.run_id)
