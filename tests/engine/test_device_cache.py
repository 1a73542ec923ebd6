"""Runs on a device of little memory: random graphs, budgets and runs at the same time.

The toy device's arithmetic is the CPU's, so what comes out is compared bit for bit.
"""

from __future__ import annotations

import gc
import threading
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen import SKIP, CancelToken, Context, Engine, TypeSpec, Workflow, node
from tests.cache.values import Image
from tests.support import CALLS, Background, Pack, called, graph
from tests.toy_device import DEVICE, MEMORY

KB = 1000
ROOMY = 100_000 * KB


class Halves(NamedTuple):
    first: Image
    second: Image


@node("toy/fill", title="Fill", device=True)
def fill(value: int, size: int, *, ctx: Context) -> Image:
    """Make a tensor on the device."""
    called("fill")
    return Image(torch.full((size,), float(value), device=ctx.device))


@node("toy/fill_here", title="Fill here")
def fill_here(value: int, size: int) -> Image:
    """Make a tensor in host memory."""
    called("fill_here")
    return Image(torch.arange(value, value + size, dtype=torch.float32))


@node("toy/add", title="Add", device=True)
def add(a: Image, b: Image, *, ctx: Context) -> Image:
    """Add two tensors on the device, as far as both reach."""
    called("add")
    one, other = ctx.to_device(a).pixels, ctx.to_device(b).pixels
    length = min(len(one), len(other))
    return Image(one[:length] + other[:length])


@node("toy/add_here", title="Add here")
def add_here(a: Image, b: Image) -> Image:
    """The same in host memory."""
    called("add_here")
    one, other = a.pixels.cpu(), b.pixels.cpu()
    length = min(len(one), len(other))
    return Image(one[:length] + other[:length])


@node("toy/halves", title="Halves")
def halves(a: Image) -> Halves:
    """Views of both halves, wherever the tensor lies."""
    called("halves")
    middle = len(a.pixels) // 2
    return Halves(Image(a.pixels[:middle]), Image(a.pixels[middle:]))


@node("toy/same", title="Same")
def same(a: Image) -> Image:
    """Pass a tensor on."""
    called("same")
    return a


NODES = (fill, fill_here, add, add_here, halves, same)
OUTPUTS = {"halves": ("first", "second")}


def engine_of(device_bytes, host_bytes=ROOMY, **options):
    return Engine(
        [Pack(*NODES, types=[TypeSpec(Image)])],
        installed=False,
        device=DEVICE,
        workers=2,
        cache_bytes=host_bytes,
        device_cache_bytes={DEVICE: device_bytes},
        **options,
    )


@st.composite
def graphs(draw):
    """``{id: (kind, operands)}``: the kind of node, and numbers or ``(id, output)``."""
    nodes = {}
    ends = []
    for at in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from(list(KINDS) if ends else ["fill", "fill_here"]))
        if kind.startswith("fill"):
            operands = (draw(st.integers(0, 2)), draw(st.sampled_from([250, 2500, 10_000])))
        else:
            operands = tuple(draw(st.sampled_from(ends)) for _ in KINDS[kind])
        nodes[f"n{at}"] = kind, operands
        ends += [(f"n{at}", output) for output in OUTPUTS.get(kind, ("image",))]
    return nodes, draw(st.lists(st.sampled_from(ends), min_size=1, max_size=3, unique=True))


KINDS = {
    "fill": ("value", "size"),
    "fill_here": ("value", "size"),
    "add": ("a", "b"),
    "add_here": ("a", "b"),
    "halves": ("a",),
    "same": ("a",),
}


def document(nodes, chosen):
    def value(operand):
        return f"={'.'.join(operand)}" if isinstance(operand, tuple) else operand

    drawn = {
        id: (f"toy/{kind}", dict(zip(KINDS[kind], map(value, operands), strict=True)))
        for id, (kind, operands) in nodes.items()
    }
    return graph(drawn, {f"o{at}": ".".join(end) for at, end in enumerate(chosen)})


def evaluate(nodes, end):
    """The tensor of an output, without an engine."""
    kind, operands = nodes[end[0]]
    values = [evaluate(nodes, o) if isinstance(o, tuple) else o for o in operands]
    if kind == "fill":
        return torch.full((values[1],), float(values[0]))
    if kind == "fill_here":
        return torch.arange(values[0], values[0] + values[1], dtype=torch.float32)
    if kind == "same":
        return values[0]
    if kind == "halves":
        middle = len(values[0]) // 2
        return values[0][:middle] if end[1] == "first" else values[0][middle:]
    length = min(map(len, values))
    return values[0][:length] + values[1][:length]


def expected_of(nodes, chosen):
    return {f"o{at}": evaluate(nodes, end) for at, end in enumerate(chosen)}


def distinct(nodes, chosen):
    """How many times each kind has to be computed when everything fits."""
    found, pending = {}, [id for id, _ in chosen]

    def expression(id):
        kind, operands = nodes[id]
        return (
            kind,
            *((expression(o[0]), o[1]) if isinstance(o, tuple) else o for o in operands),
        )

    while pending:
        id = pending.pop()
        found[expression(id)] = nodes[id][0]
        pending += [o[0] for o in nodes[id][1] if isinstance(o, tuple)]
    counts = dict.fromkeys(KINDS, 0)
    for kind in found.values():
        counts[kind] += 1
    return counts


def agree(result, expected):
    assert result.problems == []
    assert result.outputs.keys() == expected.keys()
    return all(result.outputs[name].pixels.cpu().equal(expected[name]) for name in expected)


def within(engine, before):
    """Whether every tier keeps within its budget, and the device's own counter agrees."""
    stats = engine.cache.stats()
    assert all(stats.nbytes[tier] <= budget for tier, budget in stats.budgets.items())
    return MEMORY.used - before <= stats.nbytes[DEVICE]


@settings(max_examples=40)
@given(
    st.lists(graphs(), min_size=1, max_size=3),
    st.sampled_from([0, 12 * KB, 45 * KB, 90 * KB, ROOMY]),
    st.sampled_from([0, 45 * KB, ROOMY]),
    st.booleans(),
)
def test_random_graphs(drawn, device_bytes, host_bytes, at_once):
    CALLS.clear()
    before = MEMORY.used
    expected = [expected_of(*each) for each in drawn]
    with engine_of(device_bytes, host_bytes) as engine:
        for _ in range(2):
            if at_once:
                start = threading.Barrier(len(drawn))

                def work(each, start=start):
                    start.wait(10)
                    return engine.run(document(*each))

                results = [run.result(30) for run in [Background(work, each) for each in drawn]]
            else:
                results = [engine.run(document(*each)) for each in drawn]
            assert all(map(agree, results, expected))
            del results
            assert within(engine, before)
        if device_bytes == host_bytes == ROOMY and len(drawn) == 1:
            needed = distinct(*drawn[0])
            assert {kind: CALLS[kind] for kind in KINDS if CALLS[kind] > needed[kind]} == {}
    gc.collect()
    assert MEMORY.used <= before


@settings(max_examples=20)
@given(graphs(), st.lists(graphs(), min_size=1, max_size=4), st.sampled_from([45 * KB, 90 * KB]))
def test_what_a_result_holds_is_not_evicted(held, others, budget):
    with engine_of(budget, budget) as engine:
        nodes, chosen = held
        result = engine.run(document(nodes, chosen))
        plan = engine.planner.plan(Workflow.read(document(nodes, chosen)))
        kept = []
        for name, source in plan.outputs.items():
            key = plan.steps[source.step].key
            found = engine.cache.get(key)
            if found is not None and found[source.output] is result.outputs[name]:
                kept.append((key, source.output, name))
        for other in others:
            engine.run(document(*other))
        for key, output, name in kept:
            found = engine.cache.get(key)
            assert found is not None
            assert found[output] is result.outputs[name]


def diamond(consumers):
    """A tensor made in host memory, and nodes on the device that take it."""
    nodes = {"h": ("toy/fill_here", {"value": 1, "size": 1000})}
    for at in range(consumers):
        nodes[f"f{at}"] = "toy/fill", {"value": at, "size": 1000}
        nodes[f"a{at}"] = "toy/add", {"a": "=h.image", "b": f"=f{at}.image"}
    return graph(nodes, {f"a{at}": f"a{at}.image" for at in range(consumers)})


def test_what_the_host_made_is_copied_once_for_all_nodes_of_a_run():
    with engine_of(ROOMY) as engine:
        MEMORY.reset()
        result = engine.run(diamond(5))

        assert result.problems == []
        assert MEMORY.copied_in == 1
        assert MEMORY.copied_out == 0
        del result


def test_what_went_to_host_memory_comes_back_once():
    with engine_of(ROOMY) as engine:
        engine.run(graph({"f": ("toy/fill", {"value": 1, "size": 1000})}, {"f": "f.image"}))
        engine.cache.evict(DEVICE)
        MEMORY.reset()
        nodes = {"f": ("toy/fill", {"value": 1, "size": 1000})}
        for at in range(4):
            nodes[f"h{at}"] = "toy/fill", {"value": at + 5, "size": 1000}
            nodes[f"a{at}"] = "toy/add", {"a": "=f.image", "b": f"=h{at}.image"}
        result = engine.run(graph(nodes, {f"a{at}": f"a{at}.image" for at in range(4)}))

        assert result.problems == []
        assert result.nodes["f"].status == "cached"
        assert MEMORY.copied_in == 1
        del result


def test_a_chain_on_the_device_copies_nothing():
    nodes = {"n0": ("toy/fill", {"value": 1, "size": 1000})}
    for at in range(1, 6):
        nodes[f"n{at}"] = "toy/add", {"a": f"=n{at - 1}.image", "b": "=n0.image"}
    with engine_of(ROOMY) as engine:
        MEMORY.reset()
        result = engine.run(graph(nodes, {"n": "n5.image"}))

        assert result.outputs["n"].pixels.device == torch.device(DEVICE)
        assert (MEMORY.copied_in, MEMORY.copied_out) == (0, 0)
        del result


def test_the_device_is_filled_no_further_than_the_run_and_the_budget_need():
    before = MEMORY.used
    nodes = {"n0": ("toy/fill", {"value": 0, "size": 25_000})}
    for at in range(1, 20):
        nodes[f"n{at}"] = "toy/add", {"a": f"=n{at - 1}.image", "b": f"=n{at - 1}.image"}
    with engine_of(250 * KB) as engine:
        # Three that the node at hand uses and makes, two that are kept, one on its way.
        with MEMORY.limited(before + 600 * KB):
            result = engine.run(graph(nodes, {"n": "n19.image"}))
        assert result.problems == []
        del result
        assert within(engine, before)


def test_a_context_of_its_own_moves_values_too():
    tensor = torch.ones(10)
    context = Context(device=DEVICE)

    assert context.to_device(Image(tensor)).pixels.device == torch.device(DEVICE)
    assert Context().to_device(tensor) is tensor


@pytest.mark.parametrize("bad", ["failed", "cancelled", "skipped"])
def test_what_was_not_made_is_not_kept(bad, make_engine):
    token = CancelToken()

    @node("toy/bad", title="Bad", device=True)
    def bad_node(how: str, *, ctx: Context) -> Image:
        """Make nothing."""
        half = Image(torch.ones(1000, device=ctx.device))
        if how == "failed":
            raise ValueError("no")
        if how == "cancelled":
            ctx.token.cancel()
            ctx.check_cancelled()
        return SKIP if how == "skipped" else half

    engine = make_engine(bad_node, types=[TypeSpec(Image)], device=DEVICE)
    result = engine.run(graph({"b": ("toy/bad", {"how": bad})}), token=token)

    assert result.nodes["b"].outputs == {}
    assert engine.cache.stats().entries.get(DEVICE, 0) == 0
    assert engine.cache.stats().entries["cpu"] == 0
