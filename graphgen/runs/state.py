"""What a queue holds in memory, and who is told of it. One lock guards it all."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..engine.context import CancelToken
from ..problems import Problem
from .events import QueueChanged, RunEnded
from .line import Entry, Line
from .record import RunRecord
from .rewriting import Rewriting

_log = logging.getLogger("graphgen.runs")
Listener = Callable[[Any], None]


@dataclass(slots=True)
class Running:
    """A run that a worker has, or is about to have.

    Attributes:
        cancelled: Whether somebody asked for its end; a queue that closes stops runs too.
        abandoned: Whether the queue was closed without waiting for it.
    """

    entry: Entry
    token: CancelToken = field(default_factory=CancelToken)
    cancelled: bool = False
    abandoned: bool = False


class State:
    """Everything here is read and changed under ``lock``, in which listeners are told as
    well: so they hear of changes in the order in which these came about.

    Attributes:
        work: Notified when a worker may find something to do.
        settled: Notified when a run that was on its way has arrived, or will not.
        begun: Runs that are noted as begun and wait for the worker that is free for them.
        idle: Workers that wait, less those that a run in ``begun`` or on its way is for.
        arriving: Runs on their way into the line.
        previews: Whether runs that begin carry small pictures in their progress.
        problem: Why nothing can be written, while that is so.
        invite: Begins waiting runs that can be joined with those that go on; takes the lock.
        rewriting: Shared by the workers; has a lock of its own.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self.lock = threading.RLock()
        self.work = threading.Condition(self.lock)
        self.settled = threading.Condition(self.lock)
        self.line = Line()
        self.running: dict[str, Running] = {}
        self.begun: list[Running] = []
        self.idle = 0
        self.arriving = 0
        self.next_place = 0
        self.paused = False
        self.open = False
        self.previews = True
        self.problem: Problem | None = None
        self.invite: Callable[[], None] = lambda: None
        self.rewriting = Rewriting()
        self._listeners = list(listeners)
        self._waiters: dict[str, list[threading.Event]] = {}

    @contextmanager
    def at_once(self) -> Iterator[bool]:
        """The lock, for who must not wait for it; gives whether it is free."""
        free = self.lock.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self.lock.release()

    @property
    def flows(self) -> bool:
        """Whether a run may begin."""
        return self.open and not self.paused

    @property
    def has_work(self) -> bool:
        """Whether a waiting worker shall wake. The last idle one that a run on its way is
        for does not take another from the line."""
        free = self.line and self.idle > 0 and not self.paused
        return bool(free or self.begun or not self.open)

    def is_active(self, run_id: str) -> bool:
        return run_id in self.line or run_id in self.running

    def record_of(self, run_id: str) -> RunRecord | None:
        """The record of a run that is not over."""
        entry = self.line.get(run_id)
        if entry is None:
            running = self.running.get(run_id)
            entry = running.entry if running is not None else None
        return entry.record if entry is not None else None

    def emit(self, event: Any) -> None:
        """Tell everybody. The events of a running run come from its threads, unlocked."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener of the queue failed")

    def tell_ended(self, record: RunRecord) -> None:
        self.emit(RunEnded(record.run_id, time.time(), record.status, record))  # type: ignore[arg-type]
        for waiter in self._waiters.pop(record.run_id, ()):
            waiter.set()

    def tell_changed(self) -> None:
        queued = [entry.run_id for entry in self.line]
        self.emit(QueueChanged(time.time(), self.paused, queued, list(self.running)))

    def waiter(self, run_id: str) -> threading.Event | None:
        """Set when the run is over or the queue closes; None if it is over."""
        with self.lock:
            if not self.open or not self.is_active(run_id):
                return None
            waiter = threading.Event()
            self._waiters.setdefault(run_id, []).append(waiter)
            return waiter

    def release_waiters(self) -> None:
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.set()
        self._waiters.clear()
