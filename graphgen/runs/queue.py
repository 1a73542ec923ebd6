"""The queue: takes runs, keeps their order, and has its workers carry them out."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from ..engine import Engine
from ..problems import Problem
from ..workflow import Workflow
from .companions import Companions
from .entrance import Accepted, Entrance
from .line import Entry
from .problems import DatabaseUnusable, RunConflict, UnknownRun
from .record import RunRecord
from .recovery import recover
from .repeats import Key, Repeats
from .state import Listener, Running, State
from .store import RunStore
from .submission import Submission, Submissions, check_priority
from .worker import Worker

_log = logging.getLogger("graphgen.runs")
DEFAULT_CAPACITY = 1000


class RunQueue:
    """Runs workflows in the order of their priority, and of their coming.

    Made once per engine, used from any thread. A run that was accepted is carried out,
    through crashes and restarts, until it ends once.

    Args:
        engine: Carries the runs out; with a disk cache, an interrupted run finds again what
            its nodes had made.
        store: The history.
        capacity: How many runs may wait.
        workers: How many runs go on at the same time; those that can be joined with one that
            goes on are begun beside it, up to ``engine.max_batch``.
        listeners: Told every event of the queue and of its runs, in their order, from the
            threads that cause them; they must return quickly.
    """

    def __init__(
        self,
        engine: Engine,
        store: RunStore,
        *,
        capacity: int = DEFAULT_CAPACITY,
        workers: int = 1,
        listeners: Sequence[Listener] = (),
    ) -> None:
        self.engine = engine
        self.store = store
        self.capacity = capacity
        self._number = workers
        self._listeners = listeners
        self._submissions = Submissions(engine)
        self._repeats = Repeats(store)
        self._state = State(listeners)
        self._workers: list[Worker] = []
        self._companions = Companions(engine, store, self._state)

    # Opening and closing

    def open(self) -> None:
        """Open the store and go on where it was left: what was running runs again, first of
        its priority.

        Raises:
            DatabaseUnusable: Another process has the store, a newer graphgen wrote it, it
                is damaged, or it can't be written.
        """
        self.store.open()
        try:
            recovered = recover(self.store, self.engine.workspace.outputs)
            paused = self.store.setting("paused") == "1"
        except BaseException:
            self.store.close()
            raise
        state = State(self._listeners)
        state.previews = self.previews
        self._state = state
        with state.lock:
            state.line = recovered.line
            state.next_place = max((entry.place for entry in state.line), default=0) + 1
            state.paused = paused
            state.open = True
            for record in recovered.ended:
                state.tell_ended(record)
            if state.line:
                state.tell_changed()
        self._companions = Companions(self.engine, self.store, state)
        state.invite = self._companions.invite
        names = [f"graphgen-run-{number}" for number in range(1, self._number + 1)]
        self._workers = [Worker(self.engine, self.store, state, name) for name in names]
        for worker in self._workers:
            worker.start()

    def close(self, timeout: float | None = None) -> bool:
        """Stop after the nodes at hand and close the store. What was running waits again, at
        the head of the queue, for the next ``open``.

        Args:
            timeout: Seconds to wait for nodes that do not stop; no limit if not given.

        Returns:
            Whether everything stopped in time. If not, the store is closed all the same, and
            what goes on is for nothing: it is run again.
        """
        state = self._state
        with state.lock:
            if not state.open:
                return True
            state.open = False
            state.work.notify_all()
            state.release_waiters()
            state.settled.wait_for(lambda: not state.arriving)  # a commit away
            stopped = [run for run in state.running.values() if not run.cancelled]
        try:
            # Noted before they stop, so that an impatient kill counts for no crash of theirs.
            self.store.put_back(_as_before(run) for run in stopped)
        except DatabaseUnusable as error:
            _log.error("what was running could not be put back into the queue: %s", error)
        for run in stopped:
            run.token.cancel()
        until = None if timeout is None else time.monotonic() + timeout
        ended = [
            worker.join(None if until is None else max(0.0, until - time.monotonic()))
            for worker in [*self._workers, *self._companions.threads]
        ]
        for run in stopped:
            run.abandoned = True
        self.store.close()
        return all(ended)

    def __enter__(self) -> RunQueue:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Submitting

    def submit(
        self,
        workflow: Workflow | Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
        priority: int = 0,
        name: str = "",
        key: Key | None = None,
    ) -> RunRecord:
        """Accept a run; when this returns, it is committed and on the disk.

        Args:
            workflow: One, or a document as plain data.
            inputs: Values of named inputs, as JSON data.
            targets: Run only what these nodes need.
            priority: -100..100; higher goes first.
            name: What to call the run; the workflow's name if not given.
            key: Under which it is submitted once: for a day the same key gives the record of
                that run, and accepts no other.

        Raises:
            InvalidWorkflow: With every problem, or something else was submitted under the
                key; nothing was accepted.
            QueueFull: As many runs wait as the queue takes.
            QueueClosed: It is not open.
            DatabaseUnusable: It could not be written.
        """
        submission = Submission(workflow, inputs or {}, targets, priority, name)
        if key is None:
            return self._submit(submission)
        with self._repeats.alone(key):
            return self.submitted(key) or self._submit(submission, key)

    def _submit(self, submission: Submission, key: Key | None = None) -> RunRecord:
        entrance = self._entrance()
        record, document = self._submissions.admit(submission)
        more = () if key is None else self._repeats.noted(key, record.run_id)
        entrance.let_in(record, document, *more)
        return record

    def submit_known(self, submission: Submission) -> Future[Accepted] | None:
        """``submit`` for an event loop, as it blocks at nothing: the future has the run when
        the disk has it. Takes what was submitted before and stands alone, see
        ``keep.stands_alone``; None for anything else."""
        with self._state.at_once() as free:
            if not free:
                return None
            entrance = self._entrance()
            admitted = self._submissions.admit_known(submission)
            return None if admitted is None else entrance.let_in_soon(*admitted)

    def submitted(self, key: Key) -> RunRecord | None:
        """The run that was submitted under a key within the last day, if there is one.

        Raises:
            InvalidWorkflow: Something else was submitted under it.
        """
        run_id = self._repeats.run_of(key)
        return None if run_id is None else self.get(run_id)

    def _entrance(self) -> Entrance:
        entrance = Entrance(self._state, self.store, self.capacity)
        entrance.check_room()
        return entrance

    # Steering

    @property
    def previews(self) -> bool:
        """Whether the progress of runs carries small pictures; read when a run begins."""
        return self._state.previews

    @previews.setter
    def previews(self, wanted: bool) -> None:
        self._state.previews = wanted

    @property
    def problem(self) -> Problem | None:
        """Why the queue stands still although runs wait: its database takes nothing."""
        return self._state.problem

    @property
    def paused(self) -> bool:
        """Whether no further run begins; kept through restarts."""
        return self._state.paused

    def pause(self) -> None:
        """Begin no further run; what is running goes on."""
        self._pause(True)

    def resume(self) -> None:
        """Begin runs again."""
        self._pause(False)

    def _pause(self, paused: bool) -> None:
        state = self._state
        with state.lock:
            if state.paused != paused:
                self.store.set("paused", "1" if paused else "0")
                state.paused = paused
                state.work.notify_all()
                state.tell_changed()

    def reorder(self, run_ids: Sequence[str]) -> None:
        """Let these runs come first within their priority, in this order. Those that do not
        wait any more are passed over.

        Raises:
            UnknownRun: There never was a run of some id.
        """
        state = self._state
        with state.lock:
            for run_id in run_ids:
                if not state.is_active(run_id) and not self.store.has(run_id):
                    raise UnknownRun(run_id)
            places = state.line.places_in_front(run_ids)
            if places:
                self.store.place(places)
                state.line.put(places)
                state.tell_changed()

    def set_priority(self, run_id: str, priority: int) -> RunRecord:
        """Give a waiting run another priority, -100..100; higher goes first.

        Raises:
            UnknownRun: There is no such run.
            RunConflict: It does not wait any more.
            InvalidWorkflow: The priority is out of range.
        """
        check_priority(priority)
        state = self._state
        with state.lock:
            entry = state.line.get(run_id)
            if entry is None:
                raise RunConflict(run_id, self.get(run_id).status, "given another priority")
            self.store.prioritise(entry, priority)
            state.line.prioritise(run_id, priority)
            state.tell_changed()
            return entry.record

    def cancel(self, run_id: str) -> RunRecord:
        """Cancel a run: at once if it waits; one that runs stops at its next step, and its
        record is still ``running`` here.

        Raises:
            UnknownRun: There is no such run.
            RunConflict: It is over.
        """
        state = self._state
        with state.lock:
            entry = state.line.get(run_id)
            if entry is not None:
                ended = replace(entry.record, status="cancelled", finished=time.time(), seconds=0.0)
                self.store.cancel(replace(entry, record=ended))
                state.line.remove(run_id)
                state.tell_ended(ended)
                return ended
            run = state.running.get(run_id)
            if run is None:
                raise RunConflict(run_id, self.store.get(run_id).status, "cancelled")
            if not run.cancelled:
                self.store.note_cancelling(run.entry)
                run.cancelled = True
        run.token.cancel()
        return run.entry.record

    # Looking

    def active(self) -> list[RunRecord]:
        """What is running, then what waits in its order."""
        state = self._state
        with state.lock:
            entries = [*(run.entry for run in state.running.values()), *state.line]
            return [entry.record for entry in entries]

    def get(self, run_id: str) -> RunRecord:
        """The record of a run, with its nodes if it is over.

        Raises:
            UnknownRun: There is no such run.
        """
        with self._state.lock:
            record = self._state.record_of(run_id)
        return record or self.store.get(run_id)

    def position(self, run_id: str) -> int:
        """How many runs are before one that waits; 0 for any other."""
        with self._state.lock:
            return self._state.line.position(run_id)

    def wait(self, run_id: str, timeout: float | None = None) -> RunRecord:
        """Wait until a run is over, the queue closes, or the time is up, whichever is first.

        Args:
            timeout: Seconds; no limit if not given.

        Raises:
            UnknownRun: There is no such run.
        """
        waiter = self._state.waiter(run_id)
        if waiter is not None:
            waiter.wait(timeout)
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
        return self.store.workflow_of(run_id).with_inputs(self.get(run_id).inputs)


def _as_before(run: Running) -> Entry:
    """The entry of a run as if this attempt had not been."""
    record = run.entry.record
    return replace(run.entry, record=replace(record, attempts=record.attempts - 1))
