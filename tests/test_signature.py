from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import Field

from graphgen import TypeSpec, Workflow, node
from graphgen.engine.targets import input_targets
from graphgen.registry import Registry
from graphgen.signature import input_schema, output_schema
from tests.support import graph


@dataclass(frozen=True)
class Sky:
    """A port type."""


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Made(NamedTuple):
    sky: Annotated[Sky, Field(description="What is above.")]
    names: list[str]
    best: float | None
    more: Any


@node("signature/make", title="Make")
def make(
    width: Annotated[int, Field(ge=1, le=64, description="In pixels.")] = 8,
    colours: list[Colour] | None = None,
    mode: Literal["a", "b"] = "a",
    sky: Sky | None = None,
    *,
    name: str,
) -> Made:
    """Make everything."""
    return Made(Sky(), [], None, 0)


@node("signature/even", title="Even")
def even(width: Annotated[int, Field(multiple_of=2)]) -> int:
    """Take an even number."""
    return width


@pytest.fixture(scope="module")
def registry():
    made = Registry()
    made.add_types([TypeSpec(Sky)])
    made.add_nodes([make, even])
    return made


def parse(*arguments, **more):
    return Workflow.parse({**graph(*arguments), **more})


def test_inputs_as_json_schema(registry):
    workflow = parse(
        {"a": ("signature/make", {"mode": "b"})},
        {},
        {port: f"a.{port}" for port in ("width", "mode", "name", "sky")},
        name="Above",
        description="Look up.",
    )
    assert input_schema(workflow, registry) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Above",
        "description": "Look up.",
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "width": {
                "title": "Width",
                "type": "integer",
                "minimum": 1,
                "maximum": 64,
                "portType": "int",
                "description": "In pixels.",
                "default": 8,
            },
            "mode": {
                "title": "Mode",
                "enum": ["a", "b"],
                "type": "string",
                "portType": "str",
                "default": "b",
            },
            "name": {"title": "Name", "type": "string", "portType": "str"},
            "sky": {"title": "Sky", "portType": "sky | none", "default": None},
        },
    }


@dataclass(frozen=True)
class Chart:
    """A port type that is read from files."""


@dataclass(frozen=True)
class Atlas:
    """Another, which is read from folders, too."""


@dataclass(frozen=True)
class Sketch:
    """One that is read from any file."""


@node("signature/read", title="Read")
def read(chart: Chart, both: list[Chart | Atlas], any_file: Chart | Sketch) -> int:
    """Read charts."""
    return 0


def test_inputs_that_are_read_from_files_say_from_which():
    registry = Registry()
    registry.add_types(
        [
            TypeSpec(Chart, load=lambda path: Chart(), suffixes=(".map", ".tif")),
            TypeSpec(Atlas, load=lambda path: Atlas(), suffixes=(".tif", ".zip"), folders=True),
            TypeSpec(Sketch, load=lambda path: Sketch()),
        ]
    )
    registry.add_nodes([read])
    ports = {port: f"r.{port}" for port in ("chart", "both", "any_file")}
    found = input_schema(parse({"r": "signature/read"}, {}, ports), registry)["properties"]

    assert (found["chart"]["suffixes"], "folders" in found["chart"]) == ([".map", ".tif"], False)
    assert found["both"]["items"]["suffixes"] == [".map", ".tif", ".zip"]
    assert found["both"]["items"]["folders"] is True
    assert found["any_file"]["widget"] == "file"
    assert "suffixes" not in found["any_file"]


def test_definitions_stand_where_references_look_for_them(registry):
    schema = input_schema(parse({"a": "signature/make"}, {}, {"c": "a.colours"}), registry)
    assert "#/$defs/Colour" in str(schema["properties"]["c"])
    assert schema["$defs"]["Colour"]["enum"] == ["red", "blue"]


def test_an_input_that_feeds_several_ports_obeys_all_of_them(registry):
    workflow = parse(
        {"a": "signature/make", "b": "signature/even"}, {}, {"width": ["a.width", "b.width"]}
    )
    schema = input_schema(workflow, registry)
    assert schema["properties"]["width"]["allOf"] == [
        {"type": "integer", "minimum": 1, "maximum": 64},
        {"type": "integer", "multipleOf": 2},
    ]
    assert schema["required"] == ["width"]


def test_a_linked_port_needs_no_value_and_shows_none(registry):
    workflow = parse(
        {"a": ("signature/even", {"width": 2}), "b": ("signature/even", {"width": "=a.value"})},
        {},
        {"width": "b.width"},
    )
    schema = input_schema(workflow, registry)
    assert "required" not in schema
    assert "default" not in schema["properties"]["width"]


def test_inputs_and_outputs_of_subgraphs(registry):
    inner = graph({"e": "signature/even"}, {"out": "e.value"}, {"w": "e.width"})
    middle = graph({"i": "workflow/inner"}, {"out": "i.out"}, {"w": "i.w"}, {"inner": inner})
    workflow = parse(
        {"m": ("workflow/middle", {}), "set": ("workflow/middle", {"w": 4})},
        {"n": "m.out"},
        {"open": "m.w", "given": "set.w"},
        {"middle": middle},
    )
    schema = input_schema(workflow, registry)
    assert schema["properties"]["open"]["multipleOf"] == 2
    assert schema["properties"]["given"]["default"] == 4
    assert schema["required"] == ["open"]
    (target,) = input_targets(workflow, registry)["open"]
    assert (target.node, target.port.name) == ("m/i/e", "width")
    assert output_schema(workflow, registry)["properties"]["n"]["type"] == "integer"


def test_saved_subgraphs_are_looked_into(registry):
    inner = Workflow.parse(graph({"e": "signature/even"}, {"out": "e.value"}, {"w": "e.width"}))
    workflow = parse({"m": "workflow/saved"}, {"n": "m.out"}, {"w": "m.w"})
    saved = {"saved": inner}.get
    assert input_schema(workflow, registry, saved)["properties"]["w"]["multipleOf"] == 2
    assert output_schema(workflow, registry, saved)["properties"]["n"]["portType"] == "int"
    assert input_schema(workflow, registry)["properties"]["w"] == {"title": "W"}


def test_a_subgraph_that_uses_itself_comes_to_an_end(registry):
    inner = graph({"i": "workflow/inner"}, {"out": "i.out"}, {"w": "i.w"})
    workflow = parse({"m": "workflow/inner"}, {"n": "m.out"}, {"w": "m.w"}, {"inner": inner})
    assert input_schema(workflow, registry)["properties"]["w"] == {"title": "W"}
    assert output_schema(workflow, registry)["properties"]["n"] == {"title": "N"}


def test_subgraphs_that_unfold_without_end_are_given_up(registry):
    inner = graph({"e": "signature/even"}, {"out": "e.value"}, {"w": "e.width"})
    for _ in range(40):
        inner = graph(
            {"a": "workflow/inner", "b": "workflow/inner"},
            {"out": "a.out"},
            {"w": ["a.w", "b.w"]},
            {"inner": inner},
        )
    workflow = parse({"m": "workflow/inner"}, {"n": "m.out"}, {"w": "m.w"}, {"inner": inner})
    assert "w" in input_schema(workflow, registry)["properties"]
    assert output_schema(workflow, registry)["properties"]["n"]["portType"] == "int"


def test_a_saved_workflow_that_uses_itself_comes_to_an_end(registry):
    def saved(name):
        return Workflow.parse(graph({"i": "workflow/s"}, {"out": "i.out"}, {"w": ["i.w", "i.w"]}))

    workflow = parse({"m": "workflow/s"}, {"n": "m.out"}, {"w": "m.w"})
    assert input_schema(workflow, registry, saved)["properties"]["w"] == {"title": "W"}
    assert output_schema(workflow, registry, saved)["properties"]["n"] == {"title": "N"}


def test_outputs_as_json_schema(registry):
    workflow = parse(
        {"a": "signature/make"}, {name: f"a.{name}" for name in Made._fields} | {"none": "b.c"}
    )
    assert output_schema(workflow, registry)["properties"] == {
        "sky": {
            "title": "Sky",
            "type": "array",
            "items": {"type": "string", "format": "uri-reference"},
            "portType": "sky",
            "description": "What is above.",
        },
        "names": {
            "title": "Names",
            "type": "array",
            "items": {"type": "string"},
            "portType": "list[str]",
        },
        "best": {
            "title": "Best",
            "anyOf": [{"type": "number"}, {"type": "null"}],
            "portType": "float | none",
        },
        "more": {"title": "More", "portType": "any"},
        "none": {"title": "None"},
    }
