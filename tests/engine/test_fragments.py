"""Nodes that return a piece of workflow to be run in their place."""

from typing import Any, NamedTuple

import pytest

from graphgen import SKIP, Fragment, node
from tests.support import CALLS, called, graph, link, statuses

pytestmark = pytest.mark.timeout(30)


@node("test/power", title="Power of two")
def power(exponent: int) -> int | Fragment:
    """2 to the power of ``exponent``, by doubling what it calls itself for."""
    called("power")
    if exponent == 0:
        return 1
    return Fragment(
        {
            "less": {"type": "test/power", "inputs": {"exponent": exponent - 1}},
            "sum": {
                "type": "core/add",
                "inputs": {"a": link("less.value"), "b": link("less.value")},
            },
        },
        {"value": link("sum.value")},
    )


@node("test/numbers", title="Numbers")
def numbers(values: list[int]) -> list[int] | Fragment:
    """One node per number."""
    called("numbers")
    nodes = {f"n{i}": {"type": "core/number", "inputs": {"value": v}} for i, v in enumerate(values)}
    return Fragment(nodes, {"value": [link(f"{id}.value") for id in nodes]})


class Outcome(NamedTuple):
    first: int
    rest: list[int]
    note: str


@node("test/several", title="Several")
def several() -> Outcome | Fragment:
    """Give all kinds of outputs."""
    return Fragment(
        {
            "a": {"type": "core/number", "inputs": {"value": 1}},
            "b": {"type": "core/number", "inputs": {"value": 2}},
        },
        {"first": link("a.value"), "rest": [link("a.value"), link("b.value")], "note": "plain"},
    )


def fragment_node(fragment, annotation=int):
    """A node that returns one fixed fragment."""
    FIXED[:] = [fragment]

    def fixed():
        """Give a fragment."""
        return FIXED[0]

    fixed.__annotations__["return"] = annotation | Fragment
    return node("test/fixed", title="Fixed")(fixed)


FIXED: list[Any] = []
NUMBER = {"a": {"type": "core/number", "inputs": {"value": 1}}}


@pytest.fixture
def engine(make_engine):
    return make_engine(power, numbers, several)


def test_it_runs_in_the_place_of_the_node(engine):
    document = graph(
        {
            "p": ("test/power", {"exponent": 1}),
            "after": ("core/add", {"a": "=p.value", "b": 100}),
        },
        outputs={"out": "after.value"},
    )

    result = engine.run(document)

    assert result.outputs == {"out": 102}
    assert statuses(result) == {
        "p": "executed",
        "p/less": "executed",
        "p/sum": "executed",
        "after": "executed",
    }


def test_fragments_nest(engine):
    result = engine.run(graph({"p": ("test/power", {"exponent": 30})}, {"out": "p.value"}))

    assert result.outputs == {"out": 2**30}
    assert CALLS["power"] == 31
    assert "/".join(["p", *["less"] * 30]) in statuses(result)


def test_what_it_computed_is_shared_with_equal_nodes_anywhere(engine):
    engine.run(graph({"p": ("test/power", {"exponent": 5})}))
    CALLS.clear()

    result = engine.run(graph({"q": ("test/power", {"exponent": 6})}, {"out": "q.value"}))

    assert result.outputs == {"out": 64}
    assert CALLS["power"] == 1
    assert statuses(result)["q/less"] == "cached"


def test_the_whole_of_it_is_cached(engine):
    engine.run(graph({"p": ("test/power", {"exponent": 3})}))
    CALLS.clear()

    result = engine.run(graph({"p": ("test/power", {"exponent": 3})}, {"out": "p.value"}))

    assert result.outputs == {"out": 8}
    assert statuses(result) == {"p": "cached"}
    assert CALLS == {}


def test_list_outputs(engine):
    document = graph(
        {
            "n": ("test/numbers", {"values": [3, 1, 2]}),
            "t": ("core/total", {"values": "=n.value"}),
            "none": ("test/numbers", {"values": []}),
        },
        outputs={"list": "n.value", "sum": "t.value", "none": "none.value"},
    )

    assert engine.run(document).outputs == {"list": [3, 1, 2], "sum": 6, "none": []}


def test_links_lists_and_plain_values_as_outputs(engine):
    outputs = {name: f"s.{name}" for name in ("first", "rest", "note")}

    assert engine.run(graph({"s": "test/several"}, outputs)).outputs == {
        "first": 1,
        "rest": [1, 2],
        "note": "plain",
    }


def test_a_dict_of_links_as_an_output(make_engine):
    engine = make_engine(
        fragment_node(Fragment(NUMBER, {"value": {"one": link("a.value")}}), dict[str, int])
    )

    assert engine.run(graph({"f": "test/fixed"}, {"out": "f.value"})).outputs == {"out": {"one": 1}}


class Single(NamedTuple):
    number: int


def test_a_named_tuple_of_one(make_engine):
    @node("test/single", title="Single")
    def single() -> Single:
        """Give one output by name."""
        return Single(4)

    engine = make_engine(
        single, fragment_node(Fragment(NUMBER, {"number": link("a.value")}), Single)
    )
    document = graph({"f": "test/fixed", "s": "test/single"}, {"f": "f.number", "s": "s.number"})

    result = engine.run(document)

    assert result.problems == []
    assert result.outputs == {"f": 1, "s": 4}


def test_a_literal_may_be_any_python_value(make_engine):
    thing = object()
    made = make_engine(
        fragment_node(
            Fragment(
                {"s": {"type": "core/show", "inputs": {"value": {"literal": thing}}}},
                {"value": link("s.value")},
            ),
            str,
        )
    )

    assert made.run(graph({"f": "test/fixed"}, {"out": "f.value"})).outputs == {"out": repr(thing)}


def test_nodes_inside_that_fail_fail_the_node_and_what_needs_it(make_engine):
    engine = make_engine(
        fragment_node(
            Fragment(
                {**NUMBER, "f": {"type": "core/fail", "inputs": {"value": link("a.value")}}},
                {"value": link("f.value")},
            )
        )
    )
    document = graph(
        {"x": "test/fixed", "after": ("core/add", {"a": "=x.value"}), "n": "core/number"}
    )

    result = engine.run(document)

    assert [(p.code, p.node) for p in result.problems] == [("node_failed", "x/f")]
    assert statuses(result)["after"] == "skipped"
    assert statuses(result)["x"] in ("failed", "skipped")
    assert statuses(result)["n"] == "executed"
    again = engine.run(document)
    assert statuses(again)["x/a"] == "cached"
    assert again.status == "failed"


def test_one_failed_link_fails_a_list(make_engine):
    engine = make_engine(
        fragment_node(
            Fragment(
                {**NUMBER, "f": {"type": "core/fail", "inputs": {}}},
                {"value": [link("a.value"), link("f.value")]},
            ),
            list[int],
        )
    )

    result = engine.run(graph({"x": "test/fixed"}, {"out": "x.value"}))

    assert result.status == "failed"
    assert result.outputs == {}


@node("test/skip", title="Skip")
def skip() -> int:
    """Skip its output."""
    return SKIP


def test_skipped_items_leave_no_gap_in_a_list(make_engine):
    engine = make_engine(
        skip,
        fragment_node(
            Fragment(
                {**NUMBER, "s": {"type": "test/skip", "inputs": {}}},
                {"value": [link("s.value"), link("a.value"), link("s.value")]},
            ),
            list[int],
        ),
    )

    assert engine.run(graph({"x": "test/fixed"}, {"out": "x.value"})).outputs == {"out": [1]}


def test_a_skipped_output_is_skipped_outside_too(make_engine):
    engine = make_engine(
        skip,
        fragment_node(
            Fragment({"s": {"type": "test/skip", "inputs": {}}}, {"value": link("s.value")})
        ),
    )
    document = graph(
        {"x": "test/fixed", "after": ("core/add", {"a": "=x.value"})}, {"o": "after.value"}
    )

    result = engine.run(document)

    assert (result.status, result.outputs) == ("succeeded", {})
    assert CALLS["add"] == 0


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        (
            Fragment(
                {
                    "a": {"type": "core/nubmer", "inputs": {}},
                    "b": {"type": "core/add", "inputs": {"a": "x"}},
                    "c": {"type": "core/add", "inputs": {"a": link("gone.value")}},
                },
                {"value": link("b.value")},
            ),
            {("unknown_node_type", "x/a"), ("value_not_allowed", "x/b"), ("unknown_node", "x/c")},
        ),
        (
            Fragment(
                {
                    "a": {"type": "core/add", "inputs": {"a": link("b.value")}},
                    "b": {"type": "core/add", "inputs": {"a": link("a.value")}},
                },
                {"value": link("a.value")},
            ),
            {("cycle", "x/a")},
        ),
        (Fragment(NUMBER, {"value": link("gone.value")}), {("unknown_output", "x")}),
        (Fragment(NUMBER, {"value": link("a.gone")}), {("unknown_output", "x")}),
        (Fragment({"a": {"typo": "core/number"}}, {"value": 1}), None),
        (Fragment({"a": 3}, {"value": 1}), None),
        (Fragment(NUMBER, {}), None),
        (Fragment(NUMBER, {"valeu": link("a.value")}), None),
        (Fragment(NUMBER, {"value": link("a.value"), "other": link("a.value")}), None),
        (Fragment(NUMBER, {"value": "text"}), None),
        (Fragment(NUMBER, {"value": [link("a.value")]}), None),
        (
            Fragment({"t": {"type": "core/text", "inputs": {}}}, {"value": link("t.value")}),
            None,
        ),
        (
            Fragment(
                {"w": {"type": "workflow/w", "inputs": {}}}, {"value": 1}, {"w": {"nodes": 3}}
            ),
            None,
        ),
    ],
)
def test_a_bad_fragment_is_a_problem_of_its_node(make_engine, fragment, expected):
    engine = make_engine(fragment_node(fragment))

    result = engine.run(
        graph({"x": "test/fixed", "n": "core/number"}, {"n": "n.value", "x": "x.value"})
    )

    assert result.status == "failed"
    assert result.outputs == {"n": 0}
    found = {(p.code, p.node) for p in result.problems}
    if expected is None:
        assert {node.partition("/")[0] for _, node in found} == {"x"}
    else:
        assert found == expected or ("cycle" in {c for c, _ in expected} and len(found) == 1)


def test_subgraphs_of_a_fragment(make_engine):
    double = graph({"d": ("core/add", {"a": 0, "b": 0})}, {"out": "d.value"}, {"x": ["d.a", "d.b"]})
    engine = make_engine(
        fragment_node(
            Fragment(
                {"w": {"type": "workflow/double", "inputs": {"x": 21}}},
                {"value": link("w.out")},
                {"double": double},
            )
        )
    )

    assert engine.run(graph({"f": "test/fixed"}, {"out": "f.value"})).outputs == {"out": 42}


TOLD = []


@node("test/tell", title="Tell", volatile=True)
def tell(value: int) -> None:
    """Write something."""
    TOLD.append(value)


def test_nodes_inside_that_write_something_are_run(make_engine):
    TOLD.clear()
    engine = make_engine(
        tell,
        fragment_node(
            Fragment(
                {**NUMBER, "t": {"type": "test/tell", "inputs": {"value": link("a.value")}}},
                {"value": 5},
            )
        ),
    )

    result = engine.run(graph({"x": "test/fixed"}, {"out": "x.value"}))

    assert result.outputs == {"out": 5}
    assert TOLD == [1]


def test_only_what_its_outputs_need_is_run(make_engine):
    engine = make_engine(
        fragment_node(
            Fragment(
                {**NUMBER, "unused": {"type": "core/add", "inputs": {"a": 1}}},
                {"value": link("a.value")},
            )
        )
    )

    engine.run(graph({"x": "test/fixed"}))

    assert CALLS["add"] == 0


def test_volatile_work_inside_makes_the_node_uncached(make_engine):
    engine = make_engine(
        fragment_node(
            Fragment(
                {
                    "t": {"type": "core/tick", "inputs": {}},
                    "a": {"type": "core/add", "inputs": {"a": link("t.value"), "b": 100}},
                },
                {"value": link("a.value")},
            )
        )
    )
    document = graph({"x": "test/fixed", "y": ("core/add", {"a": "=x.value"})}, {"out": "x.value"})

    assert engine.run(document).outputs == {"out": 101}
    assert engine.run(document).outputs == {"out": 102}


def test_what_is_below_volatile_work_inside_is_not_cached_either(make_engine):
    engine = make_engine(
        fragment_node(
            Fragment({"t": {"type": "core/tick", "inputs": {}}}, {"value": link("t.value")})
        )
    )
    document = graph(
        {"x": "test/fixed", "y": ("core/add", {"a": "=x.value", "b": 100})}, {"out": "y.value"}
    )

    assert engine.run(document).outputs == {"out": 101}
    assert engine.run(document).outputs == {"out": 102}


@node("test/count_down", title="Count down")
def count_down(value: int, ended: str = "") -> str | Fragment:
    """A loop that continues beside itself, so that ids do not grow."""
    called("count_down")
    if value == 0:
        return "done"
    return Fragment(
        {f"step{value}": {"type": "test/count_down", "inputs": {"value": value - 1}}},
        {"value": link(f"step{value}.value")},
        beside=value < 200,
    )


def test_ids_of_a_long_loop_do_not_grow(make_engine):
    result = make_engine(count_down).run(
        graph({"c": ("test/count_down", {"value": 200})}, {"out": "c.value"})
    )

    assert result.outputs == {"out": "done"}
    assert CALLS["count_down"] == 201
    assert max(map(len, statuses(result))) < 20
    assert len(statuses(result)) == len(result.nodes) == 201


@node("test/fragment_later", title="Fragment later")
async def fragment_later(value: int) -> int | Fragment:
    """Give a fragment from an async node."""
    return Fragment(
        {"n": {"type": "core/number", "inputs": {"value": value}}}, {"value": link("n.value")}
    )


def test_an_async_node_may_return_one(make_engine):
    engine = make_engine(fragment_later)

    assert engine.run(
        graph({"f": ("test/fragment_later", {"value": 4})}, {"o": "f.value"})
    ).outputs == {"o": 4}


def test_a_node_that_runs_per_item_may_return_one(engine):
    document = graph(
        {"u": ("core/upto", {"count": 4}), "p": ("test/power", {"exponent": "=u.value"})},
        {"out": "p.value"},
    )

    assert engine.run(document).outputs == {"out": [1, 2, 4, 8]}


def test_many_nodes_in_one_fragment(engine):
    result = engine.run(
        graph({"n": ("test/numbers", {"values": list(range(3000))})}, {"out": "n.value"})
    )

    assert result.outputs == {"out": list(range(3000))}
