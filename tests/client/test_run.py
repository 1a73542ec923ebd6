"""Runs on a server: what comes back, what is told meanwhile, and what is wrong."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from graphgen import InvalidWorkflow, Problem, RunFailed, Workflow
from graphgen.client import FileList, WaitTimeout
from graphgen.engine import events as ev
from graphgen.runs import RunQueued
from tests.server.live import eventually
from tests.server.nodes import ENTERED, GATE, PNG
from tests.support import codes, graph

ADD = graph({"a": "core/add"}, {"sum": "a.value"}, {"a": "a.a", "b": "a.b"})
STEPS = graph({"s": "test/steps"}, {"n": "s.value"}, {"count": "s.count", "size": "s.size"})
WAIT = graph({"w": "test/wait"}, {"n": "w.value"}, {"value": "w.value"})
PAINT = graph(
    {"p": ("image/solid", {"width": 8, "height": 6, "colour": "#ff0000"})},
    {"image": "p.image"},
    {"batch": "p.batch"},
)


def kinds(events):
    return [type(event) for event in events]


def test_a_run_gives_its_values(client):
    run = client.run(ADD, {"a": 2, "b": 3})

    assert run.status == "succeeded"
    assert run.outputs == {"sum": 5}
    assert run.inputs == {"a": 2, "b": 3}
    assert run.nodes["a"].status == "executed"
    assert run.created <= run.started <= run.finished
    assert run.seconds > 0
    assert (run.problems, run.targets, run.attempts, run.ended) == ([], None, 1, True)
    assert client.get(run.run_id) == run


@pytest.mark.parametrize(
    ("node", "inputs", "expected"),
    [
        ("core/upto", {"count": 3}, [0, 1, 2]),
        ("core/upto", {"count": 1}, [0]),
        ("core/upto", {"count": 0}, []),
        ("core/number", {"value": 0}, 0),
        ("core/text", {"value": "山 🍎\n"}, "山 🍎\n"),
        ("test/repeat", {"text": "a"}, ["a"]),
    ],
)
def test_plain_outputs_are_what_the_node_gave(client, node, inputs, expected):
    assert client.run(graph({"n": (node, inputs)}, {"out": "n.value"})).outputs["out"] == expected


def test_a_picture_is_a_file(client, server, tmp_path):
    image = client.run(PAINT).outputs["image"]

    assert isinstance(image, FileList)
    assert image.name == "image.png"
    assert image.media_type == "image/png"
    assert image.url.startswith(server.url + "/api/runs/")
    assert server.http.get(image.url).content == image.bytes() == image[0].bytes()
    (path,) = image.save(tmp_path / "pictures")
    assert path == tmp_path / "pictures" / "image.png"
    with Image.open(path) as picture:
        assert (picture.size, picture.getpixel((0, 0))) == ((8, 6), (255, 0, 0))
    assert Workflow.read(path).nodes["p"].inputs["width"] == 8


def test_a_batch_of_pictures_is_several_files(client, tmp_path):
    images = client.run(PAINT, {"batch": 3}).outputs["image"]

    assert [file.name for file in images] == ["image-01.png", "image-02.png", "image-03.png"]
    assert len({path.name for path in images.save(tmp_path)}) == 3
    with pytest.raises(ValueError, match="there are 3 files"):
        images.bytes()


def test_large_plain_data_is_a_file(client):
    run = client.run(graph({"n": ("core/upto", {"count": 20_000})}, {"out": "n.value"}))

    assert run.outputs["out"].only.json() == [*range(20_000)]


def test_what_happens_is_told_in_order_in_the_thread_that_waits(client):
    events, threads = [], set()

    def listen(event):
        events.append(event)
        threads.add(threading.current_thread())

    run = client.run(STEPS, {"count": 2}, on_event=listen)

    assert kinds(events) == [
        RunQueued,
        ev.RunStarted,
        ev.NodeStarted,
        *[ev.NodeProgress] * 4,
        ev.NodeFinished,
        ev.RunFinished,
    ]
    assert threads == {threading.current_thread()}
    assert {event.run_id for event in events} == {run.run_id}
    assert [event.time for event in events] == sorted(event.time for event in events)
    steps = [event for event in events if isinstance(event, ev.NodeProgress)]
    assert [(e.node, e.type, e.step, e.total) for e in steps[::2]] == [
        ("s", "test/steps", step, 2) for step in (1, 2)
    ]
    assert [event.preview for event in steps] == [None, PNG, None, PNG]
    assert events[-1].status == "succeeded"
    assert events[-1].seconds == run.seconds


def test_a_second_run_is_told_of_as_cached(client):
    client.run(ADD, {"a": 1})
    events = []
    client.run(ADD, {"a": 1}, on_event=events.append)

    assert ev.NodeCached in kinds(events)
    assert ev.NodeStarted not in kinds(events)


def test_a_failed_run_is_an_error_with_the_problems_and_what_was_made(client):
    document = graph(
        {"good": "core/number", "bad": ("core/refuse", {"value": 3})},
        {"good": "good.value", "bad": "bad.value"},
    )
    events = []
    with pytest.raises(RunFailed, match="3 won't do") as caught:
        client.run(document, on_event=events.append)

    assert caught.value.problems == [
        Problem("wont_do", "3 won't do", "bad", "value", "try another")
    ]
    run = caught.value.result
    assert run.status == "failed"
    assert run.outputs == {"good": 0}
    assert run.nodes["bad"].status == "failed"
    (failed,) = [event for event in events if isinstance(event, ev.NodeFailed)]
    assert failed.problem == caught.value.problems[0]
    assert client.get(run.run_id).problems == run.problems


def test_everything_that_is_wrong_with_a_workflow_is_an_error_before_it_runs(client, server):
    nodes = {"a": ("core/add", {"a": "x"}), "b": "core/nothing"}
    document = graph(nodes, {"n": "a.value", "m": "b.value"})
    with pytest.raises(InvalidWorkflow) as caught:
        client.run(document)

    assert caught.value.problems == server.engine.validate(document)
    assert codes(caught.value.problems) == [
        ("unknown_node_type", "b", None),
        ("value_not_allowed", "a", "a"),
    ]
    assert client.runs() == []
    assert client.validate(document).problems == caught.value.problems


def test_inputs_that_are_unknown_or_no_json_are_refused(client):
    with pytest.raises(InvalidWorkflow) as caught:
        client.run(ADD, {"c": 1})
    assert codes(caught.value.problems) == [("unknown_input", None, None)]
    for value in (object(), float("nan"), {1, 2}):
        with pytest.raises(InvalidWorkflow, match="can't be sent"):
            client.run(ADD, {"a": value})


def test_a_workflow_can_be_a_file_or_a_document(client, tmp_path):
    workflow = Workflow.parse(ADD)
    workflow.write(tmp_path / "add.json")
    (picture,) = client.run(PAINT).outputs["image"].save(tmp_path)

    for source in (workflow, tmp_path / "add.json", str(tmp_path / "add.json")):
        assert client.run(source, {"a": 1}).outputs == {"sum": 1}
    assert client.run(picture).outputs["image"].bytes() == picture.read_bytes()
    with pytest.raises(InvalidWorkflow, match="can't be read"):
        client.run(tmp_path / "none.json")


def test_targets_name_priority_and_the_document_of_a_run(client):
    document = graph({"a": ("core/number", {"value": 4}), "b": "core/fail"}, {"b": "b.value"})
    run = client.run(document, targets=["a"], priority=7, name="only a")

    assert run.outputs == {"a.value": 4}
    assert (run.targets, run.priority, run.name) == (["a"], 7, "only a")
    repeated = client.workflow_of(client.run(ADD, {"a": 9}).run_id)
    assert repeated.nodes["a"].inputs == {"a": 9}


def test_a_wait_that_takes_too_long_ends_and_the_run_goes_on(client):
    with pytest.raises(WaitTimeout, match=r"within 0\.2 s") as caught:
        client.run(WAIT, {"value": 5}, timeout=0.2)

    assert isinstance(caught.value, TimeoutError)
    assert client.get(caught.value.run_id).status == "running"
    GATE.set()
    assert client.wait(caught.value.run_id, timeout=20).outputs == {"n": 5}


def test_waiting_for_a_run_that_was_submitted(client):
    run_id = client.submit(WAIT, {"value": 3})
    assert ENTERED.wait(20)
    events = []
    threading.Timer(0.2, GATE.set).start()
    run = client.wait(run_id, on_event=events.append)

    assert run.outputs == {"n": 3}
    assert kinds(events) == [ev.NodeFinished, ev.RunFinished]
    assert client.wait(run_id, on_event=events.append) == run
    assert len(events) == 2


def test_an_exception_of_the_listener_comes_through_and_cancels_the_run(client):
    def listen(event):
        if isinstance(event, ev.NodeStarted):
            raise LookupError(event.run_id)

    with pytest.raises(LookupError) as caught:
        client.run(WAIT, on_event=listen)

    eventually(lambda: client.get(str(caught.value.args[0])).status == "cancelled")


def test_a_run_that_somebody_else_cancels_is_an_error(client, make_client, server):
    other = make_client(server)

    def listen(event):
        if isinstance(event, ev.NodeStarted):
            other.cancel(event.run_id)

    with pytest.raises(RunFailed, match="the run was cancelled") as caught:
        client.run(WAIT, on_event=listen)
    assert caught.value.result.status == "cancelled"


def test_one_client_serves_many_threads(client):
    """Each is told of its own run only."""
    told = [[] for _ in range(16)]

    def work(number):
        return client.run(ADD, {"a": number, "b": 1}, on_event=told[number].append)

    with ThreadPoolExecutor(16) as pool:
        runs = [*pool.map(work, range(16))]

    assert [run.outputs["sum"] for run in runs] == [*range(1, 17)]
    for run, events in zip(runs, told, strict=True):
        assert {event.run_id for event in events} == {run.run_id}
        assert kinds(events)[:2] == [RunQueued, ev.RunStarted]
        assert kinds(events)[-1] is ev.RunFinished
