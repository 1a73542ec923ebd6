"""A node that fails names itself, its inputs and the cause; the rest goes on."""

import asyncio
import gc
import sys
import threading
import weakref
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from graphgen import SKIP, NodeError, TypeSpec, node
from graphgen.problems import Cancelled
from tests.support import CALLS, Background, called, codes, graph, python, statuses

pytestmark = pytest.mark.timeout(30)
HERE = SimpleNamespace()


def test_a_failing_node_names_itself_its_inputs_and_the_cause(engine):
    result = engine.run(graph({"f": ("core/fail", {"value": 7, "message": "it broke"})}))

    assert result.status == "failed"
    assert result.nodes["f"].status == "failed"
    (problem,) = result.problems
    assert (problem.code, problem.node, problem.port) == ("node_failed", "f", None)
    for said in ("Fail", "ValueError", "it broke", "value=7", "message='it broke'"):
        assert said in problem.message


def test_an_error_that_its_user_can_mend_is_shown_as_it_is(engine):
    (problem,) = engine.run(graph({"r": ("core/refuse", {"value": 3})})).problems

    assert problem.to_dict() == {
        "code": "wont_do",
        "message": "3 won't do",
        "node": "r",
        "port": "value",
        "hint": "try another",
    }


def test_a_node_error_of_an_async_node(make_engine):
    @node("test/refuse_later", title="Refuse later")
    async def refuse_later() -> int:
        """Refuse, in its time."""
        await asyncio.sleep(0)
        raise NodeError("no", hint="never")

    (problem,) = make_engine(refuse_later).run(graph({"r": "test/refuse_later"})).problems

    assert (problem.code, problem.message, problem.hint) == ("node_failed", "no", "never")


BRANCHES = graph(
    {
        "n": ("core/number", {"value": 1}),
        "f": ("core/fail", {"value": "=n.value"}),
        "after": ("core/add", {"a": "=f.value"}),
        "later": ("core/add", {"a": "=after.value", "b": "=n.value"}),
        "good": ("core/add", {"a": "=n.value", "b": 10}),
    },
    outputs={"bad": "later.value", "good": "good.value"},
)


def test_other_branches_finish_and_what_was_computed_stays_cached(engine):
    result = engine.run(BRANCHES)

    assert result.status == "failed"
    assert result.outputs == {"good": 11}
    assert statuses(result) == {
        "n": "executed",
        "f": "failed",
        "after": "skipped",
        "later": "skipped",
        "good": "executed",
    }
    assert codes(result.problems) == [("node_failed", "f", None)]

    again = engine.run(BRANCHES)

    assert statuses(again)["n"] == statuses(again)["good"] == "cached"
    assert statuses(again)["f"] == "failed"
    assert CALLS["fail"] == 2
    assert CALLS["number"] == 1


def test_every_failure_is_told(engine):
    document = graph({"a": ("core/fail", {"value": 1}), "b": ("core/fail", {"value": 2})})

    assert codes(engine.run(document).problems) == [
        ("node_failed", "a", None),
        ("node_failed", "b", None),
    ]


@dataclass(frozen=True)
class Grid:
    """Numbers in rows."""

    cells: Any
    name: str = "grid"


class FakeTensor:
    dtype, shape, device = "float32", (2, 3), "cpu"
    nbytes = 24

    def __repr__(self):
        raise AssertionError("tensors are never printed")


@node("test/grid", title="Grid")
def grid() -> Grid:
    """Give a grid."""
    return Grid(FakeTensor())


@node("test/use", title="Use")
def use(grid: Grid, tensors: list[Any], text: str) -> int:
    """Fail with large inputs."""
    raise RuntimeError("too much")


def test_inputs_are_described_in_short(make_engine):
    document = graph(
        {
            "g": "test/grid",
            "u": ("test/use", {"grid": "=g.grid", "tensors": [1, 2, 3], "text": "x" * 10_000}),
        }
    )

    (problem,) = make_engine(grid, use, types=[TypeSpec(Grid)]).run(document).problems

    assert "float32[2, 3]" in problem.message
    assert "3 items" in problem.message
    assert len(problem.message) < 500


@node("test/unprintable", title="Unprintable")
def unprintable() -> Any:
    """Give what can't be printed."""
    return Unprintable()


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no repr")


@node("test/fail_with", title="Fail with")
def fail_with(value: Any) -> int:
    """Fail."""
    raise ValueError("boom")


def test_an_input_that_can_not_be_printed_does_not_hide_the_cause(make_engine):
    document = graph({"u": "test/unprintable", "f": ("test/fail_with", {"value": "=u.value"})})

    (problem,) = make_engine(unprintable, fail_with).run(document).problems

    assert problem.node == "f"
    assert "boom" in problem.message


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@node("test/unspeakable", title="Unspeakable")
def unspeakable() -> int:
    """Fail with an error that can't be printed."""
    raise Unspeakable


def test_an_error_that_can_not_be_printed_is_a_failure_like_any_other(make_engine):
    (problem,) = make_engine(unspeakable).run(graph({"u": "test/unspeakable"})).problems

    assert (problem.code, problem.node) == ("node_failed", "u")
    assert "Unspeakable" in problem.message


class Unmeasurable:
    dtype, shape = "float32", (1,)

    @property
    def nbytes(self):
        raise RuntimeError("no size")


class Unsizable:
    def __sizeof__(self):
        raise RuntimeError("no size")


@node("test/unmeasurable", title="Unmeasurable")
def unmeasurable(tensor: bool) -> Any:
    """Give what can't be measured."""
    return Unmeasurable() if tensor else Unsizable()


@pytest.mark.parametrize("tensor", [True, False])
def test_a_value_that_can_not_be_measured_is_not_kept_and_harms_nobody(make_engine, tensor):
    engine = make_engine(unmeasurable)
    document = graph({"u": ("test/unmeasurable", {"tensor": tensor})}, {"out": "u.value"})
    for _ in range(2):
        result = Background(engine.run, document).result(5)
        assert result.status == "succeeded"
        assert type(result.outputs["out"]) in (Unmeasurable, Unsizable)


# What is not an ordinary exception


@node("test/raise", title="Raise")
def raise_(what: str) -> int:
    """Raise what ends a program."""
    raise {
        "exit": SystemExit(3),
        "generator": GeneratorExit(),
        "asyncio": asyncio.CancelledError(),
        "cancelled": Cancelled(),
        "group": BaseExceptionGroup("group", [SystemExit(3)]),
    }[what]


@node("test/raise_async", title="Raise async")
async def raise_async(what: str) -> int:
    """Raise what ends a program, on the event loop."""
    return raise_(what)


@node("test/raise_device", title="Raise on the device", device=True)
def raise_device(what: str) -> int:
    """Raise what ends a program, on the device's lane."""
    return raise_(what)


@pytest.mark.parametrize("type_", ["test/raise", "test/raise_async", "test/raise_device"])
@pytest.mark.parametrize("what", ["exit", "generator", "asyncio", "cancelled", "group"])
def test_whatever_a_node_raises_it_has_failed_and_the_engine_works_on(make_engine, type_, what):
    engine = make_engine(raise_, raise_async, raise_device)
    document = graph(
        {
            "r": (type_, {"what": what}),
            "after": ("core/add", {"a": "=r.value"}),
            "n": "core/number",
        },
        outputs={"n": "n.value", "after": "after.value"},
    )
    for _ in range(2):  # what ends a thread shows the second time
        result = Background(engine.run, document).result(5)

        assert result.status == "failed"
        assert codes(result.problems) == [("node_failed", "r", None)]
        assert statuses(result)["after"] == "skipped"
        assert result.outputs == {"n": 0}


@node("test/quick", title="Quick")
def quick(value: int) -> int:
    """Be quick, then end the program."""
    if value == 3:
        sys.exit("that was all")
    return value


def test_a_quick_node_that_exits_fails_like_any_other(make_engine):
    engine = make_engine(quick)
    for value in range(3):
        engine.run(graph({"q": ("test/quick", {"value": value})}))

    result = Background(engine.run, graph({"q": ("test/quick", {"value": 3})})).result(5)

    assert codes(result.problems) == [("node_failed", "q", None)]


# Wrong outputs


class Two(NamedTuple):
    one: int
    other: str


def wrong(annotation, value):
    def give(value: Any = None) -> int:
        """Give something else than declared."""
        return HERE.value

    HERE.value = value
    give.__annotations__["return"] = annotation
    return node("test/give", title="Give")(give)


@pytest.mark.parametrize(
    ("annotation", "value", "output"),
    [
        (int, "text", "value"),
        (int, None, "value"),
        (int, 1.5, "value"),
        (str, 1, "value"),
        (list[int], 1, "value"),
        (Grid, {"cells": 1}, "grid"),
        (Grid, None, "grid"),
        (Grid | None, 3, "grid"),
        (Two, 3, None),
        (Two, (1,), None),
        (Two, (1, "a", 2), None),
        (Two, Two(1, 2), "other"),
    ],
)
def test_a_wrong_output_names_the_node_and_the_output(make_engine, annotation, value, output):
    engine = make_engine(wrong(annotation, value), types=[TypeSpec(Grid)])

    result = engine.run(graph({"g": "test/give"}))

    (problem,) = result.problems
    assert (problem.code, problem.node) == ("wrong_output", "g")
    assert "test/give" in problem.message
    assert type(value).__name__ in problem.message or output == "other"
    if output:
        assert repr(output) in problem.message
    assert engine.cache.stats().entries["cpu"] == 0


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 1),
        (float, 1),
        (str, ""),
        (list[int], []),
        (list[int], (1, 2)),
        (Any, object()),
        (Grid | None, None),
        (int, SKIP),
        (Two, (1, "a")),
        (Two, Two(1, SKIP)),
        (None, None),
        (int | str, "a"),
    ],
)
def test_a_right_output_passes(make_engine, annotation, value):
    engine = make_engine(wrong(annotation, value), types=[TypeSpec(Grid)])

    assert engine.run(graph({"g": "test/give"})).problems == []


# Out of memory


@node("test/hungry", title="Hungry", memory=("size", "batch"), volatile=True)
def hungry(size: int, batch: int = 1) -> int:
    """Need more than there is when large."""
    called("hungry")
    held = Held()
    HERE.held = weakref.ref(held)
    if size > 100:
        raise HERE.error
    return size


class Held:
    """Stands for the tensors that were made before memory ran out."""


ALLOCATOR = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 137438953472 bytes. Error code 12 (Cannot allocate memory)"
)
CUDA = RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB.")


@pytest.mark.parametrize("error", [MemoryError(), ALLOCATOR, CUDA], ids=["python", "cpu", "cuda"])
def test_out_of_memory_names_the_node_and_what_to_lower(make_engine, error):
    HERE.error = error
    engine = make_engine(hungry)
    engine.run(graph({"n": ("core/number", {"value": 1})}))

    result = engine.run(graph({"h": ("test/hungry", {"size": 4096, "batch": 8})}))

    (problem,) = result.problems
    assert (problem.code, problem.node) == ("out_of_memory", "h")
    assert "Hungry" in problem.message
    assert "size=4096" in problem.message
    assert problem.hint == "lower size, batch"
    # Of a device: what lies in host memory is not in its way.
    assert engine.cache.stats().entries["cpu"] == (1 if error is CUDA else 0)
    assert engine.run(graph({"h": ("test/hungry", {"size": 64})})).status == "succeeded"


def test_memory_that_a_failed_node_held_is_given_back(make_engine):
    HERE.error = MemoryError()
    result = make_engine(hungry).run(graph({"h": ("test/hungry", {"size": 4096})}))

    gc.collect()
    assert result.problems
    assert HERE.held() is None


def test_out_of_memory_without_a_hint_of_the_node(make_engine):
    @node("test/starve", title="Starve")
    def starve() -> int:
        """Run out of memory."""
        raise MemoryError

    (problem,) = make_engine(starve).run(graph({"s": "test/starve"})).problems

    assert problem.code == "out_of_memory"
    assert problem.hint


def test_idle_models_are_dropped_when_memory_runs_out(make_engine):
    from graphgen import ModelRef

    class Loader:
        def load(self, ref, device, dtype):
            return object()

        def move(self, model, device):
            return model

        def nbytes(self, model):
            return 100

    HERE.error = MemoryError()
    engine = make_engine(hungry, loaders={"test/model": Loader()})
    with engine.pool.use(ModelRef("test/model", "/m", "f"), "cpu", "float32"):
        pass
    assert engine.pool.usage() == {"cpu": 100}

    engine.run(graph({"h": ("test/hungry", {"size": 4096})}))

    assert engine.pool.usage() == {}


def test_other_branches_finish_when_one_runs_out_of_memory(make_engine):
    HERE.error = MemoryError()
    document = graph(
        {
            "n": ("core/number", {"value": 1}),
            "h": ("test/hungry", {"size": 4096}),
            "a": ("core/add", {"a": "=n.value", "b": 1}),
            "b": ("core/add", {"a": "=a.value", "b": 1}),
        },
        outputs={"b": "b.value", "h": "h.value"},
    )

    assert make_engine(hungry).run(document).outputs == {"b": 3}


REAL = """
import resource, sys, tempfile
import torch
from graphgen import Engine, hookimpl, node

@node("test/zeros", title="Zeros", memory=("count",), volatile=True)
def zeros(count: int) -> int:
    '''Make so many zeros.'''
    return int(torch.zeros(count).sum())

class Pack:
    @hookimpl
    def graphgen_nodes(self):
        return [zeros]

def graph(count):
    return {"nodes": {"z": {"type": "test/zeros", "inputs": {"count": count}}}}

used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), used + (1 << 30)))
engine = Engine([Pack()], installed=False, workspace=tempfile.mkdtemp(), device="cpu")
bad = engine.run(graph(1 << 30))
good = engine.run(graph(1 << 20))
print(bad.problems[0].code, bad.problems[0].node, bad.problems[0].hint, good.status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory with RLIMIT_AS")
def test_a_real_allocation_that_fails_and_the_next_run_works():
    assert python(REAL) == "out_of_memory z lower count succeeded"


def test_a_failing_run_leaves_no_thread_waiting(make_engine):
    before = threading.active_count()
    engine = make_engine()
    engine.run(BRANCHES)
    engine.close()
    assert threading.active_count() <= before
