"""The conformance kit over every node of every pack that is installed."""

import inspect
from typing import Annotated

import pytest
from pydantic import Field

from graphgen import Engine, node
from graphgen.registry import Registry
from tests.conformance import CHECKS, check_schema, documents_itself
from tests.support import CORE

ENGINE = Engine(device="cpu")
NODES = ENGINE.registry.nodes


def test_every_pack_is_there():
    assert [str(problem) for problem in ENGINE.problems] == []
    assert len(NODES) > 30
    assert {spec.category for spec in NODES.values()} >= {
        "control",
        "diffusion",
        "image",
        "upscale",
    }


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("id", NODES)
def test_node(id, check):
    check(NODES[id])


@pytest.mark.parametrize("id", NODES)
def test_its_category_is_its_pack(id):
    assert NODES[id].category == ENGINE.registry.pack_of[id]


@pytest.mark.parametrize("name", ENGINE.registry.types.by_name)
def test_port_type(name):
    spec = ENGINE.registry.types.by_name[name]

    assert len(spec.description) > 10, f"{name} does not say what it is"
    assert spec.colour.startswith("#")
    assert len(int(spec.colour[1:], 16).to_bytes(3, "big")) == 3
    for target, convert in spec.conversions.items():
        assert ENGINE.registry.types.name_of(target), f"{name} converts to an unknown type"
        assert callable(convert)
    for other in (spec.save, spec.load, spec.preview):
        assert other is None or callable(other)
    if name != "workflow":
        assert inspect.getmodule(spec.cls) is not None


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_nodes_of_these_tests_conform_too(check):
    registry = Registry()
    registry.add_nodes(CORE)
    for spec in registry.nodes.values():
        if check is not documents_itself:
            check(spec)


def test_the_kit_notices_what_is_missing():
    @node("test/mute", title="mute")
    def mute(strength: float = 1.0) -> int:
        """Mute"""

    @node("test/fine", title="Fine")
    def fine(strength: Annotated[float, Field(description="How much.")] = 1.0) -> int:
        """Do something fine."""

    registry = Registry()
    registry.add_nodes([mute, fine])
    documents_itself(registry.nodes["test/fine"])
    with pytest.raises(AssertionError):
        documents_itself(registry.nodes["test/mute"])


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "int"},
        {"minimum": "1"},
        {"minimum": 3, "maximum": 2},
        {"multipleOf": 0},
        {"enum": []},
        {"anyOf": [{"type": "text"}]},
        {"$ref": "http://elsewhere"},
        [],
    ],
)
def test_the_kit_notices_what_is_no_schema(schema):
    with pytest.raises(AssertionError):
        check_schema(schema, "here")
