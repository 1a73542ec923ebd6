"""``/api/events``: the feed over a websocket.

Each client has a task that sends what is new and then waits until the network has taken
it; the feed goes on meanwhile, so no client slows a run or another client. Frames that are
ready together leave in one write, which is why they are not sent one by one by aiohttp.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from aiohttp import WSCloseCode, web

from .answers import Refused
from .frames import text_frame
from .services import services
from .views import queue_dict, run_dict

HEARTBEAT_SECONDS = 20.0
MAX_MESSAGE_BYTES = 4096
"""Clients have nothing to say; what they send is read and dropped."""
SOCKETS = web.AppKey("sockets", set[web.WebSocketResponse])


async def events(request: web.Request) -> web.StreamResponse:
    """Send every event after ``since`` of this ``epoch``, then those to come."""
    cursor = _cursor(request)
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_MESSAGE_BYTES, compress=False
    )
    if not socket.can_prepare(request):
        raise Refused(
            426, "not_a_websocket", "this address is a websocket", headers={"Upgrade": "websocket"}
        )
    await socket.prepare(request)
    sockets, queue = request.app[SOCKETS], services(request).queue
    sockets.add(socket)
    queue.previews = True
    sender = asyncio.create_task(_send(request, cursor))
    sender.add_done_callback(lambda _: asyncio.ensure_future(socket.close()))
    try:
        async for _ in socket:
            pass
    finally:
        sockets.discard(socket)
        queue.previews = bool(sockets)  # making them costs time that nobody then sees
        sender.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await sender
    return socket


async def close_sockets(app: web.Application) -> None:
    """Tell every client that the server goes away."""
    sockets = app[SOCKETS]
    closing = [
        socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server stops") for socket in sockets
    ]
    await asyncio.gather(*closing, return_exceptions=True)


def _cursor(request: web.Request) -> int | None:
    """The last event that the client has seen; None if it has to begin anew."""
    feed = services(request).feed
    since = request.query.get("since", "")
    if request.query.get("epoch") != feed.epoch or not (since.isascii() and since.isdigit()):
        return None
    return int(since[:18])


async def _send(request: web.Request, since: int | None) -> None:
    feed, transport = services(request).feed, request.transport
    assert transport is not None
    reset = since is None or not feed.reaches(since)
    cursor = feed.seq if since is None or reset else since
    data = text_frame(await _hello(request, cursor, reset))
    with feed.watch() as news:
        while not transport.is_closing():
            transport.write(data)
            await request.writer.drain()
            while (chunk := feed.after(cursor)) is None:
                news.clear()
                await news.wait()
            if feed.reaches(cursor):
                data, cursor = chunk.data, chunk.cursor
            else:  # it fell behind by more than the feed keeps: begin anew
                cursor = feed.seq
                data = text_frame(await _hello(request, cursor, reset=True))


async def _hello(request: web.Request, seq: int, reset: bool) -> dict[str, Any]:
    """The first frame. The state is read after the number, so that it is never older; an
    event that is in both does no harm."""
    parts = services(request)
    runs = await parts.call(parts.queue.active)
    return {
        "type": "hello",
        "epoch": parts.feed.epoch,
        "seq": seq,
        "reset": reset,
        "runs": [run_dict(run) for run in runs] if reset else [],
        "queue": queue_dict(parts.queue, runs),
    }
