"""Random graphs give what evaluating them by hand gives, whatever the cache can hold."""

import threading
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen import Engine
from tests.support import CALLS, CORE, Background, Pack, called, graph, node

ROOMY = 10_000_000


@node("test/noisy", title="Noisy", volatile=True)
def noisy(value: int) -> int:
    """Pass a number on, never cached."""
    called("noisy")
    return value


@st.composite
def graphs(draw):
    """``{id: (kind, operands)}``; an operand is a number or the id of an earlier node."""
    nodes: dict[str, tuple[str, tuple[Any, ...]]] = {}
    lists: list[str] = []
    numbers: list[str] = []

    def operand():
        if numbers and draw(st.booleans()):
            return draw(st.sampled_from(numbers))
        return draw(st.integers(0, 2))

    for i in range(draw(st.integers(1, 14))):
        id = f"n{i}"
        kinds = ["number", "add", "noisy", "upto"]
        kinds += ["gather"] * 2 if numbers else []
        kinds += ["each", "zip", "sum"] if lists else []
        kind = draw(st.sampled_from(kinds))
        if kind == "number":
            nodes[id] = kind, (draw(st.integers(0, 2)),)
        elif kind == "add":
            nodes[id] = kind, (operand(), operand())
        elif kind == "noisy":
            nodes[id] = kind, (operand(),)
        elif kind == "upto":
            nodes[id] = kind, (draw(st.integers(0, 3)),)
        elif kind == "gather":
            nodes[id] = (
                kind,
                tuple(draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=4))),
            )
        elif kind == "each":
            nodes[id] = kind, (draw(st.sampled_from(lists)), operand())
        elif kind == "zip":
            one = draw(st.sampled_from(lists))
            nodes[id] = kind, (one, one)
        else:
            nodes[id] = kind, (draw(st.sampled_from(lists)),)
        (lists if kind in ("upto", "each", "zip") else numbers).append(id)
    chosen = draw(st.lists(st.sampled_from(list(nodes)), min_size=1, max_size=4, unique=True))
    return nodes, chosen


TYPES = {
    "number": ("core/number", ["value"]),
    "add": ("core/add", ["a", "b"]),
    "noisy": ("test/noisy", ["value"]),
    "upto": ("core/upto", ["count"]),
    "each": ("core/add", ["a", "b"]),
    "zip": ("core/add", ["a", "b"]),
    "sum": ("core/total", ["values"]),
}


def document(nodes, chosen):
    def value(operand):
        return f"={operand}.value" if isinstance(operand, str) else operand

    drawn = {}
    for id, (kind, operands) in nodes.items():
        if kind == "gather":
            drawn[id] = "core/total", {"values": [value(o) for o in operands]}
        else:
            type_, ports = TYPES[kind]
            drawn[id] = type_, dict(zip(ports, map(value, operands), strict=True))
    return graph(drawn, {id: f"{id}.value" for id in chosen})


def evaluate(nodes, id):
    """The value of a node, directly."""
    kind, operands = nodes[id]
    values = [evaluate(nodes, o) if isinstance(o, str) else o for o in operands]
    if kind in ("number", "noisy"):
        return values[0]
    if kind == "add":
        return values[0] + values[1]
    if kind == "upto":
        return list(range(values[0]))
    if kind == "gather":
        return sum(values)
    if kind == "each":
        return [item + values[1] for item in values[0]]
    if kind == "zip":
        return [a + b for a, b in zip(*values, strict=True)]
    return sum(values[0])


def most_executions(nodes, chosen, runs):
    """An upper bound per function: distinct work once, volatile work and what is below it
    once per node and run."""
    needed: dict[str, Any] = {}

    def expression(id):
        if id not in needed:
            kind, operands = nodes[id]
            inner = [expression(o) if isinstance(o, str) else ("literal", o) for o in operands]
            volatile = kind == "noisy" or any(part is None for part in inner)
            needed[id] = None if volatile else (kind, *inner)
        return needed[id]

    for id in chosen:
        expression(id)
    bound = dict.fromkeys(["number", "add", "total", "upto", "noisy"], 0)
    name = {"gather": "total", "sum": "total", "each": "add", "zip": "add"}
    counted = set()
    for id, expr in needed.items():
        kind = nodes[id][0]
        size = len(evaluate(nodes, id)) if kind in ("each", "zip") else 1
        if expr is None:
            bound[name.get(kind, kind)] += runs * size
        elif expr not in counted:
            counted.add(expr)
            bound[name.get(kind, kind)] += size
    return bound


@settings(max_examples=120)
@given(graphs(), st.sampled_from([0, 600, 2_000, ROOMY]), st.booleans())
def test_random_graphs(tmp_path_factory, drawn, budget, concurrent):
    nodes, chosen = drawn
    CALLS.clear()
    expected = {id: evaluate(nodes, id) for id in chosen}
    workflow = document(nodes, chosen)
    pack = Pack(*CORE, noisy)
    with Engine([pack], installed=False, device="cpu", workers=2, cache_bytes=budget) as engine:
        runs = 2 if concurrent else 1
        start = threading.Barrier(runs)

        def work():
            start.wait(10)
            return engine.run(workflow)

        results = [run.result(20) for run in [Background(work) for _ in range(runs)]]
        for result in results:
            assert result.problems == []
            assert result.outputs == expected
        if budget == ROOMY:
            bound = most_executions(nodes, chosen, runs)
            assert {name: CALLS[name] for name in bound if CALLS[name] > bound[name]} == {}
            CALLS.clear()
            assert engine.run(workflow).outputs == expected
            assert {n for n in bound if CALLS[n]} <= {"noisy", "add", "total", "number"}
            if bound["noisy"] == 0:
                assert sum(CALLS[name] for name in bound) == 0
        assert engine.cache.stats().nbytes["cpu"] <= budget


@settings(max_examples=40)
@given(graphs(), st.data())
def test_an_edit_never_gives_an_old_value(drawn, data):
    nodes, chosen = drawn
    pack = Pack(*CORE, noisy)
    with Engine([pack], installed=False, device="cpu", workers=2) as engine:
        for _ in range(4):
            assert engine.run(document(nodes, chosen)).outputs == {
                id: evaluate(nodes, id) for id in chosen
            }
            id = data.draw(st.sampled_from(list(nodes)))
            kind, operands = nodes[id]
            if kind in ("number", "upto"):
                nodes = nodes | {id: (kind, ((operands[0] + 1) % 4,))}
            elif kind in ("add", "each", "noisy") and not isinstance(operands[-1], str):
                nodes = nodes | {id: (kind, (*operands[:-1], data.draw(st.integers(0, 3))))}
