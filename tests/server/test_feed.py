"""The feed by itself: numbers, what is kept, and watchers that fall behind."""

from __future__ import annotations

import asyncio
import json
import struct
import threading

from graphgen.engine.events import NodeProgress, NodeStarted
from graphgen.runs import QueueChanged, RunEnded, RunQueued, RunRecord
from graphgen.server.feed import BEHIND, CHUNK_BYTES, Feed


def key(number):
    return NodeStarted("run", float(number), f"n{number}", "test/node")


def loose(number, node="n", preview=None):
    return NodeProgress("run", float(number), node, "test/node", number, 1000, preview)


def taken(feed, *events):
    """Number some events, as the event loop would."""

    async def take():
        feed.mailbox.open()
        for event in events:
            feed.publish(event)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(take())
    return feed


def unpacked(data):
    """The payloads of websocket frames, previews as their header."""
    found = []
    while data:
        kind, size = data[0] & 15, data[1]
        at = 2
        if size == 126:
            (size,), at = struct.unpack_from("!H", data, 2), 4
        elif size == 127:
            (size,), at = struct.unpack_from("!Q", data, 2), 10
        payload, data = data[at : at + size], data[at + size :]
        if kind == 2:
            (head,) = struct.unpack_from("!I", payload)
            payload = payload[4 : 4 + head]
        found.append(json.loads(payload))
    return found


def read_all(feed, cursor):
    found = []
    while (chunk := feed.after(cursor)) is not None:
        found += unpacked(chunk.data)
        assert chunk.cursor > cursor
        cursor = chunk.cursor
    return found


def test_events_are_numbered_and_kept():
    feed = taken(Feed(), *(key(n) for n in range(5)))

    assert feed.seq == 5
    assert [event["seq"] for event in read_all(feed, 0)] == [1, 2, 3, 4, 5]
    assert [event["node"] for event in read_all(feed, 3)] == ["n3", "n4"]
    assert feed.after(5) is None


def queued(run_id):
    return RunQueued(run_id, 0.0, "", 0, 0)


def ended(run_id):
    return RunEnded(run_id, 4.0, "succeeded", RunRecord(run_id, "", "", "succeeded", 0, 0.0, ""))


def woken_by(feed, *groups):
    """For each group of events whether the loop is woken by it, or has to look; the first event
    of all has woken it."""
    woken = []

    async def publish():
        feed.mailbox.open()
        post = feed.mailbox.post
        feed.mailbox.post = lambda call: woken.append(True) or post(call)
        feed.publish(key(0))
        while not feed.seq:
            await asyncio.sleep(0)
        found = []
        for group in groups:
            woken.clear()
            for event in group:
                feed.publish(event)
            found.append(bool(woken))
            feed.catch_up()
            await asyncio.sleep(0)
        return found

    return asyncio.run(publish())


def test_the_end_of_the_last_run_wakes_the_loop(monkeypatch):
    monkeypatch.setattr("graphgen.server.feed.LOOK_SECONDS", 60)
    steps = {
        "come": ([queued("a"), queued("b"), queued("c")], False),
        "one of three ends": ([ended("b")], False),
        "two of three end": ([ended("a")], False),
        "another comes": ([queued("d"), key(1)], False),
        "all but one have ended": ([ended("c")], False),
        "the last ends": ([ended("d")], True),
        "one comes and ends": ([queued("e"), ended("e")], True),
        "nobody said that it came": ([ended("f")], True),
        "opened with two": ([QueueChanged(0.0, False, ["g"], ["h"])], False),
        "one of two ends": ([ended("g")], False),
        "both have ended": ([ended("h")], True),
    }

    found = woken_by(Feed(), *(events for events, _ in steps.values()))

    assert dict(zip(steps, found, strict=True)) == {
        name: wakes for name, (_, wakes) in steps.items()
    }


def test_the_first_event_and_ends_of_runs_wake_the_loop_others_are_found(monkeypatch):
    monkeypatch.setattr("graphgen.server.feed.LOOK_SECONDS", 0.5)
    feed, woken = Feed(), []

    async def until(number):
        while feed.seq < number:
            await asyncio.sleep(0)

    async def publish():
        feed.mailbox.open()
        post = feed.mailbox.post
        feed.mailbox.post = lambda call: woken.append(feed.seq) or post(call)
        feed.publish(key(1))
        await until(1)
        feed.publish(key(2))
        feed.publish(key(3))
        await asyncio.wait_for(until(3), 10)
        assert woken == [0]
        feed.publish(ended("run"))
        await until(4)
        feed.publish(key(5))
        feed.catch_up()
        assert feed.seq == 5
        assert woken == [0, 3]

    asyncio.run(publish())


def test_epochs_differ():
    assert Feed().epoch != Feed().epoch


def test_what_is_no_longer_kept_is_known():
    feed = taken(Feed(key_frames=3), *(key(n) for n in range(5)))

    assert feed.reaches(2)
    assert not feed.reaches(1)
    assert not feed.reaches(6)


def test_loose_events_do_not_push_key_events_out():
    feed = taken(Feed(key_frames=3, loose_frames=2), key(0), *(loose(n) for n in range(50)), key(1))

    assert feed.reaches(0)
    events = read_all(feed, 0)
    assert [event["type"] for event in events] == [
        "node_started",
        "node_progress",
        "node_progress",
        "node_started",
    ]


def test_who_has_fallen_behind_gets_the_latest_of_each_node():
    steps = [loose(n, node, b"png") for n in range(BEHIND) for node in ("a", "b")]
    feed = taken(Feed(), key(0), *steps, key(1))

    events = read_all(feed, 0)

    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert [e["type"] for e in events] == [
        "node_started",
        "node_progress",
        "preview",
        "node_progress",
        "preview",
        "node_started",
    ]
    assert {(e["node"], e["step"]) for e in events[1:5]} == {("a", BEHIND - 1), ("b", BEHIND - 1)}


def test_who_keeps_up_gets_every_step():
    feed = taken(Feed(), *(loose(n) for n in range(BEHIND)))

    assert [event["step"] for event in read_all(feed, 0)] == list(range(BEHIND))


def test_a_chunk_is_of_bounded_size_and_the_next_goes_on():
    previews = [loose(n, f"n{n}", bytes(CHUNK_BYTES // 4)) for n in range(12)]
    feed = taken(Feed(), *previews)

    first = feed.after(0)

    assert len(first.data) <= CHUNK_BYTES
    shown = [e["node"] for e in read_all(feed, 0) if e["type"] == "preview"]
    assert shown == [f"n{n}" for n in range(12)]


def test_a_frame_larger_than_a_chunk_is_sent_by_itself():
    feed = taken(Feed(), loose(1, "big", bytes(3 * CHUNK_BYTES)))

    assert [event["type"] for event in read_all(feed, 0)] == ["node_progress", "preview"]


def test_many_threads_lose_no_event_and_keep_their_order():
    feed = Feed()

    async def publish():
        feed.mailbox.open()
        news = asyncio.Event()
        with feed.watch(news.set):
            threads = [
                threading.Thread(
                    target=lambda at=at: [
                        feed.publish(NodeStarted(f"r{at}", 0.0, str(n), "t")) for n in range(500)
                    ]
                )
                for at in range(8)
            ]
            for thread in threads:
                thread.start()
            while feed.seq < 4000:
                await asyncio.wait_for(news.wait(), 10)
                news.clear()

    asyncio.run(publish())

    events = read_all(feed, 0)
    assert [event["seq"] for event in events] == list(range(1, 4001))
    for at in range(8):
        nodes = [int(event["node"]) for event in events if event["run_id"] == f"r{at}"]
        assert nodes == list(range(500))


def test_events_of_before_the_loop_are_not_lost():
    feed = Feed()
    feed.publish(key(0))

    assert [event["node"] for event in read_all(taken(feed), 0)] == ["n0"]


def test_an_observer_that_fails_takes_nothing_down():
    feed, seen = Feed(), []

    def broken(event):
        raise RuntimeError("no")

    feed.observe(broken)
    feed.observe(seen.append)
    taken(feed, key(0), key(1))

    assert len(seen) == 2
    assert len(read_all(feed, 0)) == 2
