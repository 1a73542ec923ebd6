"""Lazy inputs: computed only if the node asks."""

from typing import Annotated, Any

import pytest
from pydantic import Field

from graphgen import SKIP, Lazy, node
from tests.support import CALLS, called, graph, statuses

pytestmark = pytest.mark.timeout(30)


@node("test/choose", title="Choose")
async def choose(first: bool, a: Lazy[int], b: Lazy[int]) -> int:
    """Give one of two values."""
    called("choose")
    return await (a if first else b)


@node("test/twice", title="Twice")
async def twice(a: Lazy[int]) -> int:
    """Ask twice."""
    return await a + await a


@node("test/never", title="Never")
async def never(a: Lazy[int], b: Lazy[list[int]]) -> int:
    """Ask for nothing."""
    return 7


@node("test/gathered", title="Gathered")
async def gathered(values: Lazy[list[float]]) -> str:
    """Ask for a list."""
    return repr(await values)


@node("test/defaulted", title="Defaulted")
async def defaulted(a: Lazy[int] = 5, b: Lazy[int] | None = None) -> int:
    """Have defaults."""
    return await a + (0 if b is None else await b)


@node("test/catching", title="Catching")
async def catching(a: Lazy[int]) -> int:
    """Go on whatever becomes of the input."""
    try:
        return await a
    except Exception:
        return -1


@node("test/skipping", title="Skipping")
def skipping() -> int:
    """Skip its output."""
    return SKIP


@node("test/limited", title="Limited")
async def limited(a: Annotated[Lazy[int], Field(le=5)]) -> int:
    """Take small numbers."""
    return await a


@pytest.fixture
def engine(make_engine):
    return make_engine(choose, twice, never, gathered, defaulted, catching, skipping, limited, each)


def branches(first):
    return graph(
        {
            "n": ("core/number", {"value": 1}),
            "a": ("core/add", {"a": "=n.value", "b": 10}),
            "b": ("core/add", {"a": "=n.value", "b": 20}),
            "c": ("test/choose", {"first": first, "a": "=a.value", "b": "=b.value"}),
        },
        outputs={"out": "c.value"},
    )


@pytest.mark.parametrize(
    ("first", "out", "taken", "left"), [(True, 11, "a", "b"), (False, 21, "b", "a")]
)
def test_the_branch_that_is_not_taken_is_not_computed(engine, first, out, taken, left):
    result = engine.run(branches(first))

    assert result.outputs == {"out": out}
    assert statuses(result)[taken] == "executed"
    assert statuses(result)[left] == "skipped"
    assert CALLS["add"] == 1


def test_the_other_branch_is_computed_when_it_is_wanted_later(engine):
    engine.run(branches(True))

    result = engine.run(branches(False))

    assert result.outputs == {"out": 21}
    assert statuses(result)["n"] == "cached"
    assert CALLS["add"] == 2
    assert CALLS["number"] == 1


def test_what_chose_is_cached_like_any_other(engine):
    engine.run(branches(True))

    assert statuses(engine.run(branches(True)))["c"] == "cached"
    assert CALLS["choose"] == 1


def test_a_whole_branch_is_left_out_not_only_its_end(engine):
    document = graph(
        {
            "long0": ("core/number", {"value": 1}),
            "long1": ("core/add", {"a": "=long0.value"}),
            "long2": ("core/add", {"a": "=long1.value"}),
            "c": ("test/choose", {"first": False, "a": "=long2.value", "b": 3}),
        },
        outputs={"out": "c.value"},
    )

    result = engine.run(document)

    assert result.outputs == {"out": 3}
    assert CALLS["number"] == CALLS["add"] == 0


def test_an_input_that_is_asked_for_twice_is_computed_once(engine):
    document = graph({"n": ("core/number", {"value": 4}), "t": ("test/twice", {"a": "=n.value"})})

    assert engine.run(document).nodes["t"].outputs == {"value": 8}
    assert CALLS["number"] == 1


def test_nothing_is_computed_for_a_node_that_asks_for_nothing(engine):
    document = graph(
        {
            "n": "core/number",
            "f": "core/fail",
            "v": ("test/never", {"a": "=n.value", "b": ["=f.value", "=n.value"]}),
        }
    )

    result = engine.run(document)

    assert result.nodes["v"].outputs == {"value": 7}
    assert CALLS == {}


def test_a_value_that_others_need_too_is_computed_once(engine):
    document = graph(
        {
            "n": ("core/number", {"value": 2}),
            "other": ("core/add", {"a": "=n.value", "b": 1}),
            "c": ("test/choose", {"first": True, "a": "=n.value", "b": "=other.value"}),
        },
        outputs={"c": "c.value", "other": "other.value"},
    )

    assert engine.run(document).outputs == {"c": 2, "other": 3}
    assert CALLS["number"] == 1


def test_a_list_is_gathered_and_converted_when_it_is_asked_for(engine):
    document = graph(
        {
            "n": ("core/number", {"value": 2}),
            "g": ("test/gathered", {"values": ["=n.value", "=n.value"]}),
        }
    )

    assert engine.run(document).nodes["g"].outputs == {"value": "[2.0, 2.0]"}


def test_literals_and_defaults_are_awaited_all_the_same(engine):
    document = graph(
        {
            "c": ("test/choose", {"first": True, "a": 3, "b": 4}),
            "d": "test/defaulted",
            "e": ("test/defaulted", {"a": 1, "b": 2}),
            "n": ("core/number", {"value": 10}),
            "f": ("test/defaulted", {"b": "=n.value"}),
        },
        outputs={"c": "c.value", "d": "d.value", "e": "e.value", "f": "f.value"},
    )

    result = engine.run(document)

    assert result.problems == []
    assert result.outputs == {"c": 3, "d": 5, "e": 3, "f": 15}


def test_what_was_asked_for_and_failed_fails_the_branch_that_asked(engine):
    document = graph(
        {
            "f": "core/fail",
            "c": ("test/choose", {"first": True, "a": "=f.value", "b": 1}),
            "d": ("test/choose", {"first": False, "a": "=f.value", "b": 1}),
        },
        outputs={"c": "c.value", "d": "d.value"},
    )

    result = engine.run(document)

    assert [(p.code, p.node) for p in result.problems] == [("node_failed", "f")]
    assert result.outputs == {"d": 1}
    assert statuses(result)["c"] == "skipped"


def test_what_was_asked_for_and_skipped_skips(engine):
    document = graph(
        {
            "s": "test/skipping",
            "c": ("test/choose", {"first": True, "a": "=s.value", "b": 1}),
            "after": ("core/add", {"a": "=c.value"}),
        }
    )

    result = engine.run(document)

    assert result.status == "succeeded"
    assert set(statuses(result).values()) <= {"executed", "skipped"}
    assert statuses(result)["c"] == statuses(result)["after"] == "skipped"


def test_a_node_may_go_on_without_what_it_asked_for(engine):
    document = graph({"s": "test/skipping", "c": ("test/catching", {"a": "=s.value"})})

    assert engine.run(document).nodes["c"].outputs == {"value": -1}


def test_limits_hold_for_what_arrives(engine):
    document = graph({"n": ("core/number", {"value": 9}), "l": ("test/limited", {"a": "=n.value"})})

    (problem,) = engine.run(document).problems

    assert (problem.code, problem.node, problem.port) == ("value_not_allowed", "l", "a")


def test_volatile_work_behind_a_lazy_input_is_not_cached(engine):
    document = graph(
        {"t": "core/tick", "c": ("test/choose", {"first": True, "a": "=t.value", "b": 1})}
    )

    first = engine.run(document).nodes["c"].outputs["value"]
    second = engine.run(document).nodes["c"].outputs["value"]

    assert (first, second) == (1, 2)


@node("test/each", title="Each")
async def each(item: int, plus: Lazy[int]) -> int:
    """Add to an item, if it is odd."""
    return item + await plus if item % 2 else item


@pytest.mark.parametrize("plus", ["=n.value", 100])
def test_lazy_inputs_of_a_node_that_runs_per_item(engine, plus):
    document = graph(
        {
            "n": ("core/number", {"value": 100}),
            "u": ("core/upto", {"count": 4}),
            "e": ("test/each", {"item": "=u.value", "plus": plus}),
        }
    )

    assert engine.run(document).nodes["e"].outputs == {"value": [0, 101, 2, 103]}
    assert CALLS["number"] <= 1


def test_per_item_nothing_is_asked_for_if_no_item_asks(engine):
    document = graph(
        {
            "n": "core/number",
            "u": ("core/upto", {"count": 1}),
            "e": ("test/each", {"item": "=u.value", "plus": "=n.value"}),
        }
    )

    engine.run(document)

    assert CALLS["number"] == 0


@node("test/chain", title="Chain")
async def chain(deeper: Lazy[Any]) -> Any:
    """Ask for what asks for the next."""
    return await deeper


def test_a_long_chain_of_nodes_that_each_wait_for_the_next(make_engine):
    nodes = {"n0": ("core/number", {"value": 3})}
    for i in range(1, 300):
        nodes[f"n{i}"] = ("test/chain", {"deeper": f"=n{i - 1}.value"})

    result = make_engine(chain).run(graph(nodes, outputs={"out": "n299.value"}))

    assert result.outputs == {"out": 3}
