"""``Planner.check``: why a plan would be refused, without what a plan costs."""

import pytest

from graphgen import InvalidWorkflow, Workflow, node
from tests.engine.test_validate import BAD
from tests.support import CALLS, codes, graph


def planned(engine, document, targets=None):
    try:
        engine.planner.plan(Workflow.read(document), targets)
    except InvalidWorkflow as error:
        return codes(error.problems)
    return []


def checked(engine, document, targets=None):
    return codes(engine.planner.check(Workflow.read(document), targets))


@pytest.mark.parametrize(
    ("document", "targets"),
    [
        (BAD, None),
        (graph({"a": ("core/number", {"value": 1})}, {"out": "a.value"}), None),
        (graph({"a": "core/number"}, {"out": "a.nothing"}), None),
        (graph({"a": "core/number", "b": "core/add"}, {"out": "a.value"}), None),
        (graph({"a": "core/number", "b": "core/add"}), ["a"]),
        (graph({"a": "core/number", "b": "core/add"}), ["b"]),
        (graph({"a": "core/number"}), ["nobody"]),
        (graph({"a": ("core/add", {"a": "=b.value"}), "b": ("core/add", {"a": "=a.value"})}), None),
        (graph({"a": "core/number"}, {"out": "a.value"}, {"x": "b.value"}), None),
    ],
)
def test_it_finds_what_planning_finds(engine, document, targets):
    assert checked(engine, document, targets) == planned(engine, document, targets)
    assert not CALLS


def test_it_asks_for_no_device(make_engine):
    @node("test/on_device", title="On the device", device=True)
    def on_device(value: int = 0) -> int:
        """Be computed by the device."""
        return value

    engine = make_engine(on_device, device=None)

    assert checked(engine, graph({"n": "test/on_device"}, {"out": "n.value"})) == []
    assert engine._device is None
