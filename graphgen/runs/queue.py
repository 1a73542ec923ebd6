"""The queue: takes runs, keeps their order, and has its workers carry them out."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..engine import Engine
from ..engine.context import CancelToken
from ..engine.engine import new_run_id
from ..keep import InputKeeper, self_contained
from ..outputs import slug
from ..plain import is_plain
from ..problems import InvalidWorkflow, Problem
from ..workflow import Workflow
from .events import QueueChanged, RunEnded, RunQueued
from .line import Line
from .problems import (
    MAX_PRIORITY,
    DatabaseUnusable,
    QueueClosed,
    QueueFull,
    RunConflict,
    UnknownRun,
)
from .record import RunRecord
from .recovery import leftovers_of, recover
from .store import Document, RunStore
from .worker import carry_out

_log = logging.getLogger("graphgen.runs")
DEFAULT_CAPACITY = 1000
RETRY_SECONDS = 1.0
Listener = Callable[[Any], None]


@dataclass(slots=True)
class _Running:
    record: RunRecord
    place: int
    token: CancelToken = field(default_factory=CancelToken)
    cancelled: bool = False
    """Whether a user asked for it; closing the queue stops runs too."""


class RunQueue:
    """Runs workflows one after the other, in the order of their priority.

    Made once per engine, used from any thread. A run that was accepted is carried out,
    through crashes and restarts, until it ends once.

    Args:
        engine: Carries the runs out; with a disk cache, an interrupted run finds again what
            its nodes had made.
        store: The history; no other process may have it open.
        capacity: How many runs may wait.
        workers: How many runs go on at the same time.
        listeners: Told every event of the queue and of its runs, in their order, from the
            threads that cause them; they should return quickly.
        previews: Whether progress events carry small pictures; read when a run begins.
    """

    def __init__(
        self,
        engine: Engine,
        store: RunStore,
        *,
        capacity: int = DEFAULT_CAPACITY,
        workers: int = 1,
        listeners: Sequence[Listener] = (),
        previews: bool = True,
    ) -> None:
        self.engine = engine
        self.store = store
        self.capacity = capacity
        self.previews = previews
        self._workers = workers
        self._listeners = list(listeners)
        self._keeper = InputKeeper(engine.workspace, engine.environment)
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._over = threading.Condition(self._lock)
        self._line = Line()
        self._waiting: dict[str, RunRecord] = {}
        self._running: dict[str, _Running] = {}
        self._arriving = 0
        self._next_place = 0
        self._paused = False
        self._open = False
        self._threads: list[threading.Thread] = []

    # Opening and closing

    def open(self) -> None:
        """Open the store and go on where it was left: what was running runs again, first of
        its priority.

        Raises:
            DatabaseUnusable: See ``Database.open``.
        """
        self.store.open()
        try:
            recovered = recover(self.store, self.engine.workspace.outputs)
        except BaseException:
            self.store.close()
            raise
        with self._lock:
            for record, place in recovered.waiting:
                self._waiting[record.run_id] = record
                self._line.add(record.run_id, record.priority, place)
                self._next_place = max(self._next_place, place + 1)
            self._paused = self.store.setting("paused") == "1"
            self._open = True
            for record in recovered.ended:
                self._emit(RunEnded(record.run_id, time.time(), record.status, record))  # type: ignore[arg-type]
            if self._waiting:
                self._tell()
        self._threads = [
            threading.Thread(target=self._serve, name=f"graphgen-run-{number}", daemon=True)
            for number in range(1, self._workers + 1)
        ]
        for thread in self._threads:
            thread.start()

    def close(self, timeout: float | None = None) -> bool:
        """Stop after the nodes at hand and close the store. What was running waits again, at
        the head of the queue, for the next ``open``.

        Args:
            timeout: Seconds to wait for nodes that do not stop; no limit if not given.

        Returns:
            Whether everything stopped in time. If not, the store is closed all the same, and
            the runs that go on are for nothing: they are run again.
        """
        with self._lock:
            if not self._open:
                return True
            self._open = False
            running = list(self._running.values())
            self._work.notify_all()
            self._over.notify_all()
        # Noted before they stop, so that an impatient kill counts for no crash of theirs.
        back = [
            (run.record.run_id, run.record.attempts - 1, run.place)
            for run in running
            if not run.cancelled
        ]
        if back:
            self.store.put_back(back)
        for run in running:
            run.token.cancel()
        until = None if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        self.store.close()
        return not any(thread.is_alive() for thread in self._threads)

    def __enter__(self) -> RunQueue:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Submitting

    def submit(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        priority: int = 0,
        name: str = "",
    ) -> RunRecord:
        """Accept a run; when this returns, it is committed.

        Args:
            inputs: Values of named inputs, as JSON data.
            targets: Run only what these nodes need.
            priority: -100..100; higher goes first.
            name: What to call the run; the workflow's name if not given.

        Raises:
            InvalidWorkflow: With every problem; nothing was accepted.
            QueueFull: As many runs wait as the queue takes.
            DatabaseUnusable: It could not be written.
        """
        self._reserve()
        try:
            _check_priority(priority)
            values = _as_json(inputs or {})
            problems = self.engine.planner.check(workflow.with_inputs(values), targets)
            if problems:
                raise InvalidWorkflow(problems)
            engine = self.engine
            document = Document.of(
                self_contained(workflow, engine.registry, self._keeper, engine.saved_workflow)
            )
            run_id, now = new_run_id(), time.time()
            record = RunRecord(
                run_id=run_id,
                name=name or workflow.name,
                workflow_name=workflow.name,
                status="queued",
                priority=priority,
                created=now,
                folder=_folder_name(workflow.name, run_id, now),
                inputs=values,
                targets=None if targets is None else list(targets),
            )
            with self._lock:
                place = self._next_place
                self._next_place += 1
            self.store.accept(record, place, document)
        except BaseException:
            with self._lock:
                self._arriving -= 1
            raise
        with self._lock:
            self._arriving -= 1
            self._waiting[run_id] = record
            position = self._line.add(run_id, priority, place)
            self._emit(RunQueued(run_id, time.time(), record.name, position, priority))
            self._work.notify()
        return record

    def _reserve(self) -> None:
        with self._lock:
            if not self._open:
                raise QueueClosed
            if len(self._line) + self._arriving >= self.capacity:
                raise QueueFull(len(self._line))
            self._arriving += 1

    # Steering

    @property
    def paused(self) -> bool:
        """Whether no further run is begun; kept through restarts."""
        return self._paused

    def pause(self) -> None:
        """Begin no further run; what is running goes on."""
        self._pause(True)

    def resume(self) -> None:
        self._pause(False)

    def _pause(self, paused: bool) -> None:
        with self._lock:
            if self._paused != paused:
                self.store.set("paused", "1" if paused else "0")
                self._paused = paused
                self._work.notify_all()
                self._tell()

    def reorder(self, run_ids: Sequence[str]) -> None:
        """Let these runs come first within their priority, in this order. Those that do not
        wait any more are passed over.

        Raises:
            UnknownRun: There never was a run of some id.
        """
        with self._lock:
            for run_id in run_ids:
                if not self._is_active(run_id) and not self.store.has(run_id):
                    raise UnknownRun(run_id)
            places = self._line.first_of(run_ids)
            if places:
                self.store.place(places)
                self._line.put(places)
                self._tell()

    def set_priority(self, run_id: str, priority: int) -> RunRecord:
        """Give a waiting run another priority, -100..100; higher goes first.

        Raises:
            UnknownRun: There is no such run.
            RunConflict: It does not wait any more.
            InvalidWorkflow: The priority is out of range.
        """
        _check_priority(priority)
        with self._lock:
            record = self._waiting.get(run_id)
            if record is None:
                raise RunConflict(run_id, self.get(run_id).status, "given another priority")
            self.store.prioritise(run_id, priority)
            self._waiting[run_id] = record = replace(record, priority=priority)
            self._line.move(run_id, priority)
            self._tell()
            return record

    def cancel(self, run_id: str) -> RunRecord:
        """Cancel a run: at once if it waits; one that runs stops at its next step, and its
        record is still ``running`` here.

        Raises:
            UnknownRun: There is no such run.
            RunConflict: It is over.
        """
        with self._lock:
            waiting = self._waiting.get(run_id)
            if waiting is not None:
                now = time.time()
                record = replace(waiting, status="cancelled", finished=now, seconds=0.0)
                self.store.finish(record)
                del self._waiting[run_id]
                self._line.remove(run_id)
                self._ended(record)
                return record
            running = self._running.get(run_id)
            if running is None:
                raise RunConflict(run_id, self.store.get(run_id).status, "cancelled")
            if not running.cancelled:
                self.store.cancelling(run_id)
                running.cancelled = True
        running.token.cancel()
        return running.record

    # Looking

    def active(self) -> list[RunRecord]:
        """What is running, then what waits in its order."""
        with self._lock:
            running = [run.record for run in self._running.values()]
            return running + [self._waiting[run_id] for run_id in self._line]

    def get(self, run_id: str) -> RunRecord:
        """The record of a run, with its nodes if it is over.

        Raises:
            UnknownRun: There is no such run.
        """
        with self._lock:
            if run_id in self._waiting:
                return self._waiting[run_id]
            if run_id in self._running:
                return self._running[run_id].record
        return self.store.get(run_id)

    def wait(self, run_id: str, timeout: float | None = None) -> RunRecord:
        """Wait until a run is over, the queue closes, or the time is up, whichever is first.

        Raises:
            UnknownRun: There is no such run.
        """
        with self._lock:
            self._over.wait_for(lambda: not self._open or not self._is_active(run_id), timeout)
        return self.get(run_id)

    def history(
        self,
        limit: int = 50,
        before: str | None = None,
        status: str | None = None,
        workflow: str | None = None,
    ) -> list[RunRecord]:
        """Runs without their nodes, active ones among them, last accepted first.

        Args:
            before: Only runs accepted before this one, for the next page.
            status: Only runs of this status.
            workflow: Only runs of this name, or whose document has it.

        Raises:
            UnknownRun: There is no run ``before``.
        """
        return self.store.history(limit, before, status, workflow)

    def workflow_of(self, run_id: str) -> Workflow:
        """The document of a run with its inputs in it; to run it is to repeat the run.

        Raises:
            UnknownRun: There is no such run.
        """
        return self.store.workflow(run_id).with_inputs(self.get(run_id).inputs)

    # Working

    def _serve(self) -> None:
        while (run := self._take()) is not None:
            record = self._carry_out(run)
            if record is not None:
                self._finish(run, record)
            del run, record

    def _take(self) -> _Running | None:
        """The next run, noted as begun; waits for it. None when the queue closes."""
        with self._lock:
            while True:
                self._work.wait_for(lambda: not self._open or (self._line and not self._paused))
                if not self._open:
                    return None
                run_id = next(iter(self._line))
                waiting = self._waiting[run_id]
                place = self._line.place(run_id)
                record = replace(
                    waiting, status="running", started=time.time(), attempts=waiting.attempts + 1
                )
                try:
                    self.store.start(record)
                except DatabaseUnusable as error:
                    _log.error("run %s can't be begun: %s", run_id, error)
                    self._work.wait(RETRY_SECONDS)
                    continue
                self._line.take()
                del self._waiting[run_id]
                run = self._running[run_id] = _Running(record, place)
                return run

    def _carry_out(self, run: _Running) -> RunRecord | None:
        """The record of the ended run; None if it was stopped to be run again."""
        workflow = self.store.workflow(run.record.run_id)
        record = carry_out(self.engine, run.record, workflow, run.token, self._emit, self.previews)
        stopped = record.status == "cancelled" and not run.cancelled
        return None if stopped else record

    def _finish(self, run: _Running, record: RunRecord) -> None:
        while True:
            try:
                self.store.finish(record)
                break
            except DatabaseUnusable as error:
                _log.error("the end of run %s can't be noted: %s", record.run_id, error)
                with self._lock:
                    if not self._open:
                        leftovers_of(record, self.engine.workspace.outputs)
                        return
                    self._work.wait(RETRY_SECONDS)
        with self._lock:
            del self._running[record.run_id]
            self._ended(record)

    # Telling

    def _is_active(self, run_id: str) -> bool:
        return run_id in self._waiting or run_id in self._running

    def _ended(self, record: RunRecord) -> None:
        self._emit(RunEnded(record.run_id, time.time(), record.status, record))  # type: ignore[arg-type]
        self._over.notify_all()

    def _tell(self) -> None:
        queued, running = list(self._line), list(self._running)
        self._emit(QueueChanged(time.time(), self._paused, queued, running))

    def _emit(self, event: Any) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener of the queue failed")


def _folder_name(title: str, run_id: str, created: float) -> str:
    """Such as ``20251122-051233-text-to-image-3fa2b1c4``: nobody else's, so that it can be
    cleared when the run is interrupted."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(created))
    return f"{moment}-{slug(title)}-{run_id[-8:]}"


def _check_priority(priority: int) -> None:
    if not isinstance(priority, int) or not -MAX_PRIORITY <= priority <= MAX_PRIORITY:
        raise InvalidWorkflow(
            Problem(
                "bad_priority",
                f"{priority!r} is no priority",
                hint=f"a whole number from {-MAX_PRIORITY} to {MAX_PRIORITY}",
            )
        )


def _as_json(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as they come back from the database, so that a run is what its record says."""
    problems = [
        Problem(
            "value_not_allowed",
            f"the input {name!r} is no JSON data, and can't be kept with the run",
            port=name,
        )
        for name, value in inputs.items()
        if not is_plain(value)
    ]
    if problems:
        raise InvalidWorkflow(problems)
    try:
        return json.loads(json.dumps(inputs))
    except (ValueError, RecursionError) as error:
        problem = Problem("value_not_allowed", f"the inputs are no JSON data: {error}")
        raise InvalidWorkflow(problem) from None
