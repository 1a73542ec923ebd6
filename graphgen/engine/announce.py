"""Telling listeners what becomes of the nodes of one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from ..economy import Economy
from ..problems import Problem
from . import events as ev
from .ledger import Ledger


class Announcer:
    """See the module; a run that nobody listens to has none.

    Args:
        ledger: Knows the steps by index.
        listeners: Told everything, from the threads that work on the run.
    """

    def __init__(self, run_id: str, ledger: Ledger, listeners: Sequence[ev.Listener]) -> None:
        self._run_id = run_id
        self._ledger = ledger
        self._listeners = list(listeners)

    def run_started(self, nodes: int) -> None:
        self._tell(ev.RunStarted(self._run_id, time.time(), nodes))

    def run_finished(self, status: str, seconds: float) -> None:
        self._tell(ev.RunFinished(self._run_id, time.time(), status, seconds))

    def cached(self, at: int) -> None:
        self._tell(ev.NodeCached(*self._of(at)))

    def started(self, at: int) -> None:
        self._tell(ev.NodeStarted(*self._of(at)))

    def progress_of(self, at: int) -> Callable[[int, int, bytes | None], None]:
        """What a node reports its progress to."""
        return partial(self._progress, at)

    def retried(self, at: int, means: str, divisor: int, economy: Economy, said: str) -> None:
        self._tell(ev.NodeRetried(*self._of(at), means, divisor, economy, said))

    def finished(self, at: int) -> None:
        self._tell(ev.NodeFinished(*self._of(at), self._ledger.seconds[at]))

    def skipped(self, at: int) -> None:
        self._tell(ev.NodeSkipped(*self._of(at)))

    def failed(self, at: int, problems: Sequence[Problem], traceback: str) -> None:
        for problem in problems:
            self._tell(ev.NodeFailed(*self._of(at), problem, traceback))

    def _progress(self, at: int, step: int, total: int, preview: bytes | None) -> None:
        self._tell(ev.NodeProgress(*self._of(at), step, total, preview))

    def _of(self, at: int) -> tuple[str, float, str, str]:
        step = self._ledger.steps[at]
        return self._run_id, time.time(), step.id, step.spec.id

    def _tell(self, event: ev.Event) -> None:
        ev.tell(self._listeners, event)
