"""Everything that is wrong with a workflow, at once: code, node, port, message and hint."""

import cProfile
import pstats
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

import pytest
from pydantic import Field

from graphgen import InputFile, InvalidWorkflow, TypeSpec, Workflow, node
from tests.support import CALLS, codes, graph, link


@dataclass(frozen=True)
class Picture:
    """A picture."""

    size: int = 0


@dataclass(frozen=True)
class Stencil:
    """What can be shown as a picture."""

    size: int = 0


@node("test/limited", title="Limited")
def limited(
    size: Annotated[int, Field(ge=8, le=64, description="Edge in pixels.")],
    name: str = "",
    picture: Picture | None = None,
) -> int:
    """Have limits."""
    return size


@node("test/stencil", title="Stencil")
def stencil() -> Stencil:
    """Give a stencil."""
    return Stencil()


@node("test/read", title="Read")
def read(path: Annotated[str, InputFile()]) -> str:
    """Read a file."""
    return path


@node("test/versioned", title="Versioned", version=3, migrations={2: lambda inputs: inputs})
def versioned(value: int = 0) -> int:
    """Have a history."""
    return value


@pytest.fixture
def engine(make_engine):
    return make_engine(
        limited,
        stencil,
        read,
        versioned,
        types=[
            TypeSpec(Picture),
            TypeSpec(Stencil, conversions={Picture: lambda s: Picture(s.size)}),
        ],
    )


BAD = graph(
    {
        "typo": ("core/nubmer", {"value": 1}),
        "loose": ("core/add", {"b": 2}),
        "odd": ("core/add", {"a": "three", "b": 1, "c": 5}),
        "range": ("test/limited", {"size": 7}),
        "text": "core/text",
        "mismatch": ("core/add", {"a": "=text.value"}),
        "dangling": ("core/add", {"a": "=txet.value", "b": "=text.result"}),
        "file": ("test/read", {"path": "missing.png"}),
        "x": ("core/add", {"a": "=z.value"}),
        "y": ("core/add", {"a": "=x.value"}),
        "z": ("core/add", {"a": "=y.value"}),
        "after": ("core/add", {"a": "=typo.value", "b": "=z.value"}),
        "fine": ("core/number", {"value": 1}),
    },
    outputs={"out": "fine.value", "lost": "gone.value", "other": "fine.result"},
    inputs={"in": "fine.value", "nowhere": "gone.value", "nothing": "fine.size"},
)


def test_every_problem_is_reported_at_once(engine):
    found = engine.validate(BAD)

    cycles = [p for p in found if p.code == "cycle"]
    assert codes(p for p in found if p.code != "cycle") == codes_of(
        ("unknown_node_type", "typo", None),
        ("missing_input", "loose", "a"),
        ("value_not_allowed", "odd", "a"),
        ("unknown_input", "odd", "c"),
        ("value_not_allowed", "range", "size"),
        ("type_mismatch", "mismatch", "a"),
        ("unknown_node", "dangling", "a"),
        ("unknown_output", "dangling", "b"),
        ("missing_file", "file", "path"),
        ("unknown_node", "gone", None),
        ("unknown_output", "fine", None),
        ("unknown_node", "gone", None),
        ("unknown_input", "fine", "size"),
    )
    assert len(cycles) == 1
    assert cycles[0].node in {"x", "y", "z"}


def codes_of(*expected):
    return sorted(expected, key=str)


def test_each_problem_says_what_is_wrong_and_what_to_do(engine):
    found = {(p.code, p.node, p.port): p for p in engine.validate(BAD)}

    def said(code, node_, port):
        problem = found[code, node_, port]
        return problem.message, problem.hint

    message, hint = said("unknown_node_type", "typo", None)
    assert "core/nubmer" in message
    assert "core/number" in hint
    message, hint = said("missing_input", "loose", "a")
    assert "'a'" in message
    assert "int" in message
    message, hint = said("value_not_allowed", "odd", "a")
    assert "int" in message
    assert "three" in message
    message, hint = said("unknown_input", "odd", "c")
    assert "'c'" in message
    assert "a, b" in hint
    message, hint = said("value_not_allowed", "range", "size")
    assert "8" in message
    assert "7" in message
    assert hint == "Edge in pixels."
    message, hint = said("type_mismatch", "mismatch", "a")
    assert "int" in message
    assert "text.value" in message
    assert "str" in message
    message, hint = said("unknown_node", "dangling", "a")
    assert "txet" in message
    assert "text" in hint
    message, hint = said("unknown_output", "dangling", "b")
    assert "text.result" in message
    assert "value" in hint
    message, hint = said("missing_file", "file", "path")
    assert "missing.png" in message
    assert hint


def test_nothing_is_wrong_with_a_good_workflow(engine):
    good = graph({"a": ("core/number", {"value": 1}), "b": ("core/add", {"a": "=a.value"})})

    assert engine.validate(good) == []
    assert CALLS == {}


def test_a_run_of_a_bad_workflow_raises_with_all_of_it_and_computes_nothing(engine):
    bad = graph({"a": "core/number", "b": ("core/add", {"a": "x", "c": 1})})

    with pytest.raises(InvalidWorkflow) as caught:
        engine.run(bad)

    assert codes(caught.value.problems) == [
        ("unknown_input", "b", "c"),
        ("value_not_allowed", "b", "a"),
    ]
    assert CALLS == {}


def test_the_hint_of_a_mismatch_names_what_would_fit(engine):
    (problem,) = engine.validate(
        graph({"s": "test/stencil", "a": ("core/add", {"a": "=s.stencil"})})
    )

    assert problem.code == "type_mismatch"
    assert "picture" in problem.hint


def test_all_bad_links_of_a_list_are_reported(engine):
    found = engine.validate(graph({"t": ("core/total", {"values": ["=a.value", "=b.value"]})}))

    assert len(found) == 2
    assert {p.code for p in found} == {"unknown_node"}
    assert "'a'" in found[0].message
    assert "'b'" in found[1].message


def test_links_of_a_node_of_unknown_type_are_checked_too(engine):
    found = engine.validate(graph({"n": ("core/none", {"a": "=gone.value"})}))

    assert [p.code for p in found] == ["unknown_node_type", "unknown_node"]


def test_what_depends_on_a_broken_node_is_not_blamed(engine):
    found = engine.validate(
        graph(
            {
                "typo": "core/none",
                "a": ("core/add", {"a": "=typo.value"}),
                "b": ("core/add", {"a": "=a.value"}),
            },
            outputs={"out": "b.value"},
        )
    )

    assert [(p.code, p.node) for p in found] == [("unknown_node_type", "typo")]


@pytest.mark.parametrize(
    ("doc_version", "code"), [(1, "no_migration"), (2, None), (3, None), (4, "unknown_version")]
)
def test_versions_of_nodes(engine, doc_version, code):
    document = graph({"v": ("test/versioned", {"value": 1})})
    document["nodes"]["v"]["version"] = doc_version

    assert [(p.code, p.node) for p in engine.validate(document)] == ([(code, "v")] if code else [])


def test_an_old_node_is_migrated_step_by_step(make_engine):
    def to_2(inputs):
        return {"amount": inputs["count"]}

    def to_3(inputs):
        return {"value": inputs["amount"] * 2}

    @node("test/moved", title="Moved", version=3, migrations={1: to_2, 2: to_3})
    def moved(value: int) -> int:
        """Have moved twice."""
        return value

    document = graph({"m": ("test/moved", {"count": 21})}, {"out": "m.value"})

    assert make_engine(moved).run(document).outputs == {"out": 42}
    assert document["nodes"]["m"]["inputs"] == {"count": 21}


def test_a_migration_that_fails_is_a_problem_of_its_node(make_engine):
    @node("test/moved", title="Moved", version=2, migrations={1: lambda inputs: inputs["gone"]})
    def moved(value: int = 0) -> int:
        """Have moved."""
        return value

    found = make_engine(moved).validate(graph({"m": "test/moved"}))

    assert [p.node for p in found] == ["m"]


# Cycles


def cycle_of(message):
    return message.rpartition(": ")[2].split(" -> ")


def assert_is_cycle(document, path):
    """Consecutive nodes are linked, all in the same direction, and the path closes."""
    assert path[0] == path[-1]
    assert len(set(path)) == len(path) - 1
    links = {
        (value["link"].split(".")[0], id)
        for id, doc in document["nodes"].items()
        for value in doc["inputs"].values()
        if isinstance(value, dict)
    }
    steps = list(pairwise(path))
    assert all(step in links for step in steps) or all(step[::-1] in links for step in steps)


@pytest.mark.parametrize(
    "nodes",
    [
        {"a": ("core/add", {"a": "=a.value"})},
        {"a": ("core/add", {"a": "=b.value"}), "b": ("core/add", {"a": "=a.value"})},
        # A node below, linked twice, is not part of the cycle above.
        {
            "r": ("core/add", {"a": "=a.value", "b": "=b.value"}),
            "b": ("core/add", {"a": "=a.value"}),
            "a": ("core/add", {"a": "=c.value"}),
            "c": ("core/add", {"a": "=a.value"}),
        },
        {
            "n": "core/number",
            "r": ("core/add", {"a": "=c.value", "b": "=n.value"}),
            "a": ("core/add", {"a": "=n.value", "b": "=c.value"}),
            "b": ("core/add", {"a": "=a.value", "b": "=a.value"}),
            "c": ("core/add", {"a": "=b.value", "b": "=n.value"}),
        },
    ],
)
def test_a_cycle_shows_its_path(engine, nodes):
    document = graph(nodes)

    (problem,) = engine.validate(document)

    assert problem.code == "cycle"
    path = cycle_of(problem.message)
    assert problem.node in path
    assert_is_cycle(document, path)
    assert problem.hint


def test_two_cycles_are_both_reported(engine):
    document = graph(
        {
            "a": ("core/add", {"a": "=b.value"}),
            "b": ("core/add", {"a": "=a.value"}),
            "c": ("core/add", {"a": "=d.value"}),
            "d": ("core/add", {"a": "=c.value"}),
        }
    )

    found = engine.validate(document)

    assert [p.code for p in found] == ["cycle", "cycle"]
    assert {frozenset(cycle_of(p.message)) for p in found} == {frozenset("ab"), frozenset("cd")}


def test_nodes_on_a_cycle_are_checked_like_any_other(engine):
    found = engine.validate(
        graph(
            {
                "a": ("core/add", {"a": "=b.value", "b": "x"}),
                "b": ("core/add", {"a": "=a.value", "b": "y", "c": 1}),
            }
        )
    )

    assert codes(p for p in found if p.code != "cycle") == [
        ("unknown_input", "b", "c"),
        ("value_not_allowed", "a", "b"),
        ("value_not_allowed", "b", "b"),
    ]
    assert len(found) == 4


def test_other_links_of_nodes_on_a_cycle_are_checked_too(engine):
    found = engine.validate(
        graph(
            {
                "t": "core/text",
                "a": ("core/add", {"a": "=b.value", "b": "=gone.value"}),
                "b": ("core/add", {"a": "=a.value", "b": "=t.value"}),
                "above": ("core/add", {"a": "=a.value", "b": "=t.value"}),
            }
        )
    )

    assert codes(p for p in found if p.code != "cycle") == [
        ("type_mismatch", "above", "b"),
        ("type_mismatch", "b", "b"),
        ("unknown_node", "a", "b"),
    ]


def test_a_cycle_is_refused_by_a_run_too(engine):
    with pytest.raises(InvalidWorkflow, match="cycle"):
        engine.run(graph({"a": ("core/add", {"a": "=a.value"})}))


# Size


def chain(count, closed=False):
    nodes = {"n0": ("core/add", {"a": f"=n{count - 1}.value"}) if closed else "core/number"}
    for i in range(1, count):
        nodes[f"n{i}"] = ("core/add", {"a": f"=n{i - 1}.value", "b": 1})
    return graph(nodes, outputs={} if closed else {"out": f"n{count - 1}.value"})


def ladder(count):
    nodes = {f"s0_{row}": ("core/number", {"value": row}) for row in range(8)}
    for i in range(1, count // 8):
        for row in range(8):
            inputs = {"a": f"=s{i - 1}_{row}.value", "b": f"=s{i - 1}_{(row + 1) % 8}.value"}
            nodes[f"s{i}_{row}"] = ("core/add", inputs)
    return graph(nodes)


def fan(count):
    nodes = {f"n{i}": ("core/number", {"value": i}) for i in range(count - 1)}
    nodes["sum"] = ("core/total", {"values": [f"=n{i}.value" for i in range(count - 1)]})
    return graph(nodes, outputs={"out": "sum.value"})


def star(count):
    nodes = {f"n{i}": ("core/add", {"a": "=hub.value", "b": i}) for i in range(count - 1)}
    return graph({"hub": "core/number", **nodes})


def calls_made(call, *arguments):
    profile = cProfile.Profile()
    profile.runcall(call, *arguments)
    return pstats.Stats(profile).total_calls


@pytest.mark.parametrize("shape", [chain, ladder, fan, star])
def test_planning_is_linear_and_does_not_recurse(make_engine, shape):
    small, large = (Workflow.read(shape(count)) for count in (500, 5_000))
    engine = make_engine()

    assert engine.validate(small) == engine.validate(large) == []
    few = calls_made(engine.validate, small)
    many = calls_made(engine.validate, large)
    assert many <= 11 * few


def test_a_chain_of_20_000_nodes_runs_in_linear_work(make_engine):
    def work(count):
        engine = make_engine()
        engine.run(chain(10))
        document = Workflow.read(chain(count))
        results = []
        calls = calls_made(lambda: results.append(engine.run(document)))
        assert results[0].outputs == {"out": count - 1}
        return calls

    assert work(5_000) <= 20 * work(500)
    assert make_engine().run(chain(20_000)).outputs == {"out": 19_999}


def test_a_cycle_of_20_000_nodes_is_found_and_shown(engine):
    document = graph({}) | {"nodes": chain(20_000, closed=True)["nodes"]}

    (problem,) = engine.validate(document)

    assert_is_cycle(document, cycle_of(problem.message))


def test_many_problems_are_found_in_linear_work(engine):
    def bad(count):
        return Workflow.read(
            graph({f"n{i}": ("core/add", {"a": "x", "b": "=gone.value"}) for i in range(count)})
        )

    small, large = bad(50), bad(500)
    assert len(engine.validate(large)) == 1_000
    assert calls_made(engine.validate, large) <= 15 * calls_made(engine.validate, small)


def test_links_in_a_dict(engine):
    good = graph({"n": "core/number", "s": ("core/show", {"value": {"x": link("n.value")}})})
    bad = graph({"s": ("core/show", {"value": {"x": link("n.value")}})})

    assert engine.validate(good) == []
    assert [(p.code, p.node, p.port) for p in engine.validate(bad)] == [
        ("unknown_node", "s", "value")
    ]


@node("test/pass", title="Pass")
def passing(value: Any) -> Any:
    """Pass a value on."""
    return value


def test_files_that_no_system_knows_are_missing_files(make_engine):
    engine = make_engine(read)
    for name in ("x" * 5_000, "~nobody-of-that-name/x", "\ud800", "a\0b", ""):
        found = engine.validate(graph({"f": ("test/read", {"path": name})}))
        assert [(p.code, p.node, p.port) for p in found] == [("missing_file", "f", "path")]


def test_files_outside_the_workspace_are_refused(make_engine):
    engine = make_engine(read)
    for name in ("../secret", "/etc/hostname", ".."):
        found = engine.validate(graph({"f": ("test/read", {"path": name})}))
        assert [p.code for p in found] == ["outside_workspace"]
