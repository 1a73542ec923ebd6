"""Values are let go as soon as nobody needs them."""

import asyncio
import gc
import threading
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from graphgen import Fragment, Lazy, node
from tests.support import graph, link

pytestmark = pytest.mark.timeout(30)
HERE = SimpleNamespace()


class Big:
    """Stands for a large tensor."""


@pytest.fixture(autouse=True)
def _fresh():
    HERE.made = []


def alive():
    """How many values that were made are still held. A worker may be about to let go."""
    for _ in range(100):
        if not any(made() is not None for made in HERE.made):
            return 0
        threading.Event().wait(0.005)
    gc.collect()
    return sum(made() is not None for made in HERE.made)


@node("test/make", title="Make")
def make(after: int = 0) -> Any:
    """Make something large."""
    big = Big()
    HERE.made.append(weakref.ref(big))
    return big


@node("test/make_async", title="Make async")
async def make_async(after: int = 0) -> Any:
    """Make something large, in its time."""
    await asyncio.sleep(0)
    return make(after)


@node("test/make_device", title="Make on the device", device=True)
def make_device(after: int = 0) -> Any:
    """Make something large on the device."""
    return make(after)


@node("test/size", title="Size")
def size(big: Any) -> int:
    """Look at something large."""
    return 1


@node("test/look", title="Look")
def look(after: int) -> int:
    """Count what is still held."""
    return alive()


@node("test/look_here", title="Look", volatile=True)
def look_here(after: int, big: Any) -> int:
    """Count what is still held while it holds one itself."""
    return sum(made() is not None for made in HERE.made)


@node("test/pass_on", title="Pass on")
async def pass_on(big: Lazy[Any]) -> int:
    """Look at something large that it asked for."""
    await big
    return 1


@node("test/inside", title="Inside")
def inside() -> int | Fragment:
    """Make something large inside."""
    return Fragment(
        {
            "m": {"type": "test/make"},
            "s": {"type": "test/size", "inputs": {"big": link("m.value")}},
        },
        {"value": link("s.value")},
    )


@node("test/many", title="Many")
def many(count: int) -> list[Any]:
    """Make many large things."""
    return [make() for _ in range(count)]


GIVEN = (make, make_async, make_device, size, look, look_here, pass_on, inside, many)


@pytest.fixture
def engine(make_engine):
    return make_engine(*GIVEN, cache_bytes=0)


@pytest.mark.parametrize("maker", ["test/make", "test/make_async", "test/make_device"])
def test_a_value_goes_when_its_last_consumer_is_done(engine, maker):
    document = graph(
        {
            "m": maker,
            "s": ("test/size", {"big": "=m.value"}),
            "l": ("test/look", {"after": "=s.value"}),
        },
        outputs={"alive": "l.value"},
    )

    for _ in range(3):  # from the second time on quick nodes run elsewhere
        assert engine.run(document).outputs == {"alive": 0}


def test_a_value_stays_for_a_consumer_that_is_still_to_come(engine):
    document = graph(
        {
            "m": "test/make",
            "s": ("test/size", {"big": "=m.value"}),
            "l": ("test/look_here", {"after": "=s.value", "big": "=m.value"}),
        },
        outputs={"alive": "l.value"},
    )

    assert engine.run(document).outputs == {"alive": 1}
    assert alive() == 0


def test_a_chain_holds_two_values_at_most(make_engine):
    peak = []

    @node("test/link", title="Link", volatile=True)
    def link_(big: Any) -> Any:
        """Make the next large thing from the last."""
        made = make()
        peak.append(sum(ref() is not None for ref in HERE.made))
        return made

    nodes = {"n0": "test/make"}
    for i in range(1, 12):
        nodes[f"n{i}"] = ("test/link", {"big": f"=n{i - 1}.value"})
    nodes["end"] = ("test/size", {"big": "=n11.value"})

    result = make_engine(*GIVEN, link_, cache_bytes=0).run(graph(nodes, {"end": "end.value"}))

    assert result.outputs == {"end": 1}
    assert max(peak) <= 2


def test_a_lazy_value_goes_when_the_node_that_asked_is_done(engine):
    document = graph(
        {
            "m": "test/make",
            "p": ("test/pass_on", {"big": "=m.value"}),
            "l": ("test/look", {"after": "=p.value"}),
        },
        outputs={"alive": "l.value"},
    )

    assert engine.run(document).outputs == {"alive": 0}


def test_values_inside_a_fragment_go(engine):
    document = graph(
        {"i": "test/inside", "l": ("test/look", {"after": "=i.value"})}, {"alive": "l.value"}
    )

    assert engine.run(document).outputs == {"alive": 0}


def test_values_of_a_list_go(engine):
    document = graph(
        {
            "m": ("test/many", {"count": 3}),
            "s": ("test/size", {"big": "=m.value"}),
            "t": ("core/total", {"values": "=s.value"}),
            "l": ("test/look", {"after": "=t.value"}),
        },
        outputs={"alive": "l.value"},
    )

    assert engine.run(document).outputs == {"alive": 0}


def test_a_finished_run_holds_only_its_outputs(engine):
    document = graph(
        {
            "m": "test/make",
            "s": ("test/size", {"big": "=m.value"}),
            "k": ("test/make", {"after": 1}),
        },
        outputs={"s": "s.value", "kept": "k.value"},
    )

    result = engine.run(document)

    gc.collect()
    assert sum(made() is not None for made in HERE.made) == 1
    assert isinstance(result.outputs["kept"], Big)
    del result
    assert alive() == 0


def test_a_failed_run_holds_nothing(engine):
    document = graph(
        {
            "m": "test/make",
            "f": ("core/fail", {"value": 1, "message": "x"}),
            "s": ("test/size", {"big": "=m.value"}),
        }
    )

    result = engine.run(document)

    assert result.problems
    assert alive() == 0
