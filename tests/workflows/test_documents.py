"""Every saved workflow is one that a newcomer can read, run and start from."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from graphgen import Workflow
from graphgen.engine.reading import references
from graphgen.signature import input_schema, output_schema
from graphgen.workflow import split_port

from .conftest import WORKFLOWS
from .pictures import array, read

FILES = sorted(WORKFLOWS.glob("*.json"))
ASSETS = sorted((WORKFLOWS / "assets").iterdir())
NODE_SIZE = (280, 200)
EXPECTED = {
    "text_to_image",
    "image_to_image",
    "inpaint",
    "unconditional",
    "upscale",
    "prompt_sweep",
    "variants",
}


def documents(workflow: Workflow) -> Iterator[Workflow]:
    """The workflow and its subgraphs."""
    yield workflow
    for inner in workflow.workflows.values():
        yield from documents(inner)


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_all_are_there():
    assert {path.stem for path in FILES} == EXPECTED


def test_it_is_valid_and_says_what_it_is(path, saved_engine):
    workflow = Workflow.read(path)
    assert saved_engine.validate(workflow) == []
    assert workflow.name.lower().replace(" ", "_") == path.stem
    assert len(workflow.description) > 40
    assert all(inner.name for inner in documents(workflow))


def test_its_inputs_have_working_defaults_and_its_outputs_are_pictures(path, saved_engine):
    workflow = Workflow.read(path)
    taken = input_schema(workflow, saved_engine.registry)
    assert "required" not in taken
    assert all("default" in entry for entry in taken["properties"].values())
    assert "seed" in taken["properties"]
    given = output_schema(workflow, saved_engine.registry)["properties"]
    assert all(entry["portType"] in ("image", "any") for entry in given.values())


def test_it_names_what_it_names(path):
    """Inputs and outputs refer to nodes; every node leads to an output."""
    for workflow in documents(Workflow.read(path)):
        used = {split_port(reference)[0] for reference in workflow.outputs.values()}
        pending = list(used)
        while pending:
            node = workflow.nodes[pending.pop()]
            for value in node.inputs.values():
                for reference in references(value):
                    source = split_port(reference)[0]
                    if source not in used:
                        used.add(source)
                        pending.append(source)
        assert used == set(workflow.nodes)
        for name in workflow.inputs:
            assert {node for node, _ in workflow.input_targets(name)} <= used


def test_it_is_laid_out_left_to_right_and_nothing_overlaps(path):
    for workflow in documents(Workflow.read(path)):
        places = workflow.editor["positions"]
        assert places.keys() == workflow.nodes.keys()
        for id, node in workflow.nodes.items():
            for value in node.inputs.values():
                for reference in references(value):
                    assert places[split_port(reference)[0]][0] < places[id][0]
        boxes = sorted(places.values())
        for at, (x, y) in enumerate(boxes):
            for other_x, other_y in boxes[at + 1 :]:
                assert abs(x - other_x) >= NODE_SIZE[0] or abs(y - other_y) >= NODE_SIZE[1]


def test_it_survives_reading_and_writing(path, tmp_path):
    workflow = Workflow.read(path)
    workflow.write(tmp_path / "copy.json")
    assert Workflow.read(tmp_path / "copy.json") == workflow
    assert json.loads(path.read_text()) == workflow.to_dict()


def test_the_assets_are_small():
    assert sum(path.stat().st_size for path in ASSETS) < 100_000


@pytest.mark.parametrize("path", ASSETS, ids=lambda path: path.stem)
def test_an_asset_can_be_made_again_from_itself(path, saved_engine):
    made = saved_engine.run(path).raise_if_failed().outputs[path.stem]
    assert (array(made) == read(path)).all() or abs(array(made) - read(path)).max() < 0.5 / 255
