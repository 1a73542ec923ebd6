"""A run from its submission to its record."""

import json
import threading
import time

import pytest

from graphgen import Context, InvalidWorkflow, Workflow, node
from graphgen.engine import events as ev
from graphgen.runs import (
    QueueChanged,
    QueueClosed,
    RunEnded,
    RunQueue,
    RunQueued,
    RunStore,
    UnknownRun,
)
from graphgen.runs import store as store_module
from tests.runs.nodes import HERE, WAIT, adding, one, values
from tests.support import CALLS, codes, graph

pytestmark = pytest.mark.timeout(60)


def test_a_run_ends_with_its_outputs_nodes_and_times(queue):
    before = time.time()

    accepted = queue.submit(adding(), {"x": 40})
    record = queue.wait(accepted.run_id, WAIT)

    assert accepted.status == "queued"
    assert record.status == "succeeded"
    assert record.outputs == {"sum": [{"value": 42}]}
    assert {id: node["status"] for id, node in record.nodes.items()} == {
        "a": "executed",
        "b": "executed",
        "c": "executed",
    }
    assert before <= record.created <= record.started <= record.finished <= time.time()
    assert 0 < record.seconds < WAIT
    assert (record.attempts, record.problems, record.targets) == (1, [], None)
    assert (record.name, record.workflow_name, record.inputs) == ("Adding", "Adding", {"x": 40})


def test_the_record_is_the_same_from_the_database(queue, make_queue):
    record = queue.wait(queue.submit(adding(), {"x": 1}, name="sums").run_id, WAIT)
    queue.close()

    again = make_queue().get(record.run_id)

    assert again == record
    assert json.loads(json.dumps(again.to_dict())) == again.to_dict()
    assert again.to_dict()["nodes"]["c"]["status"] == "executed"


def test_events_come_in_order(queue, events):
    run_id = queue.submit(adding(), {"x": 5}, name="five").run_id
    queue.wait(run_id, WAIT)

    kinds = [type(event).__name__ for event in events]
    assert kinds[:2] == ["RunQueued", "RunStarted"]
    assert kinds[-2:] == ["RunFinished", "RunEnded"]
    assert {event.run_id for event in events} == {run_id}
    assert (events[0].name, events[0].position, events[0].priority) == ("five", 0, 0)
    assert kinds.count("NodeFinished") == 3


def test_the_end_is_told_when_it_is_committed_and_saved(make_queue):
    seen = []

    def look(event):
        if isinstance(event, RunEnded):
            record = queue.store.get(event.run_id)
            path = queue.engine.workspace.outputs / record.outputs["out"][0]["file"]
            seen.append((event.status, record == event.record, path.read_text()))

    queue = make_queue(listeners=[look])
    queue.wait(queue.submit(one("runs/page", "page", size=10), {"value": 7}).run_id, WAIT)

    assert seen == [("succeeded", True, "7:xxxxxxx!")]


def test_a_listener_that_fails_is_told_the_rest_all_the_same(make_queue):
    heard = []

    def deaf(event):
        heard.append(event)
        raise ValueError("I can't hear you")

    queue = make_queue(listeners=[deaf])
    record = queue.wait(queue.submit(adding()).run_id, WAIT)

    assert record.status == "succeeded"
    assert isinstance(heard[-1], RunEnded)


def test_a_listener_may_use_the_queue(make_queue):
    seen = []

    def look(event):
        if isinstance(event, (RunQueued, RunEnded)):
            seen.append(queue.get(event.run_id).status)
            queue.active()

    queue = make_queue(listeners=[look])
    queue.wait(queue.submit(adding()).run_id, WAIT)

    assert seen[-1] == "succeeded"


def test_a_node_that_fails_fails_the_run_and_the_queue_goes_on(queue):
    bad = Workflow.parse(
        graph(
            {"n": ("core/refuse", {"value": 3}), "m": "core/number"},
            {"a": "n.value", "b": "m.value"},
        )
    )

    failed = queue.wait(queue.submit(bad).run_id, WAIT)
    after = queue.wait(queue.submit(adding()).run_id, WAIT)

    assert failed.status == "failed"
    assert codes(failed.problems) == [("wont_do", "n", "value")]
    assert failed.problems[0].hint == "try another"
    assert values(failed) == {"b": [0]}
    assert failed.nodes["n"]["status"] == "failed"
    assert after.status == "succeeded"


def test_what_can_not_be_planned_is_refused_with_every_problem(queue, events):
    bad = Workflow.parse(
        graph({"a": "no/such", "b": ("core/add", {"b": "x"})}, {"a": "a.value", "b": "b.value"})
    )

    with pytest.raises(InvalidWorkflow) as refused:
        queue.submit(bad)

    assert {p.code for p in refused.value.problems} >= {"unknown_node_type", "missing_input"}
    assert queue.history() == []
    assert events == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"inputs": {"z": 1}}, "unknown_input"),
        ({"inputs": {"x": object()}}, "value_not_allowed"),
        ({"inputs": {"x": "text"}}, "value_not_allowed"),
        ({"targets": ["nobody"]}, "unknown_node"),
        ({"priority": 101}, "bad_priority"),
        ({"priority": -101}, "bad_priority"),
        ({"priority": True}, "bad_priority"),
    ],
)
def test_arguments_that_can_not_be_are_refused(queue, options, code):
    with pytest.raises(InvalidWorkflow) as refused:
        queue.submit(adding(), **options)

    assert code in {problem.code for problem in refused.value.problems}
    assert queue.history() == []


def test_what_a_target_does_not_need_may_be_unfinished(queue):
    half_drawn = Workflow.parse(
        graph({"a": ("core/number", {"value": 3}), "b": "core/add"}, {"sum": "b.value"})
    )

    record = queue.wait(queue.submit(half_drawn, targets=["a"]).run_id, WAIT)

    assert record.status == "succeeded"
    assert record.targets == ["a"]
    assert values(record) == {"a.value": [3]}


def test_a_client_that_submits_does_not_wait_for_torch(queue):
    queue.pause()
    queue.engine._device = None  # chosen when it is first asked for, by importing torch
    queue.submit(one("runs/on_device"))

    assert queue.engine._device is None
    assert not CALLS


def test_a_run_that_turns_out_impossible_is_failed(queue, engine):
    workflow = Workflow.parse(graph({"n": "core/number"}, {"out": "n.value"}))
    queue.pause()
    run_id = queue.submit(workflow).run_id
    spec = engine.registry.nodes.pop("core/number")  # as if its pack was removed

    queue.resume()
    record = queue.wait(run_id, WAIT)

    engine.registry.nodes["core/number"] = spec
    assert record.status == "failed"
    assert [p.code for p in record.problems] == ["unknown_node_type"]
    assert queue.wait(queue.submit(workflow).run_id, WAIT).status == "succeeded"


def test_the_document_with_its_inputs_repeats_the_run(queue):
    run_id = queue.submit(adding(), {"x": 11}).run_id
    first = queue.wait(run_id, WAIT)

    repeated = queue.wait(queue.submit(queue.workflow_of(run_id)).run_id, WAIT)

    assert repeated.outputs == first.outputs == {"sum": [{"value": 13}]}


def test_a_saved_workflow_that_is_used_is_taken_along(queue, engine):
    engine.workspace.workflows.mkdir(parents=True)
    inner = {**adding().to_dict(), "name": "inner"}
    (engine.workspace.workflows / "inner.json").write_text(json.dumps(inner))
    outer = Workflow.parse(graph({"n": ("workflow/inner", {"x": 5})}, {"out": "n.sum"}))
    queue.pause()
    run_id = queue.submit(outer).run_id
    (engine.workspace.workflows / "inner.json").unlink()

    queue.resume()
    record = queue.wait(run_id, WAIT)

    assert values(record) == {"out": [7]}
    assert "inner" in queue.workflow_of(run_id).workflows


def test_history_is_in_pages_the_last_first(queue):
    ids = [queue.submit(adding(), {"x": x}).run_id for x in range(7)]
    queue.wait(ids[-1], WAIT)

    first = queue.history(3)
    second = queue.history(3, before=first[-1].run_id)
    third = queue.history(3, before=second[-1].run_id)

    assert [record.run_id for record in first + second + third] == ids[::-1]
    assert queue.history(3, before=ids[0]) == []
    with pytest.raises(UnknownRun):
        queue.history(before="nobody")


def test_history_by_status_and_by_workflow(queue):
    good = queue.submit(adding(), name="mine").run_id
    bad = queue.submit(one("core/fail")).run_id
    other = queue.submit(adding("Other")).run_id
    queue.wait(other, WAIT)

    def ids(**wanted):
        return [record.run_id for record in queue.history(**wanted)]

    assert ids(status="failed") == [bad]
    assert ids(status="succeeded") == [other, good]
    assert ids(status="succeeded", workflow="mine") == [good]
    assert ids(workflow="Adding") == [good]
    assert ids(workflow="Other") == [other]
    assert ids(workflow="\ud800") == ids(status="queued") == []
    assert ids(limit=-5) == []


def test_active_runs_are_in_the_history(queue):
    running = queue.submit(one("runs/hold")).run_id
    HERE.begun.get(timeout=WAIT)
    waiting = queue.submit(adding()).run_id

    assert [r.run_id for r in queue.history(status="running")] == [running]
    assert [r.run_id for r in queue.history(status="queued")] == [waiting]
    assert [(r.run_id, r.status) for r in queue.active()] == [
        (running, "running"),
        (waiting, "queued"),
    ]
    HERE.go.set()
    queue.wait(waiting, WAIT)
    assert queue.active() == []


def test_an_unknown_run_is_said_to_be_unknown(queue):
    for call in (queue.get, queue.cancel, queue.workflow_of, queue.wait):
        for name in ("nobody", "\ud800"):
            with pytest.raises(UnknownRun):
                call(name)


def test_names_that_no_database_holds_are_mended(queue):
    workflow = Workflow.parse({**adding().to_dict(), "name": "half \ud800"})

    record = queue.wait(queue.submit(workflow, {"x": 1}).run_id, WAIT)

    assert record.status == "succeeded"
    assert record.workflow_name == "half ?"


def test_inputs_are_what_the_record_says(queue):
    given = {"value": ["a", ("b", None), {1: float("nan")}]}
    workflow = Workflow.parse(graph({"n": "core/show"}, {"out": "n.value"}, {"value": "n.value"}))

    record = queue.wait(queue.submit(workflow, given).run_id, WAIT)

    assert values(record) == {"out": ["['a', ['b', None], {'1': nan}]"]}
    assert queue.get(record.run_id).to_dict()["inputs"] == {
        "value": ["a", ["b", None], {"1": "NaN"}]
    }


def test_many_threads_submit_and_each_run_ends_once(make_queue):
    ended = []
    queue = make_queue(
        listeners=[lambda event: isinstance(event, RunEnded) and ended.append(event.run_id)]
    )
    accepted = []

    def client(number):
        for at in range(10):
            run_id = queue.submit(adding(), {"x": number, "y": at}).run_id
            accepted.append((run_id, number + at))
            queue.wait(run_id, WAIT)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)

    assert sorted(ended) == sorted(run_id for run_id, _ in accepted)
    records = {record.run_id: record for record in queue.history(1000)}
    assert {id: values(records[id])["sum"][0] for id, _ in accepted} == dict(accepted)


def test_several_workers_run_at_the_same_time(make_queue):
    queue = make_queue(workers=3)
    ids = [queue.submit(one("runs/hold"), {"value": at}).run_id for at in range(4)]

    assert sorted(HERE.begun.get(timeout=WAIT) for _ in range(3)) == [0, 1, 2]
    assert [record.status for record in queue.active()] == ["running"] * 3 + ["queued"]

    HERE.go.set()
    assert {queue.wait(run_id, WAIT).status for run_id in ids} == {"succeeded"}


def test_previews_are_made_only_if_they_are_wanted(make_engine, make_queue):
    @node("test/draw", title="Draw", volatile=True)
    def draw(*, ctx: Context) -> int:
        """Offer a preview."""
        ctx.progress(1, 1, lambda: b"png")
        return 1

    events = []
    queue = make_queue(make_engine(draw), listeners=[events.append])
    workflow = Workflow.parse(graph({"n": "test/draw"}, {"out": "n.value"}))

    queue.wait(queue.submit(workflow).run_id, WAIT)
    queue.previews = False
    queue.wait(queue.submit(workflow).run_id, WAIT)

    assert [e.preview for e in events if isinstance(e, ev.NodeProgress)] == [b"png", None]


def test_a_closed_queue_takes_nothing(queue, engine):
    assert queue.close()
    assert queue.close()

    with pytest.raises(QueueClosed):
        queue.submit(adding())
    with pytest.raises(QueueClosed):
        queue.history()
    with pytest.raises(QueueClosed):
        RunQueue(engine, RunStore(engine.workspace.root / "other.db")).submit(adding())


def test_waiting_ends_with_the_time_or_the_queue(queue):
    run_id = queue.submit(one("runs/hold")).run_id
    HERE.begun.get(timeout=WAIT)

    assert queue.wait(run_id, 0.01).status == "running"


def test_nothing_tells_of_a_change_that_other_events_tell(queue, events):
    queue.wait(queue.submit(adding()).run_id, WAIT)

    assert not [event for event in events if isinstance(event, QueueChanged)]


def test_errors_that_are_nobodys_fault_are_problems_of_the_run(
    make_engine, make_queue, monkeypatch
):
    queue = make_queue()
    monkeypatch.setattr(queue.engine, "run", _broken)

    record = queue.wait(queue.submit(adding()).run_id, WAIT)

    assert record.status == "failed"
    assert [(p.code, p.message) for p in record.problems] == [
        ("internal_error", "the run failed: ZeroDivisionError: by nothing")
    ]


def _broken(*_, **__):
    raise ZeroDivisionError("by nothing")


def test_an_end_that_can_not_be_written_down_fails_the_run(queue, monkeypatch):
    """As if there were no memory for the text of its outputs."""

    def no_memory(entry):
        if entry.record.outputs:
            raise MemoryError
        return finished(entry)

    finished = store_module._finished
    monkeypatch.setattr(store_module, "_finished", no_memory)
    queue.pause()
    first, second = (queue.submit(adding()).run_id for _ in range(2))
    queue.resume()

    for run_id in (first, second):
        record = queue.wait(run_id, WAIT)
        assert record.status == "failed"
        assert [p.code for p in record.problems] == ["internal_error"]
        assert record.attempts == 1
