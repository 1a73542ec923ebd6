"""The conformance kit over every node and port type that ships with graphgen, and itself."""

from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import Field

from graphgen import Engine, TypeSpec, node
from graphgen.plugins.conformance import (
    CHECKS,
    check_node,
    check_pack,
    schema_faults,
    type_faults,
)
from graphgen.plugins.manager import Plugins
from graphgen.registry import Registry
from graphgen.types import Types
from tests.support import CORE, Pack

ENGINE = Engine(device="cpu", third_party=False)
NODES = ENGINE.registry.nodes
SHIPPED = {"control", "diffusion", "image", "upscale"}


def test_every_pack_is_there():
    assert [str(problem) for problem in ENGINE.problems] == []
    assert len(NODES) > 30
    assert {pack.name for pack in ENGINE.plugins.packs if pack.in_use} == SHIPPED


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("id", NODES)
def test_node(id, check):
    assert list(check(NODES[id])) == []


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_pack(name):
    assert check_pack(ENGINE.plugins, name) == []


@pytest.mark.parametrize("id", NODES)
def test_its_category_is_its_pack(id):
    assert NODES[id].category == ENGINE.registry.pack_of[id]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_nodes_of_these_tests_conform_too(check):
    registry = Registry()
    registry.add_nodes(CORE)
    for spec in registry.nodes.values():
        if check.__name__ != "documents_itself":
            assert list(check(spec)) == []


def only(function):
    registry = Registry()
    registry.add_nodes([function])
    (spec,) = registry.nodes.values()
    return [(problem.port, problem.message) for problem in check_node(spec)]


def make_counter():
    counts = []

    @node("test/count", title="Count")
    def count() -> int:
        """Count what was never counted."""
        counts.append(1)
        return len(counts)

    return count


def test_the_kit_notices_what_is_missing():
    @node("test/mute", title="mute")
    def mute(strength: float = 1.0) -> int:
        """Mute"""

    @node("test/fine", title="Fine")
    def fine(strength: Annotated[float, Field(description="How much.")] = 1.0) -> int:
        """Do something fine."""

    @node("test/old", title="Old", version=4, migrations={1: dict, 7: dict})
    def old() -> int:
        """Be older than it looks."""

    assert only(fine) == []
    title, short, ending, port = only(mute)
    assert "'mute'" in title[1]
    assert "too little" in short[1]
    assert "full stop" in ending[1]
    assert port[0] == "strength"
    assert [message for _, message in only(old)] == [
        "it has a migration from version 7, and is at 4",
        "it has no migration from version 2 to 3",
        "it has no migration from version 3 to 4",
    ]
    ((_, said),) = only(make_counter())
    assert "volatile=True" in said


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "int"},
        {"minimum": "1"},
        {"maximum": float("inf")},
        {"minimum": 3, "maximum": 2},
        {"multipleOf": 0},
        {"maxLength": -1},
        {"enum": []},
        {"title": 3},
        {"anyOf": [{"type": "text"}]},
        {"properties": {"a": {"type": "text"}}},
        {"items": "text"},
        {"$ref": "http://elsewhere"},
        [],
    ],
)
def test_the_kit_notices_what_is_no_schema(schema):
    assert list(schema_faults(schema, "here"))


@dataclass(frozen=True)
class Fine:
    """A port type that says what it is."""

    size: int = 0


@dataclass
class Loose:
    size: int = 0


def test_the_kit_looks_at_port_types():
    assert list(type_faults(TypeSpec(Fine), Types([TypeSpec(Fine)]))) == []

    loose = TypeSpec(
        Loose, colour="red", conversions={Fine: "no function"}, save="no", parts=(int,)
    )
    said = "\n".join(type_faults(loose, Types([loose])))

    for part in ("frozen", "docstring", "#rrggbb", "no port type", "no function", "a save", "int"):
        assert part in said


class NoLoader:
    """Loads nothing."""


def test_the_kit_looks_at_a_pack_as_a_whole(tmp_path):
    pack = Pack(
        make_counter(),
        types=[TypeSpec(Loose)],
        loaders={"bad/net": NoLoader()},
        models={"gone": tmp_path / "gone", "there": tmp_path},
    )
    plugins = Plugins([pack, Pack(lambda: 1)], installed=False)

    said = [str(problem) for problem in check_pack(plugins, "Pack")]

    assert len(said) == 5
    for part in ("test/count", "frozen", "docstring", "load, move, nbytes", "'gone' is not there"):
        assert any(part in each for each in said), part
    (left_out,) = check_pack(plugins, "Pack-2")
    assert left_out.code == "pack_failed"
    with pytest.raises(KeyError):
        check_pack(plugins, "Pack-3")
