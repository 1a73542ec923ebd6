"""The registry: a pack registers whole or not at all."""

import pytest

from graphgen import node
from graphgen.problems import InvalidNode
from graphgen.registry import Registry
from tests.support import add, number


@node("core/number", title="Another number")
def impostor() -> int:
    """Take a name that is taken."""
    return 0


@node("test/broken", title="Broken")
def broken(value) -> int:
    """Lack a hint."""


@node("test/fine", title="Fine")
def fine() -> int:
    """Be fine."""
    return 1


def test_nodes_are_found_by_id_with_the_pack_that_brings_them():
    registry = Registry()
    registry.add_nodes([number, add], "core")

    assert registry.get("core/add").function is add
    assert registry.get("core/none") is None
    assert registry.pack_of == {"core/number": "core", "core/add": "core"}


def test_a_pack_with_mistakes_changes_nothing_and_hears_of_all_of_them():
    registry = Registry()
    registry.add_nodes([number], "core")
    before = dict(registry.nodes), dict(registry.pack_of)

    with pytest.raises(InvalidNode) as caught:
        registry.add_nodes([fine, impostor, broken, fine], "other")

    assert [(p.code, p.node) for p in caught.value.problems] == [
        ("duplicate_node", "core/number"),
        ("invalid_node", "test/broken"),
        ("duplicate_node", "test/fine"),
    ]
    assert "'core'" in caught.value.problems[0].message
    assert "'other'" in caught.value.problems[2].message
    assert (registry.nodes, registry.pack_of) == before


def test_the_nearest_ids_are_offered():
    registry = Registry()
    registry.add_nodes([number, add, fine])

    assert registry.nearest("core/nubmer")[0] == "core/number"
    assert registry.nearest("quite/unlike") == []
