"""Dynamic batching: calls that wait for the same device are run as one, and each is none the
wiser."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from graphgen import Batch, CancelToken, Context, node
from graphgen.engine.events import NodeProgress, NodeRetried
from tests.support import CALLS, Background, called, graph

pytestmark = pytest.mark.timeout(60)
HERE = SimpleNamespace()


@node("test/gate", title="Gate", device=True)
def gate() -> int:
    """Keep the device busy until told to go on, so that others gather behind it."""
    HERE.holds.set()
    assert HERE.go.wait(30)
    return 0


def _alike(value: int, kind: str, rows: int) -> str | None:
    return None if kind == "alone" else kind


def _rows(value: int, kind: str, rows: int) -> int:
    return rows


def _together(calls):
    HERE.batches.append([call["value"] for call in calls])
    if sum(call["rows"] for call in calls) > HERE.fits:
        raise MemoryError
    if any(call["kind"] == "breaks" for call in calls):
        raise RuntimeError("the whole batch broke")
    outcomes = []
    for call in calls:
        try:
            call["ctx"].progress(1, 2)
            HERE.halfway(call["value"])
            call["ctx"].progress(2, 2)
            outcomes.append(call["value"] * 10 if call["value"] >= 0 else ValueError("negative"))
        except BaseException as error:
            outcomes.append(error)
    return outcomes


@node("test/joins", title="Joins", device=True, batch=Batch(_alike, _together, _rows))
def joins(value: int, kind: str = "a", rows: int = 1, *, ctx: Context) -> int:
    """Ten times a value, or of many at once."""
    called("joins")
    if value < 0:
        raise ValueError("negative")
    ctx.progress(2, 2)
    return value * 10


@pytest.fixture
def together(make_engine):
    """Runs several workflows of one joining node each, all of which wait for the device
    before the first is begun."""
    HERE.batches, HERE.fits, HERE.halfway = [], 1000, lambda value: None

    def run(*given, listeners=None, tokens=None, before=lambda: None, **options):
        engine = make_engine(gate, joins, **options)
        HERE.holds, HERE.go = threading.Event(), threading.Event()
        first = Background(engine.run, graph({"g": "test/gate"}))
        assert HERE.holds.wait(30)
        waiting = []
        for index, inputs in enumerate(given):
            document = graph({"j": ("test/joins", inputs)}, {"n": "j.value"})
            heard = threading.Event()

            own = (listeners or {}).get(index)

            def listen(event, heard=heard, own=own):
                if type(event).__name__ == "NodeStarted":
                    heard.set()
                if own is not None:
                    own.append(event)

            token = (tokens or {}).get(index) or CancelToken()
            waiting.append(Background(engine.run, document, listeners=[listen], token=token))
            assert heard.wait(30)
            # It is told that it starts just before it is put into the lane.
            while sum(call.spec.id == "test/joins" for call in engine.lanes.calls) <= index:
                pass
        before()
        HERE.go.set()
        assert first.result(30).status == "succeeded"
        return [one.result(30) for one in waiting]

    return run


def test_what_waits_is_run_as_one_and_each_gets_its_own(together):
    results = together(*({"value": value} for value in range(5)))

    assert [result.outputs for result in results] == [{"n": 10 * value} for value in range(5)]
    assert HERE.batches == [[0, 1, 2, 3, 4]]
    assert CALLS["joins"] == 0


def test_only_equal_keys_are_joined_and_the_order_is_kept(together):
    results = together(
        {"value": 1, "kind": "a"},
        {"value": 2, "kind": "b"},
        {"value": 3, "kind": "a"},
        {"value": 4, "kind": "alone"},
        {"value": 5, "kind": "b"},
        {"value": 6, "kind": "alone"},
    )

    assert [result.outputs["n"] for result in results] == [10, 20, 30, 40, 50, 60]
    assert HERE.batches == [[1, 3], [2, 5]]


def test_the_limit_counts_rows(together):
    together(*({"value": value, "rows": 3} for value in range(5)), max_batch=7)

    assert HERE.batches == [[0, 1], [2, 3]]
    assert CALLS["joins"] == 1


def test_it_can_be_switched_off(together):
    results = together(*({"value": value} for value in range(3)), max_batch=1)

    assert [result.outputs["n"] for result in results] == [0, 10, 20]
    assert HERE.batches == []


def test_a_failure_is_that_of_one(together):
    results = together({"value": 1}, {"value": -1}, {"value": 3})

    assert [result.status for result in results] == ["succeeded", "failed", "succeeded"]
    assert "negative" in results[1].problems[0].message
    assert len(HERE.batches) == 1


def test_calls_that_break_together_are_run_alone(together):
    results = together({"value": 1, "kind": "breaks"}, {"value": 2, "kind": "breaks"})

    assert [result.outputs["n"] for result in results] == [10, 20]
    assert CALLS["joins"] == 2


def test_progress_is_that_of_each_run(together):
    heard = {0: [], 1: []}
    together({"value": 1}, {"value": 2}, listeners=heard)

    for events in heard.values():
        steps = [(e.node, e.step) for e in events if isinstance(e, NodeProgress)]
        assert steps == [("j", 1), ("j", 2)]
    assert heard[0][0].run_id != heard[1][0].run_id


def test_cancelling_one_leaves_the_others(together):
    token = CancelToken()

    def halfway(value):
        if value == 2:
            token.cancel()

    HERE.halfway = halfway
    results = together({"value": 1}, {"value": 2}, {"value": 3}, tokens={1: token})

    assert [result.status for result in results] == ["succeeded", "cancelled", "succeeded"]
    assert len(HERE.batches) == 1


def test_what_was_cancelled_while_it_waited_is_not_joined(together):
    token = CancelToken()
    given = [{"value": 1}, {"value": 2}, {"value": 3}]
    results = together(*given, tokens={1: token}, before=token.cancel)

    assert [result.status for result in results] == ["succeeded", "cancelled", "succeeded"]
    assert HERE.batches == [[1, 3]]


def test_a_batch_that_does_not_fit_falls_back_to_smaller_ones(together):
    HERE.fits = 2
    heard = {index: [] for index in range(6)}
    results = together(*({"value": value} for value in range(6)), listeners=heard)

    assert [result.outputs["n"] for result in results] == [10 * value for value in range(6)]
    assert HERE.batches == [[0, 1, 2, 3, 4, 5], [0, 1, 2], [1, 2], [3, 4, 5], [4, 5]]
    told = [(e.means, e.divisor) for e in heard[5] if isinstance(e, NodeRetried)]
    assert told == [("unjoin", 3), ("unjoin", 2)]
    assert CALLS["joins"] == 2
