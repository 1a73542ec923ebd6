"""Planning again after an edit gives what planning afresh gives, also with many at once."""

import copy
import threading
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen import InvalidWorkflow, Workflow, hookimpl, node
from graphgen.engine.plan import Planner
from graphgen.node import InputMarker
from graphgen.registry import Registry
from tests.support import CORE, Background, graph

pytestmark = pytest.mark.timeout(60)
REGISTRY = Registry()
REGISTRY.add_nodes(CORE)


def plain(plan):
    """A plan without the order of its steps."""
    ids = [step.id for step in plan.steps]

    def source(s):
        return ids[s.step], s.output, s.convert

    steps = {
        step.id: (
            step.spec.id,
            {name: (type(v), repr(v)) for name, v in step.literals.items()},
            [
                (link._replace(sources=None), [source(s) for s in link.sources])
                for link in step.links
            ],
            step.key,
            step.mapped,
        )
        for step in plan.steps
    }
    outputs = {name: source(s) for name, s in plan.outputs.items()}
    return steps, [ids[at] for at in plan.targets], outputs


def outcome(planner, document, targets=None):
    try:
        return plain(planner.plan(Workflow.read(document), targets))
    except InvalidWorkflow as error:
        return sorted(str(problem) for problem in error.problems)


LITERAL = st.sampled_from([0, 1, 2, 0.0, -0.0, 1.0, True, "1", "x", None, [1], {"a": 1}, [], {}])


@st.composite
def documents(draw):
    nodes: dict[str, Any] = {}
    for i in range(draw(st.integers(1, 6))):
        before = [f"={id}.value" for id in nodes]
        kind = draw(st.sampled_from(["number", "add", "total", "upto", "text", "show", "none"]))
        value = (
            draw(LITERAL | st.sampled_from([*before, "=gone.value"])) if before else draw(LITERAL)
        )
        port = {"number": "value", "add": "a", "total": "values", "upto": "count"}.get(
            kind, "value"
        )
        if kind == "total" and before:
            value = [draw(st.sampled_from(before)) for _ in range(draw(st.integers(1, 3)))]
        nodes[f"n{i}"] = (f"core/{kind}", {port: value})
    last = list(nodes)[-1]
    return graph(nodes, draw(st.sampled_from([{}, {"out": f"{last}.value"}])))


@st.composite
def edits(draw, document):
    changed = copy.deepcopy(document)
    for id in draw(st.lists(st.sampled_from(list(changed["nodes"])), max_size=2)):
        doc = changed["nodes"][id]
        how = draw(st.sampled_from(["literal", "drop", "type", "other", "outputs"]))
        if how == "literal":
            for port in doc["inputs"]:
                doc["inputs"][port] = draw(LITERAL)
        elif how == "drop":
            doc["inputs"] = {}
        elif how == "type":
            doc["type"] = draw(st.sampled_from(["core/number", "core/text", "core/show"]))
        elif how == "other":
            doc["inputs"] |= {draw(st.sampled_from(["b", "value", "nope"])): draw(LITERAL)}
        else:
            changed["outputs"] = {"out": f"{id}.value"}
    return changed


@settings(max_examples=150)
@given(st.data())
def test_an_edited_document_is_planned_as_if_it_were_new(data):
    planner = Planner(REGISTRY)
    document = data.draw(documents())
    for _ in range(4):
        targets = data.draw(st.none() | st.just([next(iter(document["nodes"]))]))
        assert outcome(planner, document, targets) == outcome(Planner(REGISTRY), document, targets)
        document = data.draw(edits(document))


def test_a_document_that_was_changed_in_place_is_noticed(engine):
    document = graph({"n": ("core/number", {"value": 1})}, {"out": "n.value"})
    workflow = Workflow.read(document)
    assert engine.run(workflow).outputs == {"out": 1}

    workflow.nodes["n"].inputs["value"] = 2

    assert engine.run(workflow).outputs == {"out": 2}


def test_a_nested_literal_that_was_changed_in_place_is_noticed(engine):
    workflow = Workflow.read(graph({"n": ("core/total", {"values": [1, 2]})}, {"out": "n.value"}))
    assert engine.run(workflow).outputs == {"out": 3}

    workflow.nodes["n"].inputs["values"].append(4)

    assert engine.run(workflow).outputs == {"out": 7}


def test_going_back_and_forth(engine):
    def out(a, b):
        nodes = {
            "a": ("core/number", {"value": a}),
            "b": ("core/number", {"value": b}),
            "s": ("core/add", {"a": "=a.value", "b": "=b.value"}),
        }
        return engine.run(graph(nodes, {"out": "s.value"})).outputs["out"]

    for a, b in [(1, 10), (2, 10), (1, 10), (1, 20), (2, 20), (2, 10), (1, 20), (1, 10)]:
        assert out(a, b) == a + b


@dataclass(frozen=True)
class Meeting(InputMarker):
    """A marker whose check takes as long as the test wants."""

    def check(self, value, environment):
        if BARRIER and value < 0:
            BARRIER[0].wait()
        return None

    def fingerprint(self, value, environment):
        return str(value)


BARRIER: list[threading.Barrier] = []


@node("test/met", title="Met")
def met(value: Annotated[int, Meeting()]) -> int:
    """Give a number whose check can be held up."""
    return value


def test_two_runs_that_are_planned_at_the_same_time_do_not_mix(make_engine):
    engine = make_engine(met)

    def document(a, b):
        nodes = {
            "a": ("core/number", {"value": a}),
            "b": ("core/number", {"value": b}),
            "m": ("test/met", {"value": -1}),
            "s": ("core/total", {"values": ["=a.value", "=b.value", "=m.value"]}),
        }
        return graph(nodes, {"out": "s.value"})

    assert engine.run(document(1, 10)).outputs == {"out": 10}
    BARRIER[:] = [threading.Barrier(2, timeout=1)]
    try:
        first = Background(engine.run, document(2, 10))
        second = Background(engine.run, document(1, 20))
        for run in (first, second):
            run.ended(10)
    finally:
        BARRIER.clear()

    for a, b in [(2, 20), (1, 10), (2, 10), (1, 20)]:
        assert engine.run(document(a, b)).outputs == {"out": a + b - 1}


@node("test/greedy", title="Greedy", volatile=True)
def greedy(values: list[int]) -> int:
    """Eat a list up, which a node should not do."""
    total = 0
    while values:
        total += values.pop()
    return total


class Greedy:
    @hookimpl
    def graphgen_nodes(self):
        return [greedy]


def test_a_node_that_changes_its_list_does_not_change_the_plan(make_engine):
    engine = make_engine(plugins=[Greedy()])
    workflow = Workflow.read(graph({"n": ("test/greedy", {"values": [1, 2, 3]})}))

    totals = [engine.run(workflow).nodes["n"].outputs["value"] for _ in range(2)]

    assert totals == [6, 6]
