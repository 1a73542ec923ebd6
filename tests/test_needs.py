"""Which packs a workflow says it needs, and what it says when one is missing."""

import json

import pytest

from graphgen import Engine, InvalidWorkflow, Workflow
from graphgen.needs import with_packs
from tests.plugins.packs import code, write

DOCUMENT = {
    "format": "graphgen/1",
    "nodes": {
        "n": {"type": "shop/number", "inputs": {"value": 3}},
        "m": {"type": "shop/number", "inputs": {"value": {"link": "n.value"}}},
        "r": {"type": "control/range", "inputs": {"count": {"link": "m.value"}}},
    },
    "outputs": {"out": "m.value"},
}


@pytest.fixture
def make(tmp_path):
    """Engines with packs in their workspace: name to version."""
    made = []

    def make(**packs):
        workspace = tmp_path / f"workspace-{len(made)}"
        for name, version in packs.items():
            text = f'__version__ = "{version}"\n' if version else ""
            write(workspace / "plugins" / f"{name}.py", text).open("a").write(unindented(name))
        engine = Engine(workspace=workspace, third_party=[*packs], device="cpu")
        assert engine.problems == []
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()


def unindented(name):
    import textwrap

    return textwrap.dedent(code(name))


def said(document, engine):
    return [(p.code, p.node, p.message) for p in engine.validate(document)]


def test_a_workflow_says_which_packs_it_needs(make):
    engine = make(shop="1.2", other="")
    inner = {"nodes": {"o": {"type": "other/number"}}, "outputs": {"out": "o.value"}}
    nodes = {**DOCUMENT["nodes"], "s": {"type": "workflow/inner"}}
    workflow = Workflow.read({**DOCUMENT, "nodes": nodes, "workflows": {"inner": inner}})

    stamped = with_packs(workflow, engine.registry)

    assert stamped.packs == {"other": "", "shop": "1.2"}  # none that ships with graphgen
    assert stamped.nodes == workflow.nodes
    assert with_packs(stamped, engine.registry) is stamped
    assert Workflow.parse_json(stamped.to_json()) == stamped


def test_what_it_says_changes_no_key_and_is_brought_up_to_date(make):
    engine = make(shop="1.2")
    document = {**DOCUMENT, "packs": {"shop": "0.9", "never": "1.0"}}

    assert engine.run(DOCUMENT).nodes["m"].status == "executed"
    assert engine.run(document).nodes["m"].status == "cached"
    assert with_packs(Workflow.read(document), engine.registry).packs == {"shop": "1.2"}


def test_a_missing_pack_is_told_once_for_each_type_and_stays_written(make):
    engine = make()
    document = {**DOCUMENT, "packs": {"shop": "1.2"}}

    assert said(document, engine) == [
        (
            "unknown_node_type",
            "n",
            "'shop/number' comes with the pack 'shop' 1.2, which is not installed",
        )
    ]
    assert with_packs(Workflow.read(document), engine.registry).to_dict() == document


def test_a_run_names_every_type_that_is_missing_on_its_way(make):
    document = {
        "format": "graphgen/1",
        "outputs": {"map": "chart.map"},
        "nodes": {
            "ping": {"type": "sonar/ping"},
            "clean": {"type": "sonar/clean", "inputs": {"echo": {"link": "ping.echo"}}},
            "chart": {"type": "sonar/chart", "inputs": {"echoes": [{"link": "clean.echo"}]}},
            "again": {"type": "sonar/chart", "inputs": {"echoes": [{"link": "chart.map"}]}},
        },
        "packs": {"sonar": "2.1.0"},
    }
    engine = make()

    with pytest.raises(InvalidWorkflow) as caught:
        engine.run(document)

    told = {problem.node: problem.message.split("'")[1] for problem in caught.value.problems}
    assert told == {"chart": "sonar/chart", "clean": "sonar/clean", "ping": "sonar/ping"}


def test_a_pack_that_is_off_or_of_another_version(make, tmp_path):
    document = {**DOCUMENT, "packs": {"shop": "1.2"}}
    engine = make(shop="1.0")
    write(engine.workspace.root / "plugins.json", '{"disabled": ["shop"]}')

    with Engine(workspace=engine.workspace) as off:
        ((_, _, message),) = said(document, off)
    assert message.endswith("'shop' 1.2, which is not in use: disabled in the settings")

    newer = json.loads(json.dumps(document).replace("shop/number", "shop/later"))
    ((_, _, message),) = said(newer, engine)
    assert message.endswith("'shop' 1.2, and installed is 1.0, which does not have it")
    assert with_packs(Workflow.read(newer), engine.registry).packs == {"shop": "1.2"}


def test_a_type_of_another_category_may_come_from_any_pack_that_is_missing(make):
    engine = make(shop="1.2")
    nodes = {"a": {"type": "far/away"}, "n": {"type": "shop/number"}}
    one = {"nodes": nodes, "packs": {"shop": "1.2", "lab": "3.0"}}

    ((_, _, message),) = said(one, engine)
    assert message == "'far/away' comes with the pack 'lab' 3.0, which is not installed"
    ((_, _, message),) = said({**one, "packs": {"lab": "3.0", "den": "1"}}, engine)
    assert message.endswith("one of the packs 'lab' 3.0, 'den' 1, which are not in use")
    ((_, _, message),) = said({"nodes": nodes}, engine)
    assert message == "no pack brings 'far/away'"


def test_subgraphs_of_saved_workflows_say_what_they_need(make):
    engine = make()
    write(
        engine.workspace.workflows / "part.json", json.dumps({**DOCUMENT, "packs": {"shop": "2"}})
    )

    ((_, _, message),) = said({"nodes": {"s": {"type": "workflow/part"}}}, engine)

    assert "the pack 'shop' 2," in message
