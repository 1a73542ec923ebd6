"""Nodes that are set aside: muted ones give nothing, bypassed ones pass on what they get."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgen import Engine, InvalidWorkflow, Workflow
from tests.support import CALLS, CORE, Pack, graph, statuses

pytestmark = pytest.mark.timeout(30)


def set_aside(document, **modes):
    nodes = {
        id: {**node, "mode": modes[id]} if id in modes else node
        for id, node in document["nodes"].items()
    }
    return {**document, "nodes": nodes}


CHAIN = graph(
    {
        "n": ("core/number", {"value": 3}),
        "one": ("core/add", {"a": "=n.value", "b": 1}),
        "two": ("core/add", {"a": "=one.value", "b": 10}),
    },
    outputs={"out": "two.value"},
)


def test_a_muted_node_and_what_needs_it_are_skipped(engine):
    result = engine.run(set_aside(CHAIN, one="muted"))

    assert result.status == "succeeded"
    assert result.outputs == {}
    assert statuses(result) == {"one": "skipped", "two": "skipped"}


def test_a_muted_node_is_left_out_of_a_list(engine):
    total = graph(
        {
            "a": ("core/number", {"value": 1}),
            "b": ("core/number", {"value": 2}),
            "sum": ("core/total", {"values": ["=a.value", "=b.value"]}),
        },
        outputs={"out": "sum.value"},
    )

    assert engine.run(total).outputs == {"out": 3}
    assert engine.run(set_aside(total, b="muted")).outputs == {"out": 1}
    assert engine.run(set_aside(total, a="muted")).outputs == {"out": 2}
    assert engine.run(total).outputs == {"out": 3}


def test_what_a_muted_node_lacks_is_no_problem(engine):
    document = set_aside(graph({"sum": ("core/add", {})}), sum="muted")

    assert engine.validate(document) == []
    assert statuses(engine.run(document)) == {"sum": "skipped"}


def test_a_bypassed_node_passes_on_its_first_linked_input_of_that_type(engine):
    result = engine.run(set_aside(CHAIN, one="bypassed"))

    assert result.outputs == {"out": 13}
    assert "one" not in result.nodes


def test_a_bypassed_node_without_a_linked_input_gives_nothing(engine):
    result = engine.run(set_aside(CHAIN, n="bypassed"))

    assert result.outputs == {}
    assert statuses(result) == {"n": "skipped", "one": "skipped", "two": "skipped"}


def test_the_named_output_of_a_bypassed_node_is_what_it_passes_on(engine):
    assert engine.run(set_aside(CHAIN, two="bypassed")).outputs == {"out": 4}


def test_rows_of_bypassed_nodes_of_any_length(engine):
    nodes = {"n": ("core/number", {"value": 3})}
    for at in range(20_000):
        nodes[f"x{at}"] = ("core/add", {"a": f"=x{at - 1}.value" if at else "=n.value", "b": 1})
    document = graph(nodes, outputs={"out": "x19999.value"})
    document = set_aside(document, **{f"x{at}": "bypassed" for at in range(20_000)})

    assert engine.run(document).outputs == {"out": 3}


def test_bypassed_nodes_that_feed_each_other_are_a_cycle(engine):
    document = graph(
        {
            "a": ("core/add", {"a": "=b.value"}),
            "b": ("core/add", {"a": "=a.value"}),
            "end": ("core/add", {"a": "=b.value"}),
        },
        outputs={"out": "end.value"},
    )

    with pytest.raises(InvalidWorkflow) as caught:
        engine.run(set_aside(document, a="bypassed", b="bypassed"))
    assert caught.value.problems[0].code == "cycle"


INNER = graph(
    {"sum": ("core/add", {"a": 1, "b": 5})}, outputs={"out": "sum.value"}, inputs={"x": "sum.a"}
)
OUTER = graph(
    {
        "n": ("core/number", {"value": 3}),
        "sub": ("workflow/plus", {"x": "=n.value"}),
        "end": ("core/add", {"a": "=sub.out", "b": 100}),
    },
    outputs={"out": "end.value"},
    workflows={"plus": INNER},
)


def test_a_subgraph_can_be_muted_and_bypassed(engine):
    assert engine.run(OUTER).outputs == {"out": 108}
    assert engine.run(set_aside(OUTER, sub="bypassed")).outputs == {"out": 103}
    muted = engine.run(set_aside(OUTER, sub="muted"))
    assert muted.outputs == {}
    assert statuses(muted)["sub/sum"] == "skipped"


def test_a_node_inside_a_subgraph_can_be_bypassed(engine):
    inner = set_aside(INNER, sum="bypassed")

    assert engine.run({**OUTER, "workflows": {"plus": inner}}).outputs == {"out": 103}


def test_turning_a_node_off_and_on_is_noticed(engine):
    assert [
        engine.run(set_aside(CHAIN, **modes)).outputs.get("out")
        for modes in ({}, {"one": "bypassed"}, {}, {"two": "bypassed"}, {"one": "muted"}, {})
    ] == [14, 13, 14, 4, None, 14]


def test_a_muted_node_is_not_run_for_others(engine):
    engine.run(set_aside(CHAIN, two="muted"))

    assert not CALLS


def test_an_unknown_mode_is_refused():
    with pytest.raises(InvalidWorkflow, match="mode"):
        Workflow.parse(set_aside(CHAIN, one="sleeping"))


@given(st.lists(st.sampled_from([None, "bypassed"]), min_size=1, max_size=12))
def test_a_chain_gives_what_the_nodes_in_use_add(modes):
    nodes = {"n": ("core/number", {"value": 0})}
    for at in range(len(modes)):
        nodes[f"x{at}"] = ("core/add", {"a": f"=x{at - 1}.value" if at else "=n.value", "b": 1})
    document = graph(nodes, outputs={"out": f"x{len(modes) - 1}.value"})
    aside = {f"x{at}": mode for at, mode in enumerate(modes) if mode}
    with Engine([Pack(*CORE)], installed=False, device="cpu") as engine:
        assert engine.run(set_aside(document, **aside)).outputs == {"out": modes.count(None)}
