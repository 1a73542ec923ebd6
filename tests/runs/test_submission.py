"""What is submitted: checked once if it can't come to mean something else, and let in without
anybody waiting for the disk."""

import json
import threading
import time
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgen import InputFile, InvalidWorkflow, Workflow, node
from graphgen.runs import DatabaseUnusable, QueueClosed, QueueFull, RunQueued, Submission
from graphgen.runs.submission import _keys
from tests.runs.nodes import WAIT, adding
from tests.runs.test_database import fill, let_grow, stop_growing
from tests.support import Background, graph

pytestmark = pytest.mark.timeout(60)
SUM = graph(
    {"a": ("core/number", {"value": 2}), "b": ("core/add", {"a": "=a.value", "b": 3})},
    {"sum": "b.value"},
    {"x": "a.value"},
)


@node("submission/read", title="Read")
def read(file: Annotated[str, InputFile()]) -> str:
    """Name a file."""
    return file


def asked(document=SUM, inputs=None, targets=None, **more):
    return Submission(document, inputs or {}, targets, **more)


def soon(queue, submission):
    """A future of a run that is submitted without waiting; it is known from a check."""
    queue._submissions.admit(submission)
    until = time.monotonic() + WAIT
    while (future := queue.submit_known(submission)) is None:  # somebody holds the queue
        assert time.monotonic() < until
        time.sleep(0.001)
    return future


def accepted(future):
    return future.result(WAIT)


# Without waiting


def test_a_run_is_accepted_by_a_thread_and_ends(queue):
    record, position = accepted(soon(queue, asked(inputs={"x": 4}, name="four")))

    assert (record.status, record.name, record.inputs, position) == ("queued", "four", {"x": 4}, 0)
    assert queue.wait(record.run_id, WAIT).outputs == {"sum": [{"value": 7}]}


def test_it_is_told_before_it_is_accepted(queue, events):
    record, _ = accepted(soon(queue, asked()))

    assert isinstance(events[0], RunQueued)
    assert events[0].run_id == record.run_id


def test_the_position_is_how_many_are_before_it(queue):
    queue.pause()
    found = [accepted(soon(queue, asked(priority=p))) for p in (0, 0, 5, 0)]

    assert [position for _, position in found] == [0, 1, 0, 3]
    assert [queue.position(record.run_id) for record, _ in found] == [1, 2, 0, 3]
    assert queue.position("nobody") == 0


def test_many_share_a_commit_and_keep_their_order(queue):
    queue.pause()
    commits = []
    writer = queue.store._database._writer
    writer.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    with queue.store._database._writing:
        futures = [soon(queue, asked(inputs={"x": at})) for at in range(20)]
        assert not any(future.done() for future in futures)
    records = [accepted(future).record for future in futures]
    writer.set_trace_callback(None)

    assert len(commits) <= 2  # the first may have been alone
    assert [record.run_id for record in queue.active()] == [record.run_id for record in records]
    assert [record.inputs for record in records] == [{"x": at} for at in range(20)]


def test_room_is_kept_for_those_on_their_way(make_queue):
    queue = make_queue(capacity=2)
    queue.pause()
    with queue.store._database._writing:
        futures = [soon(queue, asked()) for _ in range(2)]
        with pytest.raises(QueueFull):
            soon(queue, asked())
    assert [accepted(future).position for future in futures] == [0, 1]
    with pytest.raises(QueueFull):
        queue.submit_known(asked())


def test_a_full_disk_is_told_to_who_has_the_future(queue):
    queue.pause()
    stop_growing(queue)
    fill(queue)

    future = soon(queue, asked(name="n" * 5000))

    with pytest.raises(DatabaseUnusable) as refused:
        accepted(future)
    assert [problem.code for problem in refused.value.problems] == ["disk_full"]
    assert queue.active() == []
    let_grow(queue)
    run_id = accepted(soon(queue, asked(name="n" * 5000))).record.run_id
    queue.resume()
    assert queue.wait(run_id, WAIT).status == "succeeded"


def test_a_disk_that_fails_is_told_and_the_queue_goes_on(queue, monkeypatch):
    def fail(handle):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("graphgen.runs.flush._to_disk", fail)
        with pytest.raises(DatabaseUnusable):
            accepted(soon(queue, asked()))

    record, _ = accepted(soon(queue, asked()))
    assert queue.wait(record.run_id, WAIT).status == "succeeded"


def test_closing_waits_for_those_on_their_way(queue, make_queue):
    queue.pause()
    writing = queue.store._database._writing
    with writing:
        future = soon(queue, asked())
        closing = Background(queue.close)
        assert not closing.ended(0.05)
    assert closing.result(WAIT)

    record, _ = accepted(future)
    assert [waiting.run_id for waiting in make_queue().active()] == [record.run_id]
    with pytest.raises(QueueClosed):
        soon(queue, asked())
    with pytest.raises(QueueClosed):
        queue.submit_known(asked())


def test_a_listener_that_steers_the_queue_holds_nobody_up(make_queue):
    """It is told by the thread that writes, which others wait for."""

    def steer(event):
        if isinstance(event, RunQueued):
            queue.set_priority(event.run_id, 7)
            if not event.name:
                queue.submit(adding(), name="by the listener")

    queue = make_queue()
    queue.pause()
    queue._state._listeners.append(steer)

    record, _ = accepted(soon(queue, asked()))

    assert queue.get(record.run_id).priority == 7
    assert sorted(r.name for r in queue.active()) == ["", "by the listener"]


# What was checked before


@pytest.fixture
def still(queue):
    """A queue that stands still, so that nobody else ever holds its lock."""
    queue.pause()
    return queue


def test_what_was_submitted_before_is_taken_at_once(still):
    assert still.submit_known(asked(inputs={"x": 4})) is None
    still.submit(SUM, {"x": 4})

    record, _ = accepted(still.submit_known(asked(inputs={"x": 4}, priority=3, name="again")))

    still.resume()
    ended = still.wait(record.run_id, WAIT)
    assert (ended.status, ended.priority, ended.name) == ("succeeded", 3, "again")
    assert (ended.inputs, ended.outputs) == ({"x": 4}, {"sum": [{"value": 7}]})
    assert still.workflow_of(record.run_id) == Workflow.parse(SUM).with_inputs({"x": 4})


@pytest.mark.parametrize(
    "other",
    [
        asked(inputs={"x": 5}),
        asked(inputs={"x": 4.0}),
        asked(inputs={"x": True}),
        asked(),
        asked(inputs={"x": 4}, targets=["a"]),
        asked(inputs={"x": 4}, targets=[]),
        asked({**SUM, "name": "Sum"}, {"x": 4}),
        asked(Workflow.parse(SUM), {"x": 4}),
    ],
)
def test_anything_else_is_checked(still, other):
    still.submit(SUM, {"x": 4})

    assert still.submit_known(asked(inputs={"x": 4})) is not None
    assert still.submit_known(other) is None


def test_inputs_are_checked_anew(still):
    still.submit(SUM, {"x": 4})

    for _ in range(2):
        assert still.submit_known(asked(inputs={"x": "four"})) is None
        with pytest.raises(InvalidWorkflow):
            still.submit(SUM, {"x": "four"})
        with pytest.raises(InvalidWorkflow):
            still.submit_known(asked(inputs={"x": 4}, priority=1000))


def test_runs_of_the_same_submission_share_nothing_that_can_change(still):
    still.pause()
    first = still.submit(SUM, {"x": 4}, ["b"])
    second = accepted(still.submit_known(asked(inputs={"x": 4}, targets=["b"]))).record

    first.inputs["x"] = 9
    first.targets.clear()

    assert (second.inputs, second.targets) == ({"x": 4}, ["b"])
    third = accepted(still.submit_known(asked(inputs={"x": 4}, targets=["b"]))).record
    assert (third.inputs, third.targets) == ({"x": 4}, ["b"])


def test_what_lies_outside_is_looked_at_every_time(make_engine, make_queue):
    engine = make_engine(read)
    engine.workspace.inputs.mkdir(parents=True)
    (engine.workspace.inputs / "a.txt").touch()
    (engine.workspace.workflows).mkdir(parents=True)
    Workflow.parse(SUM).write(engine.workspace.workflows / "sum.json")
    queue = make_queue(engine)
    queue.pause()
    naming = [
        graph({"r": ("submission/read", {"file": "a.txt"})}),
        graph({"s": "workflow/sum"}),
    ]
    for document in naming:
        queue.submit(document)
        assert queue.submit_known(asked(document)) is None

    (engine.workspace.inputs / "a.txt").unlink()
    (engine.workspace.workflows / "sum.json").unlink()

    for document in naming:
        with pytest.raises(InvalidWorkflow):
            queue.submit(document)


def test_what_a_run_takes_from_outside_is_what_is_there_then(make_engine, make_queue, tmp_path):
    engine = make_engine(read)
    engine.workspace.workflows.mkdir(parents=True)
    queue = make_queue(engine)
    queue.pause()
    document = graph({"s": "workflow/inner"}, {"out": "s.value"})

    def ran(value):
        inner = graph({"n": ("core/show", {"value": value})}, {"value": "n.value"})
        Workflow.parse(inner).write(engine.workspace.workflows / "inner.json")
        record = queue.submit(document)
        return queue.workflow_of(record.run_id).workflows["inner"].nodes["n"].inputs["value"]

    values = [2, 2, 2.0, True, 2]
    assert [repr(ran(value)) for value in values] == [repr(value) for value in values]


def test_packs_that_are_loaded_again_check_it_again(still):
    still.submit(SUM)
    assert still.submit_known(asked()) is not None

    still.engine.reload_plugins()

    assert still.submit_known(asked()) is None
    still.submit(SUM)
    assert still.submit_known(asked()) is not None


def test_it_does_not_wait_for_who_holds_the_queue(still):
    """Such as pausing, which notes that on the disk."""
    still.submit(SUM)
    held, go = threading.Event(), threading.Event()

    def hold():
        with still._state.lock:
            held.set()
            assert go.wait(WAIT)

    holding = Background(hold)
    assert held.wait(WAIT)
    assert still.submit_known(asked()) is None
    go.set()
    holding.result(WAIT)
    assert still.submit_known(asked()) is not None


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


ANY = st.dictionaries(st.text(), PLAIN, max_size=3)


@given(ANY, ANY, ANY, ANY)
def test_submissions_of_equal_keys_are_equal(one, other, inputs, others):
    first, second = _keys(Submission(one, inputs)), _keys(Submission(other, others))

    alike = repr(one) == repr(other)
    assert (first.workflow == second.workflow) == alike
    assert (first.submission == second.submission) == (alike and repr(inputs) == repr(others))


@given(ANY, ANY)
def test_equal_submissions_have_equal_keys(one, inputs):
    again = json.loads(json.dumps([one, inputs]))

    assert _keys(Submission(one, inputs, ["a"])) == _keys(Submission(*again, ["a"]))
