"""Cancelling runs, and closing a queue under them."""

import time

import pytest

from graphgen import Workflow
from graphgen.runs import RunConflict, RunEnded
from tests.runs.nodes import HERE, WAIT, adding, files_below, one, values
from tests.support import Background, graph

pytestmark = pytest.mark.timeout(60)


def begin(queue, type_="runs/hold", **options):
    run_id = queue.submit(one(type_), **options).run_id
    HERE.begun.get(timeout=WAIT)
    return run_id


def ends(events):
    return [(e.run_id, e.status) for e in events if isinstance(e, RunEnded)]


def test_a_waiting_run_is_cancelled_at_once(queue, events):
    running = begin(queue)
    waiting = queue.submit(one("runs/note")).run_id

    record = queue.cancel(waiting)

    assert record.status == "cancelled"
    assert record.finished >= record.created
    assert (record.started, record.attempts) == (None, 0)
    assert queue.get(waiting) == record
    assert [r.run_id for r in queue.active()] == [running]
    HERE.go.set()
    queue.wait(running, WAIT)
    assert HERE.order == []
    assert ends(events) == [(waiting, "cancelled"), (running, "succeeded")]


def test_a_running_one_stops_at_its_next_step(queue, events):
    run_id = begin(queue)

    assert queue.cancel(run_id).status == "running"
    record = queue.wait(run_id, WAIT)

    assert record.status == "cancelled"
    assert record.problems == []
    assert record.nodes["n"]["status"] == "skipped"
    assert ends(events) == [(run_id, "cancelled")]
    assert queue.wait(queue.submit(adding()).run_id, WAIT).status == "succeeded"


def test_cancelling_twice_is_no_mistake_while_it_runs(queue):
    run_id = begin(queue, "runs/deaf")

    queue.cancel(run_id)
    assert queue.cancel(run_id).status == "running"
    HERE.go.set()

    assert queue.wait(run_id, WAIT).status == "succeeded"  # it had nothing left to do


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled"])
def test_what_is_over_can_not_be_cancelled(queue, status):
    if status == "cancelled":
        queue.pause()
    workflow = one("core/fail") if status == "failed" else adding()
    run_id = queue.submit(workflow).run_id
    if status == "cancelled":
        queue.cancel(run_id)

    assert queue.wait(run_id, WAIT).status == status
    with pytest.raises(RunConflict, match=status) as refused:
        queue.cancel(run_id)
    assert refused.value.status == status


def test_what_was_made_before_it_was_cancelled_is_kept(queue):
    document = graph(
        {"page": ("runs/page", {"value": 4, "size": 8}), "hold": ("runs/hold", {})},
        {"first": "page.page", "second": "hold.value"},
    )
    run_id = queue.submit(Workflow.parse(document)).run_id
    HERE.begun.get(timeout=WAIT)

    queue.cancel(run_id)
    record = queue.wait(run_id, WAIT)

    assert list(record.outputs) == ["first"]
    path = queue.engine.workspace.outputs / record.outputs["first"][0]["file"]
    assert path.read_text() == "4:xxxxx!"


def test_closing_puts_what_runs_back_at_the_head(queue, make_queue, events):
    running = begin(queue)
    waiting = queue.submit(one("runs/note"), {"value": 1}).run_id
    first = queue.submit(one("runs/note"), {"value": 2}, priority=1).run_id

    assert queue.close(timeout=WAIT)

    assert ends(events) == []
    HERE.go.set()
    again = make_queue()
    assert again.wait(running, WAIT).status == "succeeded"
    assert again.get(running).attempts == 1
    again.wait(waiting, WAIT)
    assert HERE.order == [2, 1]
    assert again.get(first).status == "succeeded"


def test_closing_and_opening_for_ever_is_no_crash(queue, make_queue):
    running = begin(queue)
    for _ in range(4):
        queue.close(timeout=WAIT)
        queue = make_queue()
        HERE.begun.get(timeout=WAIT)
    HERE.go.set()

    record = queue.wait(running, WAIT)
    assert (record.status, record.attempts) == ("succeeded", 1)


def test_a_stopped_run_leaves_no_files(queue):
    document = graph(
        {
            "page": ("runs/page", {"value": 4}),
            "write": "runs/write",
            "hold": ("runs/hold", {}),
        },
        {"first": "page.page", "written": "write.value", "last": "hold.value"},
    )
    queue.submit(Workflow.parse(document))
    HERE.begun.get(timeout=WAIT)
    outputs = queue.engine.workspace.outputs

    queue.close(timeout=WAIT)

    assert files_below(outputs) == set()


def test_closing_does_not_wait_for_ever(queue, make_queue):
    run_id = begin(queue, "runs/deaf")

    assert queue.close(timeout=0.1) is False

    again = make_queue()
    HERE.begun.get(timeout=WAIT)
    HERE.go.set()
    record = again.wait(run_id, WAIT)
    assert (record.status, record.attempts) == ("succeeded", 1)


def test_a_run_that_ends_while_the_queue_closes_is_over(queue, make_queue, events):
    run_id = begin(queue, "runs/deaf")
    closing = Background(queue.close)
    while queue._state.open:
        time.sleep(0.001)
    HERE.go.set()

    assert closing.result() is True

    assert ends(events) == [(run_id, "succeeded")]
    assert values(make_queue().get(run_id)) == {"out": [0]}
    assert HERE.begun.empty()


def test_who_waits_is_let_go_when_the_queue_closes(queue):
    run_id = begin(queue)
    waiting = Background(queue.wait, run_id)
    time.sleep(0.05)

    queue.close(timeout=WAIT)

    assert waiting.ended(WAIT)


def test_cancelling_what_is_put_back_holds_after_the_restart(queue, make_queue):
    """Cancelled, and the queue closed before the node noticed."""
    run_id = begin(queue, "runs/deaf")
    queue.cancel(run_id)

    queue.close(timeout=0.1)
    again = make_queue()

    assert again.get(run_id).status == "cancelled"
    assert again.active() == []
