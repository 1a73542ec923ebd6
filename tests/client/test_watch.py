"""Connections that break while somebody waits for a run."""

from __future__ import annotations

import time

import pytest

from graphgen import Client
from graphgen.client import link, watch
from graphgen.engine import events as ev
from graphgen.runs import RunQueued
from tests.client.relay import Relay
from tests.server.live import eventually
from tests.server.nodes import GATE
from tests.support import Background, graph

CHAIN = graph(
    {
        "first": ("core/number", {"value": 3}),
        "wait": ("test/wait", {"value": "=first.value"}),
        **{f"n{at}": ("core/add", {"a": "=wait.value", "b": at}) for at in range(20)},
        "sum": ("core/total", {"values": [f"=n{at}.value" for at in range(20)]}),
    },
    {"sum": "sum.value"},
)


def waits(events):
    """Whether the node that waits has begun."""
    return any(isinstance(event, ev.NodeStarted) and event.node == "wait" for event in events)


def test_a_connection_that_is_cut_goes_on_where_it_was(server):
    """Nothing is missing, and nothing comes twice."""
    with Relay(server.port) as relay, Client(relay.url) as client:
        events = []
        waiter = Background(client.run, CHAIN, on_event=events.append)
        eventually(lambda: waits(events))
        relay.cut(reopen=False)
        GATE.set()
        eventually(lambda: server.get("/api/runs").json()["runs"][0]["status"] == "succeeded")
        told = len(events)
        relay.reopen()
        run = waiter.result(20)

    assert run.outputs["sum"] == 20 * 3 + sum(range(20))
    assert told < len(events)
    finished = [event.node for event in events if isinstance(event, ev.NodeFinished)]
    assert sorted(finished) == sorted(CHAIN["nodes"])
    assert isinstance(events[0], RunQueued)
    assert isinstance(events[-1], ev.RunFinished)


def test_a_connection_that_is_cut_again_and_again(server):
    with Relay(server.port) as relay, Client(relay.url) as client:
        events = []
        waiter = Background(client.run, CHAIN, on_event=events.append)
        eventually(lambda: waits(events))
        for _ in range(5):
            before = relay.opened

            def came_back(before=before):
                relay.cut()  # again, for a connection that was still on its way
                time.sleep(0.05)
                return relay.opened > before

            eventually(came_back)
        GATE.set()
        assert waiter.result(30).status == "succeeded"

    finished = [event.node for event in events if isinstance(event, ev.NodeFinished)]
    assert sorted(finished) == sorted(CHAIN["nodes"])


def test_where_no_websocket_gets_through_the_server_is_asked(server):
    with Relay(server.port, sockets=False) as relay, Client(relay.url) as client:
        events = []
        waiter = Background(client.run, CHAIN, on_event=events.append)
        eventually(lambda: events)
        assert waiter.running
        GATE.set()
        run = waiter.result(20)

    assert run.status == "succeeded"
    assert [type(event) for event in events] == [RunQueued, ev.RunFinished]
    assert events[-1].seconds == run.seconds


def test_where_websockets_are_swallowed_runs_go_on_all_the_same(server, monkeypatch):
    monkeypatch.setattr(link, "HANDSHAKE_SECONDS", 0.2)
    with Relay(server.port, sockets=None) as relay, Client(relay.url) as client:
        assert client.run(graph({"n": "core/number"}, {"n": "n.value"})).outputs == {"n": 0}


def test_a_server_below_a_path(server, tmp_path):
    with Relay(server.port) as relay, Client(f"{relay.url}/below/") as client:
        events = []
        document = graph({"p": "image/solid"}, {"image": "p.image"})
        image = client.run(document, on_event=events.append).outputs["image"]
        assert image.url.startswith(f"{relay.url}/below/api/")
        assert image.save(tmp_path)[0].read_bytes() == image.bytes()
    assert any(isinstance(event, ev.NodeFinished) for event in events)


def test_events_that_the_server_has_dropped_are_made_up_for(make_server):
    """More happens while the line is cut than the server keeps."""
    from graphgen.server.feed import Feed

    live = make_server(feed=Feed(key_frames=5))
    with Relay(live.port) as relay, Client(relay.url) as client:
        events = []
        waiter = Background(client.run, CHAIN, on_event=events.append)
        eventually(lambda: waits(events))
        relay.cut(reopen=False)
        GATE.set()
        eventually(lambda: live.get("/api/runs").json()["runs"][0]["status"] == "succeeded")
        relay.reopen()
        assert waiter.result(20).status == "succeeded"


def test_the_websocket_is_kept_for_the_next_run_and_then_closed(server, monkeypatch):
    monkeypatch.setattr(watch, "LINGER_SECONDS", 0.3)
    number = graph({"n": "core/number"}, {"n": "n.value"})
    with Relay(server.port) as relay, Client(relay.url) as client:
        for _ in range(3):
            client.run(number)
        assert relay.watched == 1
        assert server.queue.previews is True
        eventually(lambda: server.queue.previews is False)
        assert client.run(number).status == "succeeded"
        assert relay.watched == 2


@pytest.mark.parametrize("frame", ["[]", "{", '{"type": "node_started"}', '{"type": "new_kind"}'])
def test_frames_of_a_newer_server_do_no_harm(frame):
    quiet = watch.Watch(None)
    quiet._take(frame)
    quiet._take(b"\x00")
