"""What runs at the same time, and what must not. Proven by meeting, never by the clock."""

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest

from graphgen import Context, node
from tests.support import CALLS, Background, called, graph, statuses

pytestmark = pytest.mark.timeout(30)
WAIT = 10
HERE = SimpleNamespace()


@pytest.fixture(autouse=True)
def _meeting_points():
    HERE.barrier = threading.Barrier(2, timeout=WAIT)
    HERE.go, HERE.begun = threading.Event(), threading.Event()
    HERE.lane = threading.Lock()
    HERE.overlaps = 0
    yield
    HERE.go.set()


@node("test/meet", title="Meet")
def meet(who: int, *, ctx: Context) -> int:
    """Wait for another node to be running, too."""
    HERE.barrier.wait()
    return who


@node("test/meet_async", title="Meet async")
async def meet_async(who: int) -> int:
    """Wait on the event loop for a node elsewhere."""
    await asyncio.to_thread(HERE.barrier.wait)
    return who


@node("test/meet_device", title="Meet on the device", device=True)
def meet_device(who: int) -> int:
    """Wait on the device's lane for a node elsewhere."""
    HERE.barrier.wait()
    return who


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("test/meet", "test/meet"),
        ("test/meet", "test/meet_async"),
        ("test/meet_async", "test/meet_async"),
        ("test/meet", "test/meet_device"),
        ("test/meet_async", "test/meet_device"),
    ],
)
def test_independent_branches_run_at_the_same_time(make_engine, one, other):
    document = graph(
        {
            "a": (one, {"who": 1}),
            "b": (other, {"who": 2}),
            "sum": ("core/add", {"a": "=a.value", "b": "=b.value"}),
        },
        outputs={"sum": "sum.value"},
    )

    result = make_engine(meet, meet_async, meet_device).run(document)

    assert result.problems == []
    assert result.outputs == {"sum": 3}


def test_items_of_a_list_run_at_the_same_time(make_engine):
    document = graph({"u": ("core/upto", {"count": 2}), "m": ("test/meet", {"who": "=u.value"})})

    result = make_engine(meet).run(document)

    assert result.nodes["m"].outputs == {"value": [0, 1]}


def test_two_runs_go_on_at_the_same_time(make_engine):
    engine = make_engine(meet)
    one, two = (Background(engine.run, graph({"a": ("test/meet", {"who": w})})) for w in (1, 2))

    assert one.result().status == two.result().status == "succeeded"


@node("test/alone", title="Alone", device=True)
def alone(value: int) -> int:
    """Notice company on the device."""
    if not HERE.lane.acquire(blocking=False):
        HERE.overlaps += 1
        return value
    time.sleep(0.005)
    HERE.lane.release()
    return value


@node("test/alone_async", title="Alone async", device=True)
async def alone_async(value: int) -> int:
    """Notice company on the device."""
    if not HERE.lane.acquire(blocking=False):
        HERE.overlaps += 1
        return value
    await asyncio.sleep(0.005)
    HERE.lane.release()
    return value


def test_device_nodes_never_overlap_neither_in_a_run_nor_among_runs(make_engine):
    engine = make_engine(alone)

    def document(run):
        return graph({f"n{i}": ("test/alone", {"value": 10 * run + i}) for i in range(6)})

    runs = [Background(engine.run, document(run)) for run in range(3)]

    assert all(run.result().status == "succeeded" for run in runs)
    assert HERE.overlaps == 0


def test_async_device_nodes_never_overlap_either(make_engine):
    try:
        engine = make_engine(alone, alone_async)
    except AssertionError:
        return  # refusing such a declaration is as good
    document = graph(
        {
            f"{kind}{i}": (f"test/{kind}", {"value": i})
            for i in range(4)
            for kind in ("alone", "alone_async")
        }
    )

    engine.run(document)

    assert HERE.overlaps == 0


# Single flight


@node("test/slow", title="Slow")
def slow(value: int, *, ctx: Context) -> int:
    """Take until somebody says go."""
    called("slow")
    HERE.begun.set()
    while not HERE.go.wait(0.01):
        ctx.check_cancelled()
    return value


SLOW = graph({"s": ("test/slow", {"value": 3})}, outputs={"out": "s.value"})


def follow(engine, document, **options):
    """A run that wants what another one is computing already."""
    assert HERE.begun.wait(WAIT)
    asked = threading.Event()

    def notice(event):
        if type(event).__name__ == "RunStarted":
            asked.set()

    run = Background(engine.run, document, listeners=[notice], **options)
    assert asked.wait(WAIT)
    time.sleep(0.05)  # until it stands in the queue
    return run


def test_equal_work_of_concurrent_runs_is_done_once(make_engine):
    engine = make_engine(slow)
    leader = Background(engine.run, SLOW)
    # Other node ids, other neighbours: the same work.
    other = graph(
        {"x": ("test/slow", {"value": 3}), "y": ("core/add", {"a": "=x.value", "b": 1})},
        outputs={"out": "y.value"},
    )
    followers = [follow(engine, SLOW), follow(engine, other)]

    HERE.go.set()

    assert leader.result().outputs == {"out": 3}
    assert followers[0].result().outputs == {"out": 3}
    assert followers[1].result().outputs == {"out": 4}
    assert CALLS["slow"] == 1
    assert statuses(followers[1].result())["x"] == "cached"


def test_equal_nodes_of_one_run_are_computed_once(make_engine):
    HERE.go.set()
    document = graph(
        {
            "x": ("test/slow", {"value": 3}),
            "y": ("test/slow", {"value": 3}),
            "sum": ("core/add", {"a": "=x.value", "b": "=y.value"}),
        },
        outputs={"out": "sum.value"},
    )

    result = make_engine(slow).run(document)

    assert result.outputs == {"out": 6}
    assert CALLS["slow"] == 1
    assert sorted([result.nodes["x"].status, result.nodes["y"].status]) == ["cached", "executed"]


def test_equal_work_is_done_once_even_if_nothing_can_be_kept(make_engine):
    engine = make_engine(slow, cache_bytes=0)
    leader = Background(engine.run, SLOW)
    follower = follow(engine, SLOW)

    HERE.go.set()

    assert leader.result().outputs == follower.result().outputs == {"out": 3}
    assert CALLS["slow"] == 1


@node("test/once_bad", title="Bad at first")
def once_bad(value: int) -> int:
    """Fail the first time."""
    called("once_bad")
    HERE.begun.set()
    assert HERE.go.wait(WAIT)
    if CALLS["once_bad"] == 1:
        raise ValueError("not this time")
    return value


def test_a_follower_computes_when_the_leader_fails(make_engine):
    engine = make_engine(once_bad)
    document = graph({"n": ("test/once_bad", {"value": 3})}, outputs={"out": "n.value"})
    leader = Background(engine.run, document)
    follower = follow(engine, document)

    HERE.go.set()

    assert leader.result().status == "failed"
    assert follower.result().outputs == {"out": 3}
    assert CALLS["once_bad"] == 2


def test_a_follower_computes_when_the_leader_is_cancelled(make_engine):
    from graphgen.engine.context import CancelToken

    engine, token = make_engine(slow), CancelToken()
    leader = Background(engine.run, SLOW, token=token)
    follower = follow(engine, SLOW)

    token.cancel()

    assert leader.result().status == "cancelled"
    assert follower.running
    HERE.go.set()
    assert follower.result().outputs == {"out": 3}
    assert CALLS["slow"] == 2


def test_a_cancelled_follower_does_not_wait_for_the_leader(make_engine):
    from graphgen.engine.context import CancelToken

    engine, token = make_engine(slow), CancelToken()
    leader = Background(engine.run, SLOW)
    follower = follow(engine, SLOW, token=token)

    token.cancel()

    assert follower.result(5).status == "cancelled"
    assert leader.running
    HERE.go.set()
    assert leader.result().outputs == {"out": 3}
    assert engine.run(SLOW).outputs == {"out": 3}
    assert CALLS["slow"] == 1


def test_many_runs_of_many_threads_agree(make_engine):
    engine = make_engine(cache_bytes=20_000)

    def document(seed):
        nodes = {f"n{i}": ("core/number", {"value": (seed * 7 + i) % 5}) for i in range(5)}
        for i in range(5):
            nodes[f"a{i}"] = ("core/add", {"a": f"=n{i}.value", "b": f"=n{(i + 1) % 5}.value"})
        nodes["t"] = ("core/total", {"values": [f"=a{i}.value" for i in range(5)]})
        return graph(nodes, outputs={"out": "t.value"})

    def work(seed):
        for i in range(20):
            numbers = [((seed + i) * 7 + k) % 5 for k in range(5)]
            assert engine.run(document(seed + i)).outputs == {"out": 2 * sum(numbers)}

    for thread in [Background(work, seed) for seed in range(4)]:
        thread.result(20)
