"""What happens in a queue, beside the events of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..engine.events import Event
from .record import RunRecord


@dataclass(frozen=True, slots=True)
class RunQueued(Event):
    """A run was accepted; ``position`` is its place in the queue, 0 for the next."""

    name: str
    position: int
    priority: int


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """A run is over: its row is committed and its outputs are in their place."""

    status: Literal["succeeded", "failed", "cancelled"]
    record: RunRecord = field(repr=False)


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """The queue was paused, resumed, put in another order, or opened with runs in it.

    What other events tell, a run that came, began or ended, brings no event of this kind.
    ``time`` is seconds since the epoch; ``queued`` are ids in their order.
    """

    time: float
    paused: bool
    queued: Sequence[str]
    running: Sequence[str]
