"""The thread of a device: accelerators work on when a call has returned, and are waited for."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from graphgen import Batch, CancelToken, Context, node
from graphgen.engine import calls
from graphgen.engine.calls import Call, work_together
from graphgen.node import spec_of
from tests.support import graph
from tests.toy_device import DEVICE

pytestmark = pytest.mark.timeout(30)
TOY = torch.get_device_module(DEVICE)
ONES = graph({"o": ("lane/ones", {"size": 3})}, {"n": "o.value"})


def _together(given):
    return [SimpleNamespace(size=each["size"]) for each in given]


@node("lane/ones", title="Ones", device=True)
def ones(size: int, *, ctx: Context) -> int:
    """Make a tensor; tells whether its thread has chosen the device."""
    torch.ones(size, device=ctx.device)
    return int(TOY.is_current())


@node("lane/joined", title="Joined", device=True, batch=Batch(key=lambda size: 1, run=_together))
def joined(size: int, *, ctx: Context) -> int:
    """A node whose calls are joined."""
    return size


@pytest.fixture
def slow(monkeypatch):
    """A device that takes five seconds for what it is asked, by a clock of its own."""
    now = [0.0]
    monkeypatch.setattr(calls, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def synchronize(device=None):
        now[0] += 5

    monkeypatch.setattr(TOY, "synchronize", synchronize)


def test_the_thread_of_a_lane_has_its_device_as_current(make_engine):
    engine = make_engine(ones, device=DEVICE)
    assert engine.run(graph({"o": ("lane/ones", {"size": 3})}, {"n": "o.value"})).outputs == {
        "n": 1
    }
    assert not TOY.is_current()


def test_seconds_are_those_of_the_device(make_engine, slow):
    engine = make_engine(ones, device=DEVICE)
    assert engine.run(ONES).nodes["o"].seconds == 5


def test_joined_calls_share_the_seconds_of_the_device(slow):
    ended = []

    def end(call, value, error, seconds):
        ended.append((call.at, value.size, error, seconds))

    waiting = [
        Call(at, spec_of(joined), {"size": at}, DEVICE, CancelToken(), end, lambda *_: None)
        for at in range(2)
    ]
    work_together(waiting, lambda rows: None)
    assert ended == [(0, 0, None, 2.5), (1, 1, None, 2.5)]


def test_what_failed_on_the_device_is_the_failure_of_the_node(make_engine, monkeypatch):
    def synchronize(device=None):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(TOY, "synchronize", synchronize)
    engine = make_engine(ones, device=DEVICE)
    (problem,) = engine.run(ONES).problems
    assert (problem.code, problem.node) == ("node_failed", "o")
    assert "illegal memory access" in problem.message
    assert "start it again" in problem.hint


def test_a_device_that_is_not_there_is_told_by_the_node(make_engine):
    engine = make_engine(ones, device="toy:5")
    (problem,) = engine.run(ONES).problems
    assert (problem.code, problem.node) == ("node_failed", "o")
    assert "there is no toy:5" in problem.message


def test_memory_that_is_freed_goes_back_to_the_driver(make_engine, monkeypatch):
    given_back = []
    monkeypatch.setattr(TOY, "empty_cache", lambda: given_back.append(True))
    engine = make_engine(ones, device=DEVICE)
    engine.free_memory()
    assert given_back == [True]
