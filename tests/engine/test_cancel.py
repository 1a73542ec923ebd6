"""Cancelling: reaches a running node at its next progress, and leaves a working engine."""

import asyncio
import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from graphgen import Context, Fragment, Lazy, RunFailed, node
from graphgen.engine.context import CancelToken
from tests.support import Background, graph, link, statuses

pytestmark = pytest.mark.timeout(30)
WAIT = 10
HERE = SimpleNamespace()


@pytest.fixture(autouse=True)
def _fresh():
    HERE.begun, HERE.go = threading.Event(), threading.Event()
    HERE.steps = 0
    HERE.cleaned = threading.Event()
    yield
    HERE.go.set()


@node("test/sample", title="Sample", device=True)
def sample(count: int = 1000, *, ctx: Context) -> int:
    """Take steps; wait within the third until told to go on."""
    try:
        for step in range(count):
            if step == 2:
                HERE.begun.set()
                assert HERE.go.wait(WAIT)
            ctx.progress(step + 1, count)
            HERE.steps += 1
    except Exception:
        HERE.steps = -1
    return count


@node("test/wait", title="Wait")
async def wait(value: int = 0) -> int:
    """Wait for ever."""
    HERE.begun.set()
    try:
        await asyncio.sleep(1000)
    finally:
        HERE.cleaned.set()
    return value


@node("test/hold", title="Hold")
def hold(value: int = 0) -> int:
    """Hold until told to go on; knows nothing of cancelling."""
    HERE.begun.set()
    assert HERE.go.wait(WAIT)
    return value


def begin(engine, document, **options):
    token = CancelToken()
    run = Background(engine.run, document, token=token, **options)
    assert HERE.begun.wait(WAIT)
    return run, token


def test_it_reaches_a_running_node_within_one_step(make_engine):
    run, token = begin(make_engine(sample), graph({"s": "test/sample"}))

    token.cancel()
    HERE.go.set()
    result = run.result()

    assert HERE.steps == 2  # the third was under way, its progress raised
    assert result.status == "cancelled"
    assert result.nodes["s"].status == "skipped"
    assert result.problems == []
    with pytest.raises(RunFailed) as caught:
        result.raise_if_failed()
    assert [p.code for p in caught.value.problems] == ["cancelled"]


def test_nothing_more_is_started(make_engine):
    document = graph(
        {
            "h": "test/hold",
            "a": ("core/add", {"a": "=h.value"}),
            "b": ("core/add", {"a": "=a.value"}),
        },
        outputs={"b": "b.value"},
    )
    run, token = begin(make_engine(hold), document)

    token.cancel()
    HERE.go.set()
    result = run.result()

    assert result.status == "cancelled"
    assert statuses(result)["a"] == statuses(result)["b"] == "skipped"
    assert result.outputs == {}


def test_what_was_computed_before_stays_cached_and_the_engine_works_on(make_engine):
    engine = make_engine(hold)
    document = graph(
        {"n": ("core/number", {"value": 1}), "h": ("test/hold", {"value": "=n.value"})},
        outputs={"h": "h.value"},
    )
    run, token = begin(engine, document)
    token.cancel()
    HERE.go.set()
    run.result()

    result = engine.run(document)

    assert result.outputs == {"h": 1}
    assert statuses(result)["n"] == "cached"


def test_an_async_node_is_cancelled_where_it_waits(make_engine):
    run, token = begin(make_engine(wait), graph({"w": "test/wait"}))

    token.cancel()
    result = run.result()

    assert result.status == "cancelled"
    assert result.problems == []
    assert statuses(result) == {"w": "skipped"}
    assert HERE.cleaned.wait(WAIT)


def test_a_run_that_is_cancelled_before_it_begins_does_nothing(engine):
    token = CancelToken()
    token.cancel()

    result = engine.run(graph({"n": "core/number"}), token=token)

    assert result.status == "cancelled"
    assert statuses(result) == {"n": "skipped"}


def test_other_runs_go_on(make_engine):
    engine = make_engine(hold, sample)
    first, token = begin(engine, graph({"s": "test/sample"}))
    HERE.begun.clear()
    second, _ = begin(engine, graph({"h": ("test/hold", {"value": 2})}))

    token.cancel()
    HERE.go.set()

    assert first.result().status == "cancelled"
    assert second.result().nodes["h"].outputs == {"value": 2}


def test_cancelling_the_task_of_arun_cancels_the_run(make_engine):
    engine = make_engine(sample)

    async def go():
        task = asyncio.create_task(engine.arun(graph({"s": "test/sample"})))
        await asyncio.to_thread(HERE.begun.wait, WAIT)
        task.cancel()
        asyncio.get_running_loop().call_later(0.02, HERE.go.set)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())

    assert HERE.steps == 2


def test_arun_takes_a_token_like_run(make_engine):
    engine, token = make_engine(sample), CancelToken()

    async def go():
        task = asyncio.create_task(engine.arun(graph({"s": "test/sample"}), token=token))
        await asyncio.to_thread(HERE.begun.wait, WAIT)
        token.cancel()
        HERE.go.set()
        return await task

    assert asyncio.run(go()).status == "cancelled"


@pytest.mark.skipif(os.name != "posix", reason="sends itself SIGINT")
def test_ctrl_c_stops_cleanly_and_the_engine_works_on(make_engine):
    engine = make_engine(sample, hold)
    HERE.go.set()
    statuses_heard = []

    def interrupt():
        HERE.begun.wait(WAIT)
        os.kill(os.getpid(), signal.SIGINT)

    def heard(event):
        if type(event).__name__ == "RunFinished":
            statuses_heard.append(event.status)

    Background(interrupt)
    with pytest.raises(KeyboardInterrupt):
        engine.run(graph({"s": ("test/sample", {"count": 10**9})}), listeners=[heard])

    assert statuses_heard == ["cancelled"]
    assert engine.run(graph({"h": "test/hold"})).status == "succeeded"


@node("test/nest", title="Nest")
def nest(value: int = 0) -> int | Fragment:
    """Hold, inside a fragment."""
    return Fragment(
        {"h": {"type": "test/hold", "inputs": {"value": value}}}, {"value": link("h.value")}
    )


@pytest.mark.parametrize(
    "nodes",
    [
        {"x": "test/nest", "y": "test/nest"},
        {
            "u": ("core/upto", {"count": 1}),
            "x": ("test/hold", {"value": "=u.value"}),
            "y": ("test/hold", {"value": "=u.value"}),
        },
    ],
    ids=["fragments", "lists"],
)
def test_equal_nodes_that_wait_for_what_they_grew_into(make_engine, nodes):
    engine = make_engine(hold, nest)
    run, token = begin(engine, graph(nodes))
    time.sleep(0.05)

    token.cancel()
    HERE.go.set()

    assert run.result(5).status == "cancelled"
    assert Background(engine.run, graph(nodes)).result(5).status == "succeeded"


@node("test/lazy", title="Lazy")
async def lazy(value: Lazy[int]) -> int:
    """Want a value later."""
    return await value


def test_a_node_that_waits_for_a_lazy_input(make_engine):
    document = graph({"h": "test/hold", "l": ("test/lazy", {"value": "=h.value"})})
    run, token = begin(make_engine(hold, lazy), document)

    token.cancel()
    HERE.go.set()

    assert run.result(5).status == "cancelled"


def test_a_token_cancelled_twice_calls_back_once_it_is():
    token, heard = CancelToken(), []
    token.on_cancel(lambda: heard.append(1))
    assert not token.cancelled
    token.cancel()
    token.on_cancel(lambda: heard.append(2))
    assert token.cancelled
    assert heard[0] == 1
    assert 2 in heard
