"""Running out of memory is survived: each plan is tried in its turn, and the one that helps
saves the run. On the toy device, whose memory has a limit."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from graphgen import Batch, CancelToken, Context, Fragment, NodeError, TypeSpec, node
from graphgen.economy import AMPLE, Economy
from graphgen.engine.events import NodeFailed, NodeFinished, NodeRetried
from graphgen.engine.failure import is_of_device, is_out_of_memory
from graphgen.engine.ladder import Ladder, understood
from graphgen.node import InvalidNode, spec_of
from tests.support import CALLS, Background, called, codes, graph
from tests.toy_device import DEVICE, MEMORY, UNLIMITED

pytestmark = pytest.mark.timeout(60)
KIB = 1024
HERE = SimpleNamespace()


@dataclass(frozen=True, eq=False)
class Block:
    """Some memory: float32 ``[n]``."""

    data: Any


def block(kib: float, value: float = 0.0) -> torch.Tensor:
    return torch.full((int(kib * KIB) // 4,), value, device=DEVICE)


@node("mem/make", title="Make", device=True)
def make(kib: int, value: int = 0) -> Block:
    """Make a block."""
    called("make")
    return Block(block(kib, float(value)))


@node("mem/size", title="Size", device=True)
def size(block: Block) -> int:
    """Bytes of a block."""
    return block.data.nbytes


@node("mem/batch", title="Batch", device=True, memory=("rows",), economy=("split",))
def batch(rows: int, kib: int, *, ctx: Context) -> float:
    """Compute rows, each of which takes memory while it is computed."""
    called("batch")
    step = ctx.rows(rows)
    total = 0.0
    for start in range(0, rows, step):
        total += float(block(kib * min(step, rows - start), 1.0).sum()) / (kib * KIB / 4)
    return total


@node("mem/tiled", title="Tiled", device=True, economy=("offload", "tile", "split"))
def tiled(edge: int, by: int = 0, *, ctx: Context) -> int:
    """Compute a square of ``edge`` by ``edge`` floats in tiles; gives the edge of a tile."""
    called("tiled")
    taken = ctx.tile(edge, 16)
    torch.zeros(taken, taken, device=DEVICE)
    return taken


@node("mem/wasteful", title="Wasteful", device=True)
def wasteful(kib: int) -> int:
    """Hold half of the memory in a frame when the other half is asked for."""
    called("wasteful")
    first = block(kib / 2)
    second = block(kib / 2 if HERE.leaks != CALLS["wasteful"] else kib * 1024)
    return first.nbytes + second.nbytes


@node("mem/later", title="Later")
def later(value: int) -> int:
    """Wait for nothing, beside the lane."""
    called("later")
    return value


@node("mem/double", title="Double")
def double(value: int) -> int:
    """Something that is made from a tiled value."""
    called("double")
    return 2 * value


@pytest.fixture
def toy(make_engine):
    """An engine on the toy device, what it told, and the limit set to what is in use now and
    the given KiB."""
    gc.collect()
    MEMORY.reset()
    events = []
    nodes = (
        make, size, batch, tiled, wasteful, later, double, hold, host, wraps, nested, beside,
        library,
    )  # fmt: skip

    def run(engine, kib, *args, **options):
        events.clear()
        with MEMORY.limited(MEMORY.used + int(kib * KIB)):
            return engine.run(graph(*args), listeners=[events.append], **options)

    def made(**options):
        return make_engine(*nodes, types=[TypeSpec(Block)], device=DEVICE, **options)

    yield SimpleNamespace(engine=made, run=run, events=events)
    MEMORY.limit = UNLIMITED


def retries(toy):
    return [(e.node, e.means, e.divisor) for e in toy.events if isinstance(e, NodeRetried)]


@node("mem/hold", title="Hold")
def hold(kib: int) -> int:
    """Hold device memory, beside the lane, until told to let go."""
    held = block(kib)
    HERE.holds.set()
    assert HERE.go.wait(30)
    return held.nbytes


@node("mem/beside", title="Beside the lane")
def beside(kib: int) -> int:
    """Take device memory without a lane, as a node does whose inputs lie there."""
    return block(kib).nbytes


@node("mem/library", title="Library", device=True)
def library(kib: int) -> int:
    """Take device memory in a library that has words of its own for having none."""
    try:
        return block(kib).nbytes
    except torch.OutOfMemoryError:
        pass
    raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")


@node("mem/host", title="On the host", economy=("split",))
def host(rows: int, fits: int, *, ctx: Context) -> int:
    """Compute rows on the host, of which ``fits`` fit at once."""
    called("host")
    if ctx.rows(rows) > fits:
        raise MemoryError
    return ctx.economy.split


@node("mem/wraps", title="Wraps", device=True, economy=("split",))
def wraps(rows: int, *, ctx: Context) -> int:
    """Says something else when it is out of memory, as loaders of models do."""
    try:
        block(ctx.rows(rows))
    except torch.OutOfMemoryError as error:
        raise NodeError("the file is damaged") from error
    return rows


@node("mem/nested", title="Nested", device=True, economy=("tile",))
def nested(edge: int, *, ctx: Context) -> int | Fragment:
    """Expands into another node by what its tile is."""
    taken = ctx.tile(edge, 1)
    torch.zeros(taken, taken, device=DEVICE)
    return Fragment(
        {"d": {"type": "mem/double", "inputs": {"value": taken}}}, {"value": {"link": "d.value"}}
    )


def test_idle_values_leave_the_device(toy):
    engine = toy.engine(device_cache_bytes={DEVICE: 1 << 30})
    assert toy.run(engine, 1000, {"a": ("mem/make", {"kib": 600})}).status == "succeeded"

    result = toy.run(engine, 400, {"b": ("mem/make", {"kib": 700})}, {"b": "b.block"})

    assert result.status == "succeeded"
    assert retries(toy) == [("b", "evict", 1)]
    assert result.nodes["b"].retries == ("after freeing what was idle",)
    again = engine.run(graph({"a": ("mem/make", {"kib": 600})}, {"a": "a.block"}))
    assert again.nodes["a"].status == "cached"  # it went to host memory
    assert CALLS["make"] == 3


@pytest.mark.parametrize("kind", ["mem/beside", "mem/library"])
def test_idle_values_leave_the_device_whoever_runs_out_of_its_memory(kind, toy):
    engine = toy.engine(device_cache_bytes={DEVICE: 1 << 30})
    assert toy.run(engine, 1000, {"a": ("mem/make", {"kib": 600})}).status == "succeeded"

    result = toy.run(engine, 400, {"b": (kind, {"kib": 700})}, {"b": "b.value"})

    assert result.status == "succeeded"
    assert retries(toy) == [("b", "evict", 1)]


@pytest.mark.parametrize(
    "said",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8.00 GiB",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "cuFFT error: CUFFT_ALLOC_FAILED",
        "HIP out of memory. Tried to allocate 2.00 MiB.",
        "CUDA error: HIPBLAS_STATUS_ALLOC_FAILED when calling `hipblasCreate(handle)`",
        "rocblas_status_memory_error",
        "MPS backend out of memory (MPS allocated: 9.06 GB, other allocations: 7.81 MB)",
        "Native API failed. Native API returns: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)",
    ],
)
def test_words_for_having_no_device_memory(said):
    error = RuntimeError(said)
    assert is_out_of_memory(error)
    assert is_of_device(error)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
    ],
)
def test_words_for_having_no_host_memory(error):
    assert is_out_of_memory(error)
    assert not is_of_device(error)


def test_other_errors_of_a_device_are_not_taken_for_it():
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
    assert not is_out_of_memory(ValueError("the story ran out of memory"))


def test_what_is_in_use_is_not_touched(toy):
    engine = toy.engine(device_cache_bytes={DEVICE: 1 << 30})
    held = toy.run(engine, 1000, {"a": ("mem/make", {"kib": 600, "value": 3})}, {"a": "a.block"})

    result = toy.run(engine, 400, {"b": ("mem/make", {"kib": 700})})

    assert [p.code for p in result.problems] == ["out_of_memory"]
    assert retries(toy) == []  # nothing was idle, so that nothing would have been different
    assert held.outputs["a"].data.device == torch.device(DEVICE)
    assert float(held.outputs["a"].data.sum()) == 3 * 600 * KIB / 4


def test_a_batch_is_split_in_halves_until_it_fits(toy):
    engine = toy.engine()
    wanted = engine.run(graph({"b": ("mem/batch", {"rows": 6, "kib": 10})}, {"n": "b.value"}))
    engine.free_memory()

    result = toy.run(engine, 25, {"b": ("mem/batch", {"rows": 6, "kib": 10})}, {"n": "b.value"})

    assert result.outputs == wanted.outputs == {"n": 6.0}
    assert retries(toy) == [("b", "split", 2), ("b", "split", 4)]
    assert result.nodes["b"].status == "executed"
    assert [type(e) for e in toy.events].count(NodeFinished) == 1
    told = [e for e in toy.events if isinstance(e, NodeRetried)][-1]
    assert told.economy == Economy(split=4)
    assert told.message == "ran out of memory; run again in batches of 1/4 of their size"


def test_what_did_not_fit_at_all_is_said_once_with_what_was_tried(toy):
    engine = toy.engine()

    result = toy.run(engine, 5, {"b": ("mem/batch", {"rows": 4, "kib": 10})}, {"n": "b.value"})

    assert result.status == "failed"
    assert codes(result.problems) == [("out_of_memory", "b", None)]
    (problem,) = result.problems
    assert "tried again in batches of 1/2 of their size, then in batches of 1/4" in problem.message
    assert problem.hint == "lower rows"
    assert CALLS["batch"] == 3  # one row at a time is the least that there is
    (failed,) = [e for e in toy.events if isinstance(e, NodeFailed)]
    assert "toy out of memory" in failed.traceback
    assert MEMORY.failures == 3


def test_a_node_is_not_run_again_for_what_it_can_not_do(toy):
    engine = toy.engine()

    result = toy.run(engine, 5, {"m": ("mem/make", {"kib": 10})})

    assert codes(result.problems) == [("out_of_memory", "m", None)]
    assert CALLS["make"] == 1
    assert "tried" not in result.problems[0].message


def test_smaller_tiles_save_the_run_and_are_not_kept_as_if_nothing_had_happened(toy):
    engine = toy.engine()
    nodes = {"t": ("mem/tiled", {"edge": 64}), "d": ("mem/double", {"value": "=t.value"})}

    result = toy.run(engine, 5, nodes, {"n": "d.value"})

    assert result.outputs == {"n": 64}
    # Models that it did not ask for are not offloaded twice, and tiles are halved once.
    assert retries(toy) == [("t", "offload", 1), ("t", "tile", 2)]
    again = engine.run(graph(nodes, {"n": "d.value"}))
    assert again.outputs == {"n": 128}
    assert again.nodes["t"].status == again.nodes["d"].status == "executed"
    assert engine.run(graph(nodes, {"n": "d.value"})).nodes["t"].status == "cached"


def test_a_fragment_that_came_of_smaller_tiles_is_not_kept_either(toy):
    engine = toy.engine()
    nodes = {"f": ("mem/nested", {"edge": 64})}

    assert toy.run(engine, 5, nodes, {"n": "f.value"}).outputs == {"n": 64}
    assert retries(toy) == [("f", "tile", 2)]
    assert engine.run(graph(nodes, {"n": "f.value"})).outputs == {"n": 128}


def test_frames_of_the_failure_hold_nothing_when_it_is_run_again(toy):
    engine = toy.engine(device_cache_bytes={DEVICE: 1 << 30})
    HERE.leaks = 1  # its first call fails, while it holds half of what there is
    toy.run(engine, 1000, {"a": ("mem/make", {"kib": 16})})

    result = toy.run(engine, 100, {"w": ("mem/wasteful", {"kib": 100})}, {"n": "w.value"})

    assert result.outputs == {"n": 100 * KIB}
    assert retries(toy) == [("w", "evict", 1)]


def test_it_waits_for_what_else_is_running_and_tries_again(toy):
    engine = toy.engine()
    HERE.holds, HERE.go = threading.Event(), threading.Event()
    MEMORY.limit = MEMORY.used + 100 * KIB
    other = Background(engine.run, graph({"h": ("mem/hold", {"kib": 60})}))
    assert HERE.holds.wait(30)
    events = []

    def heard(event):
        events.append(event)
        if isinstance(event, NodeRetried):
            HERE.go.set()

    wanted = graph({"m": ("mem/make", {"kib": 90})}, {"m": "m.block"})
    result = engine.run(wanted, listeners=[heard])

    assert result.status == "succeeded"
    assert [e.means for e in events if isinstance(e, NodeRetried)] == ["wait"]
    assert other.result().status == "succeeded"


def test_a_run_that_waits_for_memory_can_be_cancelled(toy):
    engine = toy.engine()
    HERE.holds, HERE.go = threading.Event(), threading.Event()
    MEMORY.limit = MEMORY.used + 100 * KIB
    other = Background(engine.run, graph({"h": ("mem/hold", {"kib": 60})}))
    assert HERE.holds.wait(30)
    token = CancelToken()

    def heard(event):
        if isinstance(event, NodeRetried):
            token.cancel()

    result = engine.run(
        graph({"m": ("mem/make", {"kib": 90})}, {"m": "m.block"}), listeners=[heard], token=token
    )

    assert result.status == "cancelled"
    HERE.go.set()
    assert other.result().status == "succeeded"


def test_memory_of_the_host_counts_too(toy):
    engine = toy.engine()

    result = toy.run(engine, 1, {"h": ("mem/host", {"rows": 8, "fits": 2})}, {"n": "h.value"})

    assert result.outputs == {"n": 4}
    assert retries(toy) == [("h", "split", 2), ("h", "split", 4)]


def test_an_error_that_hides_it_is_seen_through(toy):
    engine = toy.engine()

    result = toy.run(engine, 5, {"w": ("mem/wraps", {"rows": 8})}, {"n": "w.value"})

    assert result.outputs == {"n": 8}
    assert retries(toy) == [("w", "split", 2)]


def test_no_memory_is_lost_by_it(toy):
    engine = toy.engine()
    before = MEMORY.used
    for _ in range(3):
        toy.run(engine, 5, {"b": ("mem/batch", {"rows": 4, "kib": 10})})
        toy.run(engine, 25, {"b": ("mem/batch", {"rows": 6, "kib": 10})})
    engine.free_memory()
    gc.collect()
    assert MEMORY.used == before


def test_what_a_run_held_is_free_when_it_is_over(toy):
    engine = toy.engine(device_cache_bytes={DEVICE: 0})
    before = MEMORY.used
    gc.disable()  # a circle of references would keep it until the collector comes by
    try:
        assert engine.run(graph({"a": ("mem/make", {"kib": 600})})).status == "succeeded"
        assert MEMORY.used == before
    finally:
        gc.enable()


def test_the_ladder_goes_down_by_what_the_node_asked_for():
    ladder = Ladder(frozenset({"offload", "tile", "split"}))
    asked = {"offload": True, "tile": True, "split": True}
    rungs = [ladder.next(asked, 1, True)]
    rungs += [ladder.next(asked, 1, True) for _ in range(3)]
    assert rungs == ["evict", "wait", "offload", "tile"]
    assert ladder.economy == Economy(offload=True, tile=2)
    assert ladder.next({**asked, "tile": False}, 0, True) == "split"
    done = {"offload": True, "tile": False, "split": False}
    assert [ladder.next(done, 0, True) for _ in range(4)] == ["wait"] * 4
    assert ladder.next(done, 0, True) is None  # not for ever
    assert ladder.next(done, 0, False) is None
    assert ladder.economy == Economy(offload=True, tile=2, split=2)
    plans = [("evict", 1), ("wait", 1), ("offload", 1), ("tile", 2), ("split", 2)]
    assert list(dict.fromkeys(map(understood, ladder.tried))) == plans


@pytest.mark.parametrize(
    ("words", "plan"),
    [
        ("in tiles of 1/16 of their edge", ("tile", 16)),
        ("in batches of 1/1024 of their size", ("split", 1024)),
        ("in tiles of 1/ of their edge", None),
        ("in tiles of 1/two of their edge", None),
        ("of another version", None),
        ("", None),
    ],
)
def test_words_of_plans_are_understood(words, plan):
    assert understood(words) == plan


def test_a_context_says_how_much_to_compute_at_once():
    ctx = Context()
    assert (ctx.economy, ctx.rows(5), ctx.tile(100, 16, 8)) == (AMPLE, 5, 100)
    assert ctx.asked == {"split": True, "tile": True}
    ctx = Context(economy=Economy(tile=4, split=4))
    assert [ctx.rows(5), ctx.rows(3), ctx.rows(0)] == [2, 1, 1]
    assert ctx.asked["split"] is True
    assert [ctx.tile(100, 16, 8), ctx.tile(100, 30), ctx.tile(20, 64)] == [24, 30, 20]
    ctx = Context(economy=Economy(split=8, tile=8))
    ctx.rows(8)
    ctx.tile(64, 8)
    assert ctx.asked == {"split": False, "tile": False}


def test_a_declaration_that_can_not_work_is_refused():
    @node("mem/bad", title="Bad", economy=("luck",), batch=Batch(lambda: 1, lambda calls: []))  # type: ignore[arg-type]
    def bad() -> int:
        """Bad."""
        return 0

    with pytest.raises(InvalidNode) as caught:
        spec_of(bad)
    said = [problem.message for problem in caught.value.problems]
    assert said == [
        "economy= names 'luck'",
        "economy= needs a parameter named ctx, which says how much to save",
        "batch= needs device=True and a parameter named ctx",
    ]
