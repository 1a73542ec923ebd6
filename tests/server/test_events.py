"""The websocket: what is told, what a client that reconnects is told, and slow clients."""

from __future__ import annotations

import socket
import time

import aiohttp
import pytest

from graphgen.server.feed import Feed
from tests.server.live import PATIENCE, codes, eventually, is_end, types_of
from tests.server.nodes import ENTERED, GATE, PNG
from tests.support import graph

CHAIN = graph(
    {
        "a": "core/number",
        "b": ("core/add", {"a": "=a.value"}),
        "c": ("core/add", {"a": "=b.value"}),
    },
    {"out": "c.value"},
    {"start": "a.value"},
)
WAIT = graph({"w": "test/wait"}, {"out": "w.value"})
STEPS = graph({"s": "test/steps"}, {"out": "s.value"}, {"count": "s.count", "size": "s.size"})
KEY_TYPES = {"hello", "run_queued", "run_started", "node_started", "node_finished", "run_finished"}


def test_the_first_frame_says_how_things_stand(server):
    running, waiting = server.submit(WAIT), server.submit(CHAIN)
    assert ENTERED.wait(PATIENCE)

    with server.watch() as watcher:
        hello = watcher.frames[0]

    assert hello["type"] == "hello"
    assert hello["epoch"] == server.feed.epoch
    assert hello["seq"] == server.feed.seq
    assert hello["reset"] is True
    assert [(run["run_id"], run["status"]) for run in hello["runs"]] == [
        (running, "running"),
        (waiting, "queued"),
    ]
    assert hello["queue"] == {
        "paused": False,
        "running": [running],
        "queued": [waiting],
        "capacity": 1000,
    }


def test_a_run_is_told_from_its_queueing_to_its_end(server):
    with server.watch() as watcher:
        run_id = server.submit(CHAIN, inputs={"start": 1}, name="mine", priority=3)
        frames = watcher.until_ended(run_id)
        again = server.submit(CHAIN, inputs={"start": 1})
        cached = watcher.until_ended(again)

    assert types_of(frames, run_id) == [
        "run_queued",
        "run_started",
        *["node_started", "node_finished"] * 3,
        "run_finished",
    ]
    told = {frame["type"]: frame for frame in frames if frame.get("run_id") == run_id}
    assert (told["run_queued"]["name"], told["run_queued"]["priority"]) == ("mine", 3)
    assert told["run_queued"]["position"] == 0
    assert told["run_started"]["nodes"] == 3
    assert (told["node_started"]["node"], told["node_started"]["node_type"]) == ("c", "core/add")
    assert told["node_finished"]["seconds"] >= 0
    assert told["run_finished"]["status"] == "succeeded"
    assert told["run_finished"]["outputs"] == {"out": [{"value": 1}]}
    assert told["run_finished"]["problems"] == []
    assert [frame["seq"] for frame in frames[1:]] == list(range(1, len(frames)))
    assert "node_cached" in types_of(cached, again)


def test_progress_comes_with_previews_as_binary_frames(server):
    with server.watch() as watcher:
        run_id = server.submit(STEPS, inputs={"count": 3, "size": 70_000})
        frames = watcher.until_ended(run_id)

    steps = [f for f in frames if f["type"] == "node_progress"]
    assert [(f["node"], f["step"], f["total"]) for f in steps] == [("s", n, 3) for n in (1, 2, 3)]
    previews = [f for f in frames if f["type"] == "preview"]
    assert [f["step"] for f in previews] == [1, 2, 3]
    assert all(f["media_type"] == "image/png" for f in previews)
    assert all(f["bytes"] == PNG + bytes(70_000) for f in previews)
    assert all(f["run_id"] == run_id and f["node"] == "s" for f in previews)
    assert [(f["time"], f["node_type"]) for f in previews] == [
        (f["time"], f["node_type"]) for f in steps
    ]


def test_previews_are_not_made_when_nobody_watches(server):
    assert server.queue.previews is False
    with server.watch(), server.watch():
        assert server.queue.previews is True
    eventually(lambda: server.queue.previews is False)


def test_failures_are_told_with_node_port_and_hint(server):
    with server.watch() as watcher:
        run_id = server.submit(graph({"r": "core/refuse", "a": ("core/add", {"a": "=r.value"})}))
        frames = watcher.until_ended(run_id)

    failed = next(frame for frame in frames if frame["type"] == "node_failed")
    assert (failed["node"], failed["node_type"]) == ("r", "core/refuse")
    assert failed["problem"]["port"] == "value"
    assert failed["problem"]["hint"] == "try another"
    assert "node_skipped" in types_of(frames, run_id)
    assert frames[-1]["status"] == "failed"
    assert frames[-1]["problems"] == [failed["problem"]]


def test_the_end_is_told_when_the_run_is_in_the_history_and_its_files_can_be_read(server):
    document = graph({"p": ("image/solid", {"width": 8, "height": 8})}, {"image": "p.image"})

    with server.watch() as watcher:
        for seed in range(10):
            run_id = server.submit(document, name=f"n{seed}")
            end = watcher.until_ended(run_id)[-1]
            run = server.get(f"/api/runs/{run_id}").json()
            assert run["status"] == "succeeded"
            assert run["outputs"] == end["outputs"]
            (item,) = end["outputs"]["image"]
            assert len(server.get(item["url"]).content) == item["bytes"]


def test_changes_of_the_queue_and_of_saved_workflows_are_told(server):
    with server.watch() as watcher:
        server.call("PATCH", "/api/queue", json={"paused": True})
        run_id = server.submit(CHAIN)
        other = server.submit(CHAIN)
        server.call("PUT", "/api/queue/order", json={"run_ids": [other]})
        server.call("PUT", "/api/workflows/mine", json={"workflow": CHAIN})
        watcher.until(lambda frames: frames[-1]["type"] == "workflows_changed")

    changes = [frame for frame in watcher.frames if frame["type"] == "queue_changed"]
    assert changes[0]["paused"] is True
    assert changes[-1]["queued"] == [other, run_id]
    assert watcher.frames[-1]["name"] == "mine"
    assert "renamed" not in watcher.frames[-1]


def test_a_renamed_workflow_is_told_with_the_name_that_it_had(server):
    for name in ("deleted", "old"):
        server.call("PUT", f"/api/workflows/{name}", json={"workflow": CHAIN})
    server.call("DELETE", "/api/workflows/deleted")
    with server.watch() as watcher:
        body = {"name": "deleted", "title": "Mine"}
        server.call("POST", "/api/workflows/old/rename", json=body)
        watcher.until(lambda frames: frames[-1]["type"] == "workflows_changed")

    told = watcher.frames[-1]
    assert told["name"] == "deleted"
    assert told["renamed"] == {"was": "old", "revision": 3, "offset": 1, "title": "Mine"}


def test_a_client_that_reconnects_misses_nothing(server):
    with server.watch() as watcher:
        first = server.submit(CHAIN, inputs={"start": 1})
        watcher.until_ended(first)
        seen = [frame for frame in watcher.frames if frame["type"] != "hello"]
        epoch = watcher.frames[0]["epoch"]
    missed = [server.submit(CHAIN, inputs={"start": n}) for n in range(2, 6)]
    eventually(lambda: not server.queue.active())

    with server.watch(f"?epoch={epoch}&since={seen[-1]['seq']}") as again:
        later = server.submit(CHAIN, inputs={"start": 9})
        frames = again.until_ended(later)

    assert frames[0]["type"] == "hello"
    assert frames[0]["reset"] is False
    assert frames[0]["seq"] == seen[-1]["seq"]
    numbers = [frame["seq"] for frame in [*seen, *frames[1:]]]
    assert numbers == list(range(1, len(numbers) + 1))
    ends = [frame["run_id"] for frame in frames if frame["type"] == "run_finished"]
    assert ends == [*missed, later]


@pytest.mark.parametrize(
    "query",
    [
        "?epoch=other&since=0",
        "?since=0",
        "?epoch={epoch}",
        "?epoch={epoch}&since=x",
        "?epoch={epoch}&since=99999999999999999999",
        "?epoch={epoch}&since=-1",
    ],
)
def test_who_comes_from_elsewhere_begins_anew(server, query):
    server.run(CHAIN)

    with server.watch(query.format(epoch=server.feed.epoch)) as watcher:
        assert watcher.frames[0]["reset"] is True
        assert watcher.frames[0]["seq"] == server.feed.seq


def test_who_was_away_too_long_begins_anew(make_server):
    server = make_server(feed=Feed(key_frames=5))
    for n in range(3):
        server.run(CHAIN, inputs={"start": n})

    with server.watch(f"?epoch={server.feed.epoch}&since=1") as watcher:
        assert watcher.frames[0]["reset"] is True


def test_a_slow_client_gets_every_key_event_and_slows_nobody(server):
    """It reads nothing for a while, with many megabytes of previews before it."""
    count, size = 300, 100_000
    with server.watch() as quick, SlowSocket(server) as slow:
        began = time.monotonic()
        run_id = server.submit(STEPS, inputs={"count": count, "size": size})
        quick.until_ended(run_id)
        taken = time.monotonic() - began
        frames = slow.read_until_end(run_id)

    assert taken < 10
    assert [t for t in types_of(frames, run_id) if t in KEY_TYPES] == [
        "run_queued",
        "run_started",
        "node_started",
        "node_finished",
        "run_finished",
    ]
    shown = [frame for frame in frames if frame["type"] in ("node_progress", "preview")]
    assert 0 < len(shown) < count
    assert shown[-1]["step"] == count
    assert [f["seq"] for f in frames[1:]] == sorted(f["seq"] for f in frames[1:])


def test_a_client_that_falls_out_of_what_is_kept_begins_anew(make_server):
    server = make_server(feed=Feed(key_frames=30))
    with SlowSocket(server) as slow:
        for _ in range(40):  # fills what lies on the way
            server.run(STEPS, inputs={"count": 1, "size": 400_000})
        for n in range(30):
            server.run(CHAIN, inputs={"start": n})
        last = server.submit(WAIT)
        assert ENTERED.wait(PATIENCE)
        frames = slow.read_until(lambda frame: frame["type"] == "hello" and frame["seq"] > 1)
        GATE.set()
        slow.read_until_end(last)

    assert frames[-1]["reset"] is True
    assert [run["run_id"] for run in frames[-1]["runs"]] == [last]


def test_events_are_in_order_for_each_of_many_clients(server):
    watchers = [server.watch().__enter__() for _ in range(8)]
    try:
        runs = [server.submit(CHAIN, inputs={"start": n}) for n in range(40)]
        for watcher in watchers:
            frames = watcher.until_ended(runs[-1])
            numbers = [frame["seq"] for frame in frames[1:]]
            assert numbers == list(range(1, len(numbers) + 1))
            assert [f["run_id"] for f in frames if f["type"] == "run_finished"] == runs
    finally:
        for watcher in watchers:
            watcher.__exit__()


def test_clients_get_a_close_frame_when_the_server_stops(make_server):
    server = make_server()
    with server.watch() as watcher:
        server.stop()
        assert watcher.ended()

    assert watcher.close_code == aiohttp.WSCloseCode.GOING_AWAY


def test_who_waits_is_answered_when_the_server_stops(make_server):
    import threading

    server = make_server()
    answers = []
    headers = {"Prefer": "wait=60"}
    thread = threading.Thread(
        target=lambda: answers.append(server.post("/api/runs", {"workflow": WAIT}, headers=headers))
    )
    thread.start()
    assert ENTERED.wait(PATIENCE)
    server.stop()
    thread.join(PATIENCE)

    assert answers[0].status_code == 202


def test_what_a_client_says_is_passed_over_unless_it_is_much(server):
    import asyncio

    async def talk():
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{server.url}/api/events") as ws,
        ):
            await ws.receive()
            await ws.send_str("hello")
            await ws.send_bytes(bytes(100))
            await asyncio.to_thread(server.run, CHAIN)
            assert (await ws.receive()).type == aiohttp.WSMsgType.TEXT
            await ws.send_bytes(bytes(100_000))
            while (message := await ws.receive()).type != aiohttp.WSMsgType.CLOSE:
                pass
            return message.data

    assert asyncio.run(talk()) == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


def test_a_plain_request_is_told_that_this_is_a_websocket(server):
    response = server.get("/api/events")

    assert (response.status_code, codes(response)) == (426, ["not_a_websocket"])


class SlowSocket:
    """A websocket client on a bare socket with a small window, that reads when it is told."""

    def __init__(self, server):
        self.server = server
        self.frames = []
        self.rest = b""

    def __enter__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", self.server.port))
        self.socket.sendall(
            b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % self.server.port
        )
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(4096)
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101")
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read_until_end(self, run_id):
        return self.read_until(lambda frame: is_end(frame, run_id))

    def read_until(self, wanted):
        from tests.server.test_feed import unpacked

        while True:
            whole = self._whole()
            if whole:
                data, self.rest = self.rest[:whole], self.rest[whole:]
                if data[0] & 15 < 8:
                    self.frames += unpacked(data)
                    if wanted(self.frames[-1]):
                        return list(self.frames)
            else:
                more = self.socket.recv(65536)
                assert more, "closed"
                self.rest += more

    def _whole(self):
        """Size of the first frame, if all of it is here."""
        if len(self.rest) < 10:
            size, at = (self.rest[1] & 127, 2) if len(self.rest) > 1 else (126, 2)
            return at + size if size < 126 and len(self.rest) >= at + size else 0
        size, at = self.rest[1] & 127, 2
        if size == 126:
            size, at = int.from_bytes(self.rest[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(self.rest[2:10], "big"), 10
        return at + size if len(self.rest) >= at + size else 0
