"""A workflow used as a node: nested, saved, refused when it uses itself."""

import json
import sys
from typing import Annotated

import pytest
from pydantic import Field

from graphgen import InvalidWorkflow, Workflow, node
from tests.support import CALLS, graph, python, statuses

pytestmark = pytest.mark.timeout(30)

DOUBLE = graph(
    {"sum": ("core/add", {"a": 1, "b": 1})},
    outputs={"out": "sum.value"},
    inputs={"x": ["sum.a", "sum.b"]},
)
QUADRUPLE = graph(
    {"one": ("workflow/double", {"x": 1}), "two": ("workflow/double", {"x": "=one.out"})},
    outputs={"out": "two.out"},
    inputs={"x": "one.x"},
    workflows={"double": DOUBLE},
)


def use(name, workflows, **inputs):
    return graph(
        {"n": ("core/number", {"value": 3}), "sub": (f"workflow/{name}", inputs)},
        outputs={"out": "sub.out"},
        workflows=workflows,
    )


def test_its_inputs_and_outputs_are_its_ports(engine):
    result = engine.run(use("double", {"double": DOUBLE}, x="=n.value"))

    assert result.outputs == {"out": 6}
    assert statuses(result) == {"n": "executed", "sub/sum": "executed"}


def test_inputs_that_are_not_given_keep_what_the_subgraph_says(engine):
    assert engine.run(use("double", {"double": DOUBLE})).outputs == {"out": 2}


def test_literals_and_lists_of_links_are_passed_in(engine):
    total = graph({"t": ("core/total", {"values": []})}, {"out": "t.value"}, {"values": "t.values"})
    assert engine.run(use("total", {"total": total}, values=[1, 2])).outputs == {"out": 3}
    gathered = use("total", {"total": total}, values=["=n.value", "=n.value"])
    assert engine.run(gathered).outputs == {"out": 6}


def test_subgraphs_nest(engine):
    result = engine.run(use("quadruple", {"quadruple": QUADRUPLE}, x="=n.value"))

    assert result.outputs == {"out": 12}
    assert set(statuses(result)) == {"n", "sub/one/sum", "sub/two/sum"}


def test_an_inner_document_finds_what_the_outer_one_holds(engine):
    inner = QUADRUPLE | {"workflows": {}}

    assert engine.run(use("q", {"q": inner, "double": DOUBLE}, x=1)).outputs == {"out": 4}


def test_the_innermost_document_comes_first(engine):
    other = graph({"n": ("core/number", {"value": 0})}, {"out": "n.value"}, {"x": "n.value"})

    assert engine.run(use("q", {"q": QUADRUPLE, "double": other}, x=5)).outputs == {"out": 20}


def test_equal_subgraphs_share_their_work(engine):
    document = graph(
        {
            "a": ("workflow/double", {"x": 2}),
            "b": ("workflow/double", {"x": 2}),
            "c": ("core/add", {"a": 2, "b": 2}),
        },
        outputs={"a": "a.out", "b": "b.out", "c": "c.value"},
        workflows={"double": DOUBLE},
    )

    assert engine.run(document).outputs == {"a": 4, "b": 4, "c": 4}
    assert CALLS["add"] == 1


def test_an_output_may_be_passed_straight_through(engine):
    inner = graph(
        {"d": ("workflow/double", {"x": 4})}, {"out": "d.out"}, workflows={"double": DOUBLE}
    )

    assert engine.run(use("p", {"p": inner})).outputs == {"out": 8}


def test_a_list_into_a_subgraph_runs_its_nodes_per_item(engine):
    document = graph(
        {"u": ("core/upto", {"count": 3}), "d": ("workflow/double", {"x": "=u.value"})},
        outputs={"out": "d.out"},
        workflows={"double": DOUBLE},
    )

    assert engine.run(document).outputs == {"out": [0, 2, 4]}


def test_a_subgraph_may_be_a_target(engine):
    document = use("double", {"double": DOUBLE}, x="=n.value")

    result = engine.run(document, targets=["sub"])

    assert statuses(result) == {"n": "executed", "sub/sum": "executed"}
    inside = engine.run(document, targets=["sub/sum"])
    assert inside.nodes["sub/sum"].outputs == {"value": 6}


def test_named_inputs_reach_into_a_subgraph(engine):
    document = use("double", {"double": DOUBLE}) | {"inputs": {"number": "sub.x"}}

    assert engine.run(document, inputs={"number": 21}).outputs == {"out": 42}


# Saved workflows


def save(engine, name, document):
    path = engine.workspace.workflows / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))


def test_a_saved_workflow_is_found_by_name(engine):
    save(engine, "double", DOUBLE)

    assert engine.run(use("double", {}, x=4)).outputs == {"out": 8}


def test_a_saved_workflow_that_changed_is_read_anew(engine):
    save(engine, "double", DOUBLE)
    engine.run(use("double", {}, x=4))
    save(engine, "double", graph({"n": ("core/number", {})}, {"out": "n.value"}, {"x": "n.value"}))

    assert engine.run(use("double", {}, x=4)).outputs == {"out": 4}


def test_the_document_comes_before_what_is_saved(engine):
    save(engine, "double", graph({"n": "core/number"}, {"out": "n.value"}, {"x": "n.value"}))

    assert engine.run(use("double", {"double": DOUBLE}, x=4)).outputs == {"out": 8}


def test_saved_workflows_use_each_other(engine):
    save(engine, "double", DOUBLE)
    save(engine, "quadruple", QUADRUPLE | {"workflows": {}})

    assert engine.run(use("quadruple", {}, x=1)).outputs == {"out": 4}


@pytest.mark.parametrize(
    ("saved", "code"),
    [("{", "not_json"), ("[]", "not_a_workflow"), ('{"nodes": 3}', "not_a_workflow")],
)
def test_a_broken_saved_workflow_is_a_problem_of_the_node_that_uses_it(engine, saved, code):
    save(engine, "broken", saved)

    (problem,) = engine.validate(graph({"s": "workflow/broken"}))

    assert (problem.code, problem.node) == (code, "s")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize("target", ["linked.json", "gone.json", "../outside.json"])
def test_a_saved_workflow_that_is_a_link_to_nowhere_is_a_problem_of_its_node(engine, target):
    linked = engine.workspace.workflows / "linked.json"
    linked.parent.mkdir(parents=True, exist_ok=True)
    linked.symlink_to(target)
    (engine.workspace.root / "outside.json").write_text(json.dumps(DOUBLE))

    (problem,) = engine.validate(graph({"s": "workflow/linked"}))

    assert (problem.code, problem.node) == ("unreadable_file", "s")
    assert "link" in problem.message


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "x" * 3000, "a\0b", ""])
def test_names_that_no_saved_workflow_can_have(engine, name):
    engine.workspace.workflows.mkdir(parents=True)
    (engine.workspace.root / "outside.json").write_text(json.dumps(DOUBLE))

    found = engine.validate(graph({"s": f"workflow/{name}"}))

    assert [(p.code, p.node) for p in found] == [("unknown_subgraph", "s")]


# Problems


def test_everything_wrong_with_the_use_of_subgraphs_is_said(engine):
    document = graph(
        {
            "typo": "workflow/dobule",
            "sub": ("workflow/double", {"x": "text", "y": 1}),
            "after": ("core/add", {"a": "=sub.nothing"}),
        },
        outputs={"out": "sub.nothing"},
        workflows={"double": DOUBLE},
    )

    found = {(p.code, p.node, p.port): p for p in engine.validate(document)}

    assert "double" in found["unknown_subgraph", "typo", None].hint
    assert "x" in found["unknown_input", "sub", "y"].hint
    assert ("value_not_allowed", "sub/sum", "a") in found
    assert "out" in found["unknown_output", "after", "a"].hint
    assert ("unknown_output", "sub", None) in found


def test_problems_inside_name_the_path(engine):
    inner = graph({"bad": ("core/add", {"a": "x"})}, {"out": "bad.value"})

    found = engine.validate(use("s", {"s": inner}))

    assert [(p.code, p.node, p.port) for p in found] == [("value_not_allowed", "sub/bad", "a")]


def test_inputs_and_outputs_of_a_subgraph_that_lead_nowhere(engine):
    inner = graph(
        {"n": "core/number"}, {"out": "gone.value"}, {"x": "gone.value", "y": "n.nothing"}
    )

    found = engine.validate(
        graph({"sub": ("workflow/s", {"x": 1, "y": 2})}, workflows={"s": inner})
    )

    assert {p.code for p in found} == {"unknown_node", "unknown_input"}
    assert all(p.node and p.node.startswith("sub") for p in found)


def test_a_cycle_through_a_subgraph(engine):
    document = graph(
        {
            "a": ("workflow/double", {"x": "=b.value"}),
            "b": ("core/add", {"a": "=a.out"}),
        },
        workflows={"double": DOUBLE},
    )

    (problem,) = engine.validate(document)

    assert problem.code == "cycle"
    assert "a/sum" in problem.message


def test_a_subgraph_that_uses_itself_is_refused(engine):
    inner = graph({"again": "workflow/loop"}, {"out": "again.out"})

    found = engine.validate(use("loop", {"loop": inner}))

    assert "recursive_subgraph" in {p.code for p in found}
    problem = next(p for p in found if p.code == "recursive_subgraph")
    assert "loop" in problem.message
    assert problem.hint


def test_subgraphs_that_use_each_other_are_refused(engine):
    a = graph({"b": "workflow/b"}, {"out": "b.out"})
    b = graph({"a": "workflow/a"}, {"out": "a.out"})

    found = engine.validate(use("a", {"a": a, "b": b}))

    assert "recursive_subgraph" in {p.code for p in found}


def test_a_saved_workflow_that_uses_itself_is_refused(engine):
    save(engine, "loop", graph({"again": "workflow/loop"}, {"out": "again.out"}))

    found = engine.validate(use("loop", {}))

    assert "recursive_subgraph" in {p.code for p in found}


EXPLODING = """
import resource, sys, tempfile, json
from graphgen import Engine, InvalidWorkflow
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (12, 12))
engine = Engine([], installed=False, workspace=tempfile.mkdtemp(), device="cpu")
print(len(engine.validate(json.loads(sys.argv[1]))) > 0)
"""


@pytest.mark.parametrize("kind", ["recursive", "doubling"])
def test_a_small_document_does_not_grow_without_bounds(kind):
    if kind == "recursive":
        inner = graph({"a": "workflow/s", "b": "workflow/s"})
        document = graph({"n": "workflow/s"}, workflows={"s": inner})
    else:
        levels = {"w0": graph({"n": "core/none"})}
        for i in range(1, 36):
            levels[f"w{i}"] = graph({"a": f"workflow/w{i - 1}", "b": f"workflow/w{i - 1}"})
        document = graph({"n": "workflow/w35"}, workflows=levels)

    assert python(EXPLODING, json.dumps(document), timeout=15) == "True"


def test_nesting_without_recursion_is_fine(engine):
    levels = {"w0": graph({"n": ("core/number", {"value": 5})}, {"out": "n.value"})}
    for i in range(1, 20):
        levels[f"w{i}"] = graph({"a": f"workflow/w{i - 1}"}, {"out": "a.out"})

    assert engine.run(use("w19", levels)).outputs == {"out": 5}


# A workflow as an argument


@node("test/inspect", title="Inspect")
def inspect(body: Annotated[Workflow, Field(description="Any workflow.")]) -> list[str]:
    """List the outputs of a workflow."""
    CALLS["inspect"] += 1
    return sorted(body.outputs)


def test_a_workflow_as_an_argument_by_name_and_by_itself(make_engine):
    engine = make_engine(inspect)
    save(engine, "double", DOUBLE)
    for body in ("double", "here", DOUBLE):
        document = graph({"i": ("test/inspect", {"body": body})}, workflows={"here": DOUBLE})
        assert engine.run(document).nodes["i"].outputs == {"value": ["out"]}


def test_a_workflow_as_an_argument_is_checked_with_the_path(make_engine):
    bad = graph({"sum": ("core/add", {"a": "x"})}, {"out": "sum.value"})

    found = make_engine(inspect).validate(graph({"i": ("test/inspect", {"body": bad})}))

    assert [(p.code, p.node, p.port) for p in found] == [("value_not_allowed", "i/sum", "a")]


def test_an_unknown_workflow_as_an_argument(make_engine):
    found = make_engine(inspect).validate(graph({"i": ("test/inspect", {"body": "nope"})}))

    assert [(p.code, p.node, p.port) for p in found] == [("unknown_subgraph", "i", "body")]


def test_a_workflow_as_an_argument_counts_by_what_it_computes(make_engine):
    engine = make_engine(inspect)

    def status(body):
        return statuses(engine.run(graph({"i": ("test/inspect", {"body": body})})))["i"]

    renamed = json.loads(json.dumps(DOUBLE).replace("sum", "other"))
    moved = DOUBLE | {"editor": {"positions": {"sum": [1, 2]}}}
    changed = graph({"sum": ("core/add", {"a": 1, "b": 2})}, {"out": "sum.value"}, {"x": "sum.a"})

    assert status(DOUBLE) == "executed"
    assert status(renamed) == "cached"
    assert status(moved) == "cached"
    assert status(changed) == "executed"


def test_a_bad_document_as_an_argument_is_refused(make_engine):
    with pytest.raises(InvalidWorkflow) as caught:
        make_engine(inspect).run(graph({"i": ("test/inspect", {"body": {"nodes": 3}})}))

    assert {p.node for p in caught.value.problems} == {"i"}
