"""The way into the queue: room, a place, the row, and then the line."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import NamedTuple

from .database import Statement
from .documents import Document
from .events import RunQueued
from .line import Entry
from .problems import QueueClosed, QueueFull
from .record import RunRecord
from .state import Running, State
from .store import RunStore
from .worker import begun


class Accepted(NamedTuple):
    """A run that was accepted, and how many were before it then."""

    record: RunRecord
    position: int


class Entrance:
    """Lets runs in.

    Args:
        capacity: How many may wait.
    """

    def __init__(self, state: State, store: RunStore, capacity: int) -> None:
        self._state = state
        self._store = store
        self._capacity = capacity

    def check_room(self) -> None:
        """Raises ``QueueClosed`` or ``QueueFull`` if no run can be let in."""
        state = self._state
        with state.lock:
            if not state.open:
                raise QueueClosed
            waiting = len(state.line) + state.arriving
            if waiting >= self._capacity:
                raise QueueFull(waiting)

    def let_in(self, record: RunRecord, document: Document, *more: Statement) -> None:
        """Accept a run: it is on the disk, told, and on its way when this returns.

        Args:
            more: Is written with its row.

        Raises:
            QueueClosed, QueueFull: See ``check_room``.
            DatabaseUnusable: It could not be written.
        """
        entry = Entry(record, 0, 0, document.key)
        run = self._enter(entry)
        try:
            self._store.accept(entry, document, *more)
        except BaseException:
            self._leave(run)
            raise
        self._arrived(entry, run)

    def let_in_soon(self, record: RunRecord, document: Document) -> Future[Accepted]:
        """The same without waiting for the disk; the future has its outcome."""
        entry = Entry(record, 0, 0, document.key)
        run = self._enter(entry)
        accepted: Future[Accepted] = Future()

        def told(error: Exception | None) -> None:
            try:
                if error is not None:
                    self._leave(run)
                    raise error
                accepted.set_result(Accepted(record, self._arrived(entry, run)))
            except Exception as raised:
                accepted.set_exception(raised)

        try:
            self._store.accept_soon(entry, document, told)
        except BaseException:
            self._leave(run)
            raise
        return accepted

    def _enter(self, entry: Entry) -> Running | None:
        """Keep room for a run; one that need not wait begins, and is noted as begun at once."""
        state = self._state
        with state.lock:
            self.check_room()
            state.arriving += 1
            entry.place = state.next_place
            state.next_place += 1
            entry.seq = self._store.next_number()
            if not state.flows or state.line or state.idle <= 0:
                return None
            state.idle -= 1
            return begun(entry)

    def _leave(self, run: Running | None) -> None:
        state = self._state
        with state.lock:
            state.arriving -= 1
            state.settled.notify_all()
            if run is not None:
                state.idle += 1
                state.work.notify()

    def _arrived(self, entry: Entry, run: Running | None) -> int:
        """Put a run where it is carried out; returns how many are before it."""
        state = self._state
        with state.lock:
            state.arriving -= 1
            state.settled.notify_all()
            record = entry.record
            if run is None:
                position = state.line.add(entry)
            else:
                position = 0
                state.running[entry.run_id] = run
                state.begun.append(run)
            state.emit(
                RunQueued(record.run_id, time.time(), record.name, position, record.priority)
            )
            if run is not None or not state.paused:
                state.work.notify()
        if run is None:
            state.invite()
        return position
