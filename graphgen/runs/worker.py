"""Workers: each takes the next run, carries it out, and notes how it ended."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace

from ..engine import Engine
from ..problems import GraphgenError
from .carry_out import broken, carry_out
from .line import Entry
from .state import Running, State
from .store import RunStore

_log = logging.getLogger("graphgen.runs")
RETRY_SECONDS = 1.0
"""Between tries to write to a database that takes nothing, such as on a full disk."""


class Worker:
    """One thread that carries out runs, one after the other, until the queue closes.

    Args:
        only: A run that is noted as begun; the worker carries out this one and no other.
    """

    def __init__(
        self,
        engine: Engine,
        store: RunStore,
        state: State,
        name: str,
        only: Running | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._state = state
        self._only = only
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout: float | None) -> bool:
        """Wait for its end; False if it goes on."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def over(self) -> bool:
        """Whether it was started, and has ended."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def _serve(self) -> None:
        run = self._only or self._take()
        while run is not None:
            self._state.invite()
            record = carry_out(self._engine, self._store, run, self._state)
            if record is None:  # stopped, to be run again
                return
            entry = run.entry
            try:
                run = self._finish(replace(entry, record=record))
            except Exception as error:  # such as no memory to write the outputs down
                run = self._finish(replace(entry, record=broken(entry.record, error)))
            del record, entry
            if self._only is not None:
                self._state.invite()
                return
            run = run or self._take()

    def _take(self) -> Running | None:
        """The next run, noted as begun; waits for it. None when the queue closes."""
        state = self._state
        with state.lock:
            state.idle += 1
            try:
                while True:
                    state.work.wait_for(lambda: state.has_work)
                    if not state.open:
                        return None
                    if state.begun:
                        state.idle += 1  # it was taken off when the run was meant for it
                        return state.begun.pop(0)
                    run = begin_next(state)
                    assert run is not None
                    try:
                        self._store.start(run.entry)
                        state.problem = None
                        return run
                    except GraphgenError as error:
                        withdraw(state, run)
                        self._hold_up(error)
            finally:
                state.idle -= 1

    def _finish(self, ended: Entry) -> Running | None:
        """Note the end of a run, and in the same breath the beginning of the next, which is
        returned if there is one."""
        state = self._state
        with state.lock:
            then = begin_next(state) if self._only is None else None
        while True:
            try:
                self._store.finish(ended, then.entry if then is not None else None)
                break
            except Exception as error:
                with state.lock:
                    if then is not None:
                        withdraw(state, then)
                        then = None
                    if not state.open:
                        return None
                    if not isinstance(error, GraphgenError):
                        raise
                    self._hold_up(error)
        with state.lock:
            state.problem = None
            del state.running[ended.run_id]
            state.tell_ended(ended.record)
        return then

    def _hold_up(self, error: GraphgenError) -> None:
        """Wait a little before the next try to write."""
        _log.error("the queue stands still: %s", error)
        self._state.problem = error.problems[0]
        self._state.work.wait(RETRY_SECONDS)


def begun(entry: Entry) -> Running:
    """The run of an entry, which begins now."""
    record = entry.record
    entry.record = replace(
        record, status="running", started=time.time(), attempts=record.attempts + 1
    )
    return Running(entry)


def begin_next(state: State) -> Running | None:
    """Take the next run out of the line, if any may begin; it is not noted yet."""
    entry = state.line.take() if state.flows else None
    if entry is None:
        return None
    run = state.running[entry.run_id] = begun(entry)
    return run


def withdraw(state: State, run: Running) -> None:
    """Put a run back into the line whose beginning could not be noted."""
    entry = run.entry
    del state.running[entry.run_id]
    entry.record = replace(
        entry.record, status="queued", started=None, attempts=entry.record.attempts - 1
    )
    state.line.add(entry)
