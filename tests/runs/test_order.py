"""Who goes next: priorities, reordering, pausing, room."""

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from graphgen import Engine, InvalidWorkflow
from graphgen.runs import (
    QueueChanged,
    QueueFull,
    RunConflict,
    RunEnded,
    RunQueue,
    RunQueued,
    RunStore,
    UnknownRun,
)
from tests.runs.nodes import HERE, NODES, TYPES, WAIT, adding, one
from tests.support import CORE, Background, Pack

pytestmark = pytest.mark.timeout(120)


def order(queue):
    return [record.run_id for record in queue.active()]


def submit(queue, count, **options):
    return [queue.submit(one("runs/note"), {"value": at}, **options).run_id for at in range(count)]


def finish(queue):
    """Let everything run, and wait for it."""
    queue.resume()
    for run_id in order(queue):
        queue.wait(run_id, WAIT)


def test_first_come_first_served(queue):
    queue.pause()
    ids = submit(queue, 5)

    assert order(queue) == ids
    finish(queue)
    assert HERE.order == [0, 1, 2, 3, 4]


def test_higher_priorities_go_first(queue, events):
    queue.pause()
    low = queue.submit(one("runs/note"), {"value": 1}, priority=-5).run_id
    usual = queue.submit(one("runs/note"), {"value": 2}).run_id
    high = queue.submit(one("runs/note"), {"value": 3}, priority=5).run_id
    also_high = queue.submit(one("runs/note"), {"value": 4}, priority=5).run_id

    assert order(queue) == [high, also_high, usual, low]
    positions = [event.position for event in events if isinstance(event, RunQueued)]
    assert positions == [0, 0, 0, 1]
    finish(queue)
    assert HERE.order == [3, 4, 2, 1]


def test_a_priority_can_be_changed(queue, events):
    queue.pause()
    first, second, third = submit(queue, 3)

    record = queue.set_priority(third, 10)
    queue.set_priority(second, 10)

    assert (record.priority, queue.get(third).priority) == (10, 10)
    assert order(queue) == [second, third, first]
    assert [e.queued for e in events if isinstance(e, QueueChanged)][-1] == order(queue)
    with pytest.raises(InvalidWorkflow):
        queue.set_priority(first, 1000)
    with pytest.raises(UnknownRun):
        queue.set_priority("nobody", 1)


def test_what_has_begun_has_no_priority_any_more(queue):
    running = queue.submit(one("runs/hold")).run_id
    HERE.begun.get(timeout=WAIT)

    with pytest.raises(RunConflict) as refused:
        queue.set_priority(running, 5)
    assert refused.value.status == "running"

    HERE.go.set()
    queue.wait(running, WAIT)
    with pytest.raises(RunConflict, match="succeeded"):
        queue.set_priority(running, 5)


def test_reordering_brings_runs_to_the_front_of_their_priority(queue, events):
    queue.pause()
    a, b, c, d = submit(queue, 4)
    high = queue.submit(adding(), priority=1).run_id

    queue.reorder([d, b, d])

    assert order(queue) == [high, d, b, a, c]
    changed = events[-1]
    assert isinstance(changed, QueueChanged)
    assert (changed.paused, changed.queued, changed.running) == (True, order(queue), [])


def test_reordering_passes_over_what_does_not_wait(queue):
    ended = queue.submit(adding()).run_id
    queue.wait(ended, WAIT)
    queue.pause()
    a, b = submit(queue, 2)

    queue.reorder([ended, b])

    assert order(queue) == [b, a]
    with pytest.raises(UnknownRun):
        queue.reorder([a, "nobody"])
    assert order(queue) == [b, a]


def test_the_order_outlives_a_restart(queue, make_queue):
    queue.pause()
    a, b, c, d = submit(queue, 4)
    queue.reorder([c, b])
    queue.set_priority(d, 7)
    queue.close()

    again = make_queue()

    assert again.paused
    assert order(again) == [d, c, b, a]
    new = again.submit(one("runs/note"), {"value": 9}).run_id
    assert order(again) == [d, c, b, a, new]
    finish(again)
    assert HERE.order == [3, 2, 1, 0, 9]


def test_opening_tells_of_those_who_wait(queue, make_queue):
    queue.pause()
    ids = submit(queue, 2)
    queue.close()
    heard = []

    make_queue(listeners=[heard.append])

    assert [(e.paused, e.queued) for e in heard] == [(True, ids)]


def test_pausing_lets_the_running_one_end(queue, events):
    running = queue.submit(one("runs/hold")).run_id
    HERE.begun.get(timeout=WAIT)
    waiting = queue.submit(adding()).run_id

    queue.pause()
    queue.pause()
    HERE.go.set()

    assert queue.paused
    assert queue.wait(running, WAIT).status == "succeeded"
    assert queue.wait(waiting, 0.05).status == "queued"
    queue.resume()
    assert not queue.paused
    assert queue.wait(waiting, WAIT).status == "succeeded"
    assert [e.paused for e in events if isinstance(e, QueueChanged)] == [True, False]


def test_a_full_queue_says_so(make_queue):
    queue = make_queue(capacity=2)
    queue.pause()
    first, _ = submit(queue, 2)

    with pytest.raises(QueueFull) as refused:
        queue.submit(adding())

    (problem,) = refused.value.problems
    assert problem.code == "queue_full"
    assert "2" in problem.message
    assert problem.hint
    queue.cancel(first)
    queue.submit(adding())
    assert len(queue.history()) == 3


def test_what_runs_takes_no_room(make_queue):
    queue = make_queue(capacity=1)
    queue.submit(one("runs/hold"))
    HERE.begun.get(timeout=WAIT)

    queue.submit(adding())
    with pytest.raises(QueueFull):
        queue.submit(adding())


def test_a_queue_that_became_smaller_keeps_what_it_accepted(queue, make_queue):
    queue.pause()
    ids = submit(queue, 3)
    queue.close()

    again = make_queue(capacity=1)

    assert order(again) == ids
    with pytest.raises(QueueFull):
        again.submit(adding())


def until(condition):
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_free_worker_keeps_to_the_run_it_is_meant_for(queue):
    """A run that need not wait is noted as begun when it is accepted; another that comes
    while that is being written does not take its worker."""
    with queue.store._database._writing:
        first = Background(queue.submit, one("runs/hold"), {"value": 1})
        until(lambda: queue._state.arriving == 1)
        second = Background(queue.submit, one("runs/note"), {"value": 2})
        until(lambda: queue._state.arriving == 2)
    first, second = first.result(), second.result()

    assert HERE.begun.get(timeout=WAIT) == 1
    assert [r.status for r in queue.active()] == ["running", "queued"]
    assert [r.status for r in queue.history()] == ["queued", "running"]
    HERE.go.set()
    assert queue.wait(second.run_id, WAIT).status == "succeeded"
    assert [r.attempts for r in queue.history()] == [1, 1]


class QueueAndModel(RuleBasedStateMachine):
    """The queue beside a list: the places in it decide among equals in priority.

    One run goes at a time: its node pauses the queue.
    """

    engine = None

    def __init__(self):
        super().__init__()
        if QueueAndModel.engine is None:
            workspace = tempfile.mkdtemp()
            pack = Pack(*CORE, *NODES, types=TYPES)
            QueueAndModel.engine = Engine([pack], installed=False, workspace=workspace)
        self.folder = tempfile.TemporaryDirectory()
        self.listed = []
        self.priority = {}
        self.ended = {}
        self.told = []
        HERE.reset()

    @initialize()
    def begin(self):
        self.open()
        self.queue.pause()

    def open(self):
        store = RunStore(Path(self.folder.name) / "graphgen.db")
        self.queue = HERE.queue = RunQueue(self.engine, store, listeners=[self.told.append])
        self.queue.open()

    @property
    def expected(self):
        return sorted(self.listed, key=lambda run_id: -self.priority[run_id])

    @rule(priority=st.sampled_from([-1, 0, 0, 0, 2]))
    def submit(self, priority):
        record = self.queue.submit(one("runs/step"), {"value": 1}, priority=priority)
        self.listed.append(record.run_id)
        self.priority[record.run_id] = priority

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def cancel(self, data):
        run_id = data.draw(st.sampled_from(self.listed))
        assert self.queue.cancel(run_id).status == "cancelled"
        self.listed.remove(run_id)
        self.ended[run_id] = "cancelled"

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def reorder(self, data):
        known = self.listed + list(self.ended)
        chosen = data.draw(st.lists(st.sampled_from(known), max_size=4))
        self.queue.reorder(chosen)
        front = [run_id for run_id in dict.fromkeys(chosen) if run_id in self.listed]
        self.listed = front + [run_id for run_id in self.listed if run_id not in front]

    @precondition(lambda self: self.listed)
    @rule(data=st.data(), priority=st.integers(-1, 2))
    def set_priority(self, data, priority):
        run_id = data.draw(st.sampled_from(self.listed))
        self.queue.set_priority(run_id, priority)
        self.priority[run_id] = priority

    @precondition(lambda self: self.listed)
    @rule()
    def run_one(self):
        expected = self.expected[0]
        self.queue.resume()
        assert self.queue.wait(expected, WAIT).status == "succeeded"
        self.listed.remove(expected)
        self.ended[expected] = "succeeded"

    @rule()
    def restart(self):
        self.queue.close()
        self.open()

    @invariant()
    def they_agree(self):
        if not hasattr(self, "queue"):
            return
        assert order(self.queue) == self.expected
        kept = {record.run_id: record for record in self.queue.history(1000)}
        statuses = {id: record.status for id, record in kept.items()}
        assert statuses == {**dict.fromkeys(self.listed, "queued"), **self.ended}
        assert all(kept[id].priority == self.priority[id] for id in kept)

    def teardown(self):
        self.queue.close()
        ends = [event.run_id for event in self.told if isinstance(event, RunEnded)]
        assert sorted(ends) == sorted(self.ended)
        self.folder.cleanup()


QueueAndModel.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestQueueAndModel = QueueAndModel.TestCase
