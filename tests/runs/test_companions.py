"""Runs that can be joined are begun together, in their order, and each is its own."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from graphgen import Batch, Context, InvalidWorkflow, Workflow, node
from graphgen.runs import RunConflict, RunQueue, RunStore
from graphgen.runs.companions import kind_of
from tests.runs.nodes import NODES, TYPES, WAIT, adding
from tests.support import graph

pytestmark = pytest.mark.timeout(60)
MEET = SimpleNamespace()


def _together(calls):
    with MEET.lock:
        MEET.batches.append(sorted(call["value"] for call in calls))
    return [call["value"] * 10 if call["value"] >= 0 else ValueError("no") for call in calls]


@node("meet/arrive", title="Arrive")
def arrive(value: int, *, ctx: Context) -> int:
    """Wait until as many runs as are expected go on at the same time."""

    def wake():
        with MEET.lock:
            MEET.changed.notify_all()

    def may_go():
        return len(MEET.arrived) >= MEET.expected or ctx.token.cancelled

    forget = ctx.token.on_cancel(wake)
    with MEET.lock:
        MEET.arrived.append(value)
        MEET.changed.notify_all()
        MEET.changed.wait_for(may_go, WAIT)
    forget()
    ctx.check_cancelled()
    return value


@node("meet/join", title="Join", device=True, batch=Batch(lambda value: 1, _together))
def join(value: int, *, ctx: Context) -> int:
    """Ten times a value."""
    with MEET.lock:
        MEET.batches.append([value])
    if value < 0:
        raise ValueError("no")
    return value * 10


def joining():
    nodes = {"a": "meet/arrive", "j": ("meet/join", {"value": "=a.value"})}
    return Workflow.read(graph(nodes, {"n": "j.value"}, {"x": "a.value"}))


@pytest.fixture
def made(make_engine, tmp_path):
    """Makes open queues; runs that arrive wait for ``expected`` of them."""
    lock = threading.Condition()
    MEET.lock = MEET.changed = lock
    MEET.arrived, MEET.batches = [], []
    queues = []

    def make(expected, max_batch=32, **options):
        MEET.expected = expected
        engine = make_engine(
            *NODES, arrive, join, types=TYPES, workers=40, max_batch=max_batch, **options
        )
        queue = RunQueue(engine, RunStore(tmp_path / "graphgen.db"))
        queues.append(queue)
        queue.open()
        return queue

    yield make
    with lock:
        MEET.expected = 0
        lock.notify_all()
    for queue in queues:
        queue.close(timeout=10)


def submit(queue, values):
    return [queue.submit(joining(), {"x": value}).run_id for value in values]


def ended(queue, run_ids):
    return [queue.wait(run_id, WAIT) for run_id in run_ids]


def test_runs_that_can_be_joined_go_on_at_the_same_time(made):
    queue = made(expected=5)
    queue.pause()
    run_ids = submit(queue, range(5))
    queue.resume()

    records = ended(queue, run_ids)

    assert [record.outputs["n"] for record in records] == [[{"value": 10 * n}] for n in range(5)]
    assert sorted(value for batch in MEET.batches for value in batch) == list(range(5))
    started = [record.started for record in records]
    assert started == sorted(started)  # the order of the line is kept


def test_one_that_comes_while_another_goes_on_joins_it(made):
    queue = made(expected=2)
    (first,) = submit(queue, [1])
    with MEET.lock:
        assert MEET.changed.wait_for(lambda: MEET.arrived == [1], WAIT)

    records = ended(queue, [first, *submit(queue, [2])])

    assert [record.status for record in records] == ["succeeded"] * 2


def test_no_more_than_a_batch_go_on(made):
    queue = made(expected=3, max_batch=3)
    queue.pause()
    run_ids = submit(queue, range(4))
    queue.resume()
    with MEET.lock:
        assert MEET.changed.wait_for(lambda: len(MEET.arrived) >= 3, WAIT)

    assert [record.status for record in ended(queue, run_ids)] == ["succeeded"] * 4
    assert sorted(MEET.arrived[:3]) == [0, 1, 2]


def test_switched_off_one_goes_on_after_the_other(made):
    queue = made(expected=1, max_batch=1)
    run_ids = submit(queue, range(3))

    ended(queue, run_ids)

    assert MEET.arrived == [0, 1, 2]
    assert MEET.batches == [[0], [1], [2]]


def test_others_are_not_overtaken(made):
    queue = made(expected=2)
    queue.pause()
    first, *_ = submit(queue, [1])
    other = queue.submit(adding(), {"x": 5}).run_id
    (last,) = submit(queue, [2])
    queue.resume()
    with MEET.lock:
        assert MEET.changed.wait_for(lambda: MEET.arrived == [1], WAIT)
    waiting = [record.run_id for record in queue.active() if record.status == "queued"]
    assert waiting == [other, last]
    with MEET.lock:
        MEET.expected = 0
        MEET.changed.notify_all()

    assert [r.status for r in ended(queue, [first, other, last])] == ["succeeded"] * 3


def test_one_that_fails_or_is_cancelled_is_alone_in_it(made):
    queue = made(expected=4)
    queue.pause()
    run_ids = submit(queue, [1, -2, 3])
    queue.resume()
    with MEET.lock:
        assert MEET.changed.wait_for(lambda: len(MEET.arrived) == 3, WAIT)
    queue.cancel(run_ids[0])
    with MEET.lock:
        MEET.expected = 0
        MEET.changed.notify_all()

    records = ended(queue, run_ids)

    assert [record.status for record in records] == ["cancelled", "failed", "succeeded"]
    assert records[2].outputs["n"] == [{"value": 30}]
    with pytest.raises(RunConflict):
        queue.cancel(run_ids[1])


def test_what_went_on_beside_waits_again_after_a_close(made, tmp_path):
    queue = made(expected=9)
    run_ids = submit(queue, range(3))
    with MEET.lock:
        assert MEET.changed.wait_for(lambda: len(MEET.arrived) == 3, WAIT)
    assert queue.close(WAIT)
    MEET.expected = 0

    again = RunQueue(queue.engine, RunStore(tmp_path / "graphgen.db"))
    with again:
        records = ended(again, run_ids)
    assert [record.status for record in records] == ["succeeded"] * 3
    assert [record.attempts for record in records] == [1] * 3


def test_only_documents_of_one_kind_and_one_model_are_joined(make_engine):
    from graphgen import Engine

    with Engine(device="cpu") as engine:
        registry = engine.registry

        def kind(document):
            return kind_of(Workflow.read(document), registry)

        def picture(text="a", model="emoji-64", **extra):
            nodes = {
                "m": {"type": "diffusion/load_model", "inputs": {"model": model}},
                "t": {
                    "type": "diffusion/encode_text",
                    "inputs": {"text": text, "encoder": {"link": "m.text_encoder"}},
                },
            }
            return {"format": "graphgen/1", "nodes": nodes, **extra}

        assert kind(picture("a")) == kind(picture("b")) is not None
        assert kind(picture(model="other")) != kind(picture())
        assert kind(graph({"a": "core/number"})) is None
        named = picture(inputs={"model": "m.model", "prompt": ["t.text"]})
        assert kind(named).models == ("model",)
    with pytest.raises(InvalidWorkflow):
        Workflow.read({"nodes": 3})
