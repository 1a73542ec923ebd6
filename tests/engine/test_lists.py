"""Lists taken apart (a node runs per item) and put together, and branches that are skipped."""

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeVar

import pytest
from pydantic import Field

from graphgen import SKIP, TypeSpec, node
from tests.support import CALLS, called, graph, link, statuses

pytestmark = pytest.mark.timeout(30)
N = TypeVar("N", bound=int)
T = TypeVar("T")


@dataclass(frozen=True)
class Inches:
    """A length."""

    amount: float


@dataclass(frozen=True)
class Metres:
    """A length."""

    amount: float


LENGTHS = [
    TypeSpec(Metres),
    TypeSpec(Inches, conversions={Metres: lambda inches: Metres(inches.amount * 0.0254)}),
]


@node("test/half", title="Half")
def half(value: float) -> float:
    """Halve a number."""
    called("half")
    assert type(value) is float
    return value / 2


@node("test/mean", title="Mean")
def mean(values: list[float]) -> float:
    """The mean of numbers."""
    assert all(type(value) is float for value in values)
    return sum(values) / len(values)


@node("test/rows", title="Rows")
def rows() -> list[list[int]]:
    """Give numbers in rows."""
    return [[1, 2], [3]]


@node("test/flat", title="Flat")
def flat(values: list[list[float]]) -> str:
    """Write nested numbers."""
    return repr(values)


@node("test/even", title="Even")
def even(value: int) -> int:
    """Pass even numbers on and skip the others."""
    called("even")
    return SKIP if value % 2 else value


class Sorted(NamedTuple):
    even: int
    odd: int


@node("test/sort", title="Sort")
def sort(value: int) -> Sorted:
    """Send a number one way or the other."""
    return Sorted(SKIP, value) if value % 2 else Sorted(value, SKIP)


@node("test/same", title="Same")
def same(value: N) -> N:
    """Pass on a number."""
    return value


@node("test/any", title="Any")
def any_(value: T) -> T:
    """Pass on anything."""
    return value


@node("test/opaque", title="Opaque")
def opaque(value: Any) -> Any:
    """Pass on anything, and say nothing of it."""
    return value


@node("test/first", title="First")
def first(values: list[T]) -> T:
    """The first of a list."""
    return values[0]


@node("test/limited", title="Limited")
def limited(value: Annotated[int, Field(le=1)]) -> int:
    """Take small numbers."""
    return value


@node("test/ruler", title="Ruler")
def ruler(count: int) -> list[Inches]:
    """Marks on a ruler."""
    return [Inches(float(i)) for i in range(count)]


@node("test/metre", title="Metre")
def metre(length: Metres) -> str:
    """Write a length."""
    return f"{length.amount:.4f} m"


@node("test/metres", title="Metres")
def metres(lengths: list[Metres]) -> str:
    """Write lengths."""
    return ", ".join(f"{length.amount:.4f} m" for length in lengths)


@node("test/maybe", title="Maybe")
def maybe(value: int) -> int | None:
    """Give a number, or nothing for 0."""
    return value or None


@node("test/maybe_half", title="Half, maybe")
def maybe_half(value: float | None) -> str:
    """Take a number or nothing."""
    return repr(value)


@node("test/maybe_list", title="Maybe a list")
def maybe_list() -> list[int] | None:
    """Give no list."""
    return None


@node("test/keys", title="Keys")
def keys(values: dict[str, Any]) -> str:
    """Write a dict."""
    return repr(values)


@node("test/split", title="Split")
def split(value: int) -> list[int]:
    """Give a list."""
    return [value, value + 1]


@pytest.fixture
def engine(make_engine):
    given = (half, mean, rows, flat, even, sort, same, any_, first, limited, ruler, metre, metres)
    return make_engine(*given, opaque, maybe, maybe_half, maybe_list, keys, split, types=LENGTHS)


def run(engine, nodes, target="x", **options):
    result = engine.run(graph(nodes), targets=[target], **options)
    assert result.problems == []
    outputs = result.nodes[target].outputs
    return next(iter(outputs.values())) if outputs else None


UPTO = {"u": ("core/upto", {"count": 4})}


def test_a_list_into_a_single_input_runs_the_node_per_item(engine):
    assert run(engine, UPTO | {"x": ("core/add", {"a": "=u.value", "b": 10})}) == [10, 11, 12, 13]
    assert CALLS["add"] == 4


def test_two_lists_are_walked_in_step(engine):
    nodes = UPTO | {
        "t": ("core/add", {"a": "=u.value", "b": 10}),
        "x": ("core/add", {"a": "=u.value", "b": "=t.value"}),
    }

    assert run(engine, nodes) == [10, 12, 14, 16]


def test_lists_of_different_length_are_refused_with_their_lengths(engine):
    nodes = UPTO | {
        "v": ("core/upto", {"count": 3}),
        "x": ("core/add", {"a": "=u.value", "b": "=v.value"}),
    }

    (problem,) = engine.run(graph(nodes)).problems

    assert (problem.code, problem.node) == ("list_lengths", "x")
    for said in ("a", "4", "b", "3"):
        assert said in problem.message
    assert CALLS["add"] == 0


def test_what_runs_per_item_gives_a_list(engine):
    nodes = UPTO | {
        "a": ("core/add", {"a": "=u.value", "b": 1}),
        "b": ("core/add", {"a": "=a.value", "b": 1}),
        "x": ("core/total", {"values": "=b.value"}),
    }

    assert run(engine, nodes) == 14


def test_an_empty_list_gives_an_empty_list(engine):
    nodes = {
        "u": ("core/upto", {"count": 0}),
        "a": ("core/add", {"a": "=u.value"}),
        "x": ("core/total", {"values": "=a.value"}),
    }

    assert run(engine, nodes) == 0
    assert CALLS["add"] == 0


def test_several_outputs_become_several_lists(engine):
    result = engine.run(
        graph(
            UPTO | {"s": ("test/sort", {"value": "=u.value"})},
            outputs={"even": "s.even", "odd": "s.odd"},
        )
    )

    assert result.outputs == {"even": [0, 2], "odd": [1, 3]}


def test_each_item_is_cached_by_itself_and_shared_with_an_equal_node(engine):
    run(engine, UPTO | {"x": ("core/add", {"a": "=u.value", "b": 10})})
    CALLS.clear()

    assert run(engine, {"x": ("core/add", {"a": 2, "b": 10})}) == 12
    assert CALLS["add"] == 0
    longer = {"u": ("core/upto", {"count": 6}), "x": ("core/add", {"a": "=u.value", "b": 10})}
    assert run(engine, longer) == [10, 11, 12, 13, 14, 15]
    assert CALLS["add"] == 2


def test_an_equal_node_fills_in_for_an_item(engine):
    run(engine, {"x": ("core/add", {"a": 2, "b": 10})})
    CALLS.clear()

    run(engine, UPTO | {"x": ("core/add", {"a": "=u.value", "b": 10})})

    assert CALLS["add"] == 3


def test_items_show_in_the_result_in_order(engine):
    result = engine.run(graph(UPTO | {"x": ("core/add", {"a": "=u.value"})}))

    assert statuses(result) == {
        "u": "executed",
        "x": "executed",
        **{f"x[{i}]": "executed" for i in range(4)},
    }


def test_one_item_that_fails_fails_the_list_and_keeps_the_others(engine):
    nodes = UPTO | {"x": ("test/limited", {"value": "=u.value"}), "n": "core/number"}

    result = engine.run(graph(nodes))

    assert {p.code for p in result.problems} == {"value_not_allowed"}
    assert {p.port for p in result.problems} == {"value"}
    assert all((p.node or "").startswith("x") for p in result.problems)
    assert result.nodes["x"].outputs == {}
    assert statuses(result)["n"] == "executed"


def test_single_values_are_collected(engine):
    assert (
        run(
            engine,
            {"n": ("core/number", {"value": 3}), "x": ("core/total", {"values": "=n.value"})},
        )
        == 3
    )


def test_links_are_gathered_in_order(engine):
    nodes = {f"n{i}": ("core/number", {"value": i}) for i in range(3)}
    nodes["x"] = ("core/show", {"value": ["=n2.value", "=n0.value", "=n2.value", "=n1.value"]})

    assert run(engine, nodes) == "[2, 0, 2, 1]"


def test_links_are_gathered_into_a_dict(engine):
    nodes = {"n": ("core/number", {"value": 1}), "m": ("core/number", {"value": 2})}
    given = {"two": link("m.value"), "one": link("n.value")}

    assert run(engine, nodes | {"x": ("test/keys", {"values": given})}) == "{'two': 2, 'one': 1}"
    assert run(engine, nodes | {"x": ("core/show", {"value": given})}) == "{'two': 2, 'one': 1}"


def test_a_list_of_links_into_a_single_input_runs_per_item(engine):
    nodes = {f"n{i}": ("core/number", {"value": i}) for i in range(3)}
    nodes["x"] = ("core/add", {"a": ["=n2.value", "=n0.value"], "b": 5})

    assert run(engine, nodes) == [7, 5]


def test_lists_of_lists(engine):
    assert run(engine, {"r": "test/rows", "x": ("core/total", {"values": "=r.value"})}) == [3, 3]
    nodes = UPTO | {
        "s": ("test/split", {"value": "=u.value"}),
        "x": ("core/total", {"values": "=s.value"}),
    }
    assert run(engine, nodes) == [1, 3, 5, 7]


# Conversions on the way


def test_numbers_are_converted_at_every_depth(engine):
    number = {"n": ("core/number", {"value": 3})}
    assert run(engine, number | {"x": ("test/half", {"value": "=n.value"})}) == 1.5
    assert run(engine, UPTO | {"x": ("test/half", {"value": "=u.value"})}) == [0, 0.5, 1, 1.5]
    assert run(engine, UPTO | {"x": ("test/mean", {"values": "=u.value"})}) == 1.5
    assert run(engine, number | {"x": ("test/mean", {"values": "=n.value"})}) == 3
    gathered = number | {"x": ("test/mean", {"values": ["=n.value", "=n.value"]})}
    assert run(engine, gathered) == 3
    assert run(engine, {"r": "test/rows", "x": ("test/mean", {"values": "=r.value"})}) == [1.5, 3]
    nested = {"r": "test/rows", "x": ("test/flat", {"values": "=r.value"})}
    assert run(engine, nested) == "[[1.0, 2.0], [3.0]]"


def test_port_types_are_converted_too(engine):
    nodes = {"r": ("test/ruler", {"count": 3})}
    assert run(engine, nodes | {"x": ("test/metre", {"length": "=r.inches"})}) == [
        "0.0000 m",
        "0.0254 m",
        "0.0508 m",
    ]
    assert (
        run(engine, nodes | {"x": ("test/metres", {"lengths": "=r.inches"})})
        == "0.0000 m, 0.0254 m, 0.0508 m"
    )


def test_nothing_is_converted_to_nothing(engine):
    def nodes(value):
        return {
            "m": ("test/maybe", {"value": value}),
            "x": ("test/maybe_half", {"value": "=m.value"}),
        }

    assert run(engine, nodes(3)) == "3.0"
    assert run(engine, nodes(0)) == "None"


@pytest.mark.parametrize(
    ("type_", "port"), [("test/half", "value"), ("core/add", "a"), ("test/mean", "values")]
)
def test_nothing_where_something_is_needed_is_refused_when_it_arrives(engine, type_, port):
    nodes = {"m": ("test/maybe", {"value": 0}), "x": (type_, {port: "=m.value"})}

    (problem,) = engine.run(graph(nodes)).problems

    assert (problem.code, problem.node, problem.port) == ("value_not_allowed", "x", port)


def test_no_list_where_a_list_is_needed_is_refused_when_it_arrives(engine):
    nodes = {"m": "test/maybe_list", "x": ("core/add", {"a": "=m.value"})}

    (problem,) = engine.run(graph(nodes)).problems

    assert (problem.code, problem.node, problem.port) == ("value_not_allowed", "x", "a")


def test_what_is_known_only_when_it_arrives_is_checked_then(engine):
    good = {"v": ("test/any", {"value": 3}), "x": ("core/add", {"a": "=v.value"})}
    assert run(engine, good) == 3
    bad = {"v": ("test/any", {"value": "three"}), "x": ("core/add", {"a": "=v.value"})}

    found = engine.validate(graph(bad)) or engine.run(graph(bad)).problems

    assert [(p.code, p.node, p.port) for p in found] in (
        [("value_not_allowed", "x", "a")],
        [("type_mismatch", "x", "a")],
    )


@pytest.mark.parametrize("type_", ["test/first", "test/mean"])
def test_a_list_of_anything_must_be_a_list_when_it_arrives(engine, type_):
    def nodes(value):
        return {"v": ("test/opaque", {"value": value}), "x": (type_, {"values": "=v.value"})}

    assert run(engine, nodes([4, 4])) == 4
    (problem,) = engine.run(graph(nodes(4))).problems

    assert (problem.code, problem.node, problem.port) == ("value_not_allowed", "x", "values")


# Type variables


def test_a_variable_carries_the_type_through(engine):
    nodes = {
        "t": "core/text",
        "v": ("test/any", {"value": "=t.value"}),
        "x": ("core/add", {"a": "=v.value"}),
    }

    (problem,) = engine.validate(graph(nodes))

    assert (problem.code, problem.node) == ("type_mismatch", "x")


def test_a_variable_carries_lists(engine):
    through = UPTO | {"v": ("test/any", {"value": "=u.value"})}
    assert run(engine, through | {"x": ("core/total", {"values": "=v.value"})}) == 6
    assert run(engine, through | {"x": ("core/add", {"a": "=v.value", "b": 1})}) == [1, 2, 3, 4]
    assert (
        run(
            engine,
            UPTO
            | {"f": ("test/first", {"values": "=u.value"}), "x": ("core/add", {"a": "=f.value"})},
        )
        == 0
    )


def test_a_bound_variable_runs_per_item(engine):
    nodes = UPTO | {
        "s": ("test/same", {"value": "=u.value"}),
        "x": ("core/total", {"values": "=s.value"}),
    }

    assert run(engine, nodes) == 6


# Skipping


def test_a_skipped_output_skips_all_that_needs_it(engine):
    nodes = {
        "e": ("test/even", {"value": 3}),
        "a": ("core/add", {"a": "=e.value"}),
        "b": ("core/add", {"a": "=a.value"}),
        "n": ("core/number", {"value": 1}),
    }

    result = engine.run(graph(nodes, outputs={"b": "b.value", "n": "n.value"}))

    assert result.status == "succeeded"
    assert result.problems == []
    assert result.outputs == {"n": 1}
    assert statuses(result) == {"e": "executed", "a": "skipped", "b": "skipped", "n": "executed"}
    assert CALLS["add"] == 0


def test_one_of_several_outputs_may_be_skipped(engine):
    nodes = {
        "s": ("test/sort", {"value": 3}),
        "even": ("core/add", {"a": "=s.even"}),
        "odd": ("core/add", {"a": "=s.odd", "b": 100}),
    }

    result = engine.run(graph(nodes, outputs={"even": "even.value", "odd": "odd.value"}))

    assert result.outputs == {"odd": 103}
    assert statuses(result)["even"] == "skipped"


def test_a_gathered_list_drops_what_was_skipped(engine):
    nodes = {f"e{i}": ("test/even", {"value": i}) for i in range(4)}
    nodes["x"] = ("core/show", {"value": [f"=e{i}.value" for i in range(4)]})

    assert run(engine, nodes) == "[0, 2]"


def test_a_gathered_list_of_nothing_but_skipped_values_is_empty(engine):
    nodes = {"e": ("test/even", {"value": 1}), "x": ("core/total", {"values": ["=e.value"]})}

    assert run(engine, nodes) == 0


def test_a_single_collected_value_that_was_skipped_leaves_the_list_empty(engine):
    nodes = {"e": ("test/even", {"value": 1}), "x": ("core/total", {"values": "=e.value"})}

    assert run(engine, nodes) == 0


def test_a_dict_is_made_only_if_all_of_it_is(engine):
    nodes = {f"e{i}": ("test/even", {"value": i}) for i in range(3)}
    nodes["x"] = ("test/keys", {"values": {f"k{i}": link(f"e{i}.value") for i in range(3)}})

    result = engine.run(graph(nodes))

    assert result.status == "succeeded"
    assert statuses(result)["x"] == "skipped"


def test_skipped_items_leave_no_gap(engine):
    nodes = UPTO | {
        "e": ("test/even", {"value": "=u.value"}),
        "x": ("core/show", {"value": "=e.value"}),
    }

    assert run(engine, nodes) == "[0, 2]"


def test_a_skipped_item_of_gathered_links_is_not_run(engine):
    nodes = {f"e{i}": ("test/even", {"value": i}) for i in range(4)}
    nodes["x"] = ("core/add", {"a": [f"=e{i}.value" for i in range(4)], "b": 10})

    assert run(engine, nodes) == [10, 12]
    assert CALLS["add"] == 2


def test_a_failed_source_fails_a_gathered_list(engine):
    nodes = {
        "f": "core/fail",
        "n": "core/number",
        "x": ("core/show", {"value": ["=n.value", "=f.value"]}),
    }

    result = engine.run(graph(nodes))

    assert statuses(result)["x"] == "skipped"
    assert CALLS["show"] == 0


def test_skipping_is_decided_anew_in_every_run(engine):
    nodes = {"e": ("test/even", {"value": 3}), "x": ("core/add", {"a": "=e.value"})}

    assert run(engine, nodes) is None
    assert run(engine, nodes) is None
    assert CALLS["add"] == 0


def test_a_named_output_that_was_skipped_is_absent(engine):
    result = engine.run(graph({"e": ("test/even", {"value": 1})}, outputs={"out": "e.value"}))

    assert result.outputs == {}
    assert result.status == "succeeded"
