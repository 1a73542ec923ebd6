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
    sender = asyncio.create_task(_Sender(request, cursor).run())
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


class _Sender:
    """Sends one client what it has not seen. Its task waits for the network; as long as
    that keeps up, news go out right when they come, without a turn of the task."""

    def __init__(self, request: web.Request, since: int | None) -> None:
        assert request.transport is not None
        self._request = request
        self._feed = services(request).feed
        self._feed.catch_up()  # what was before is no news
        self._transport = request.transport
        self._most = self._transport.get_write_buffer_limits()[1]  # beyond it ``drain`` waits
        self._reset = since is None or not self._feed.reaches(since)
        self._cursor = self._feed.seq if since is None or self._reset else since
        self._news = asyncio.Event()
        self._waits = False

    async def run(self) -> None:
        with self._feed.watch(self._tell):
            await self._greet(self._reset)
            while not self._transport.is_closing():
                await self._request.writer.drain()
                if not self._feed.reaches(self._cursor):  # it fell too far behind: begin anew
                    self._cursor = self._feed.seq
                    await self._greet(reset=True)
                elif self._send():
                    self._waits = True
                    await self._news.wait()
                    self._waits = False
                    self._news.clear()

    async def _greet(self, reset: bool) -> None:
        self._transport.write(text_frame(await _hello(self._request, self._cursor, reset)))

    def _tell(self) -> None:
        ready = self._waits and self._feed.reaches(self._cursor)
        if not (ready and self._send()):
            self._news.set()

    def _send(self) -> bool:
        """Hand news to the network as long as it takes them; whether it took all."""
        while self._transport.get_write_buffer_size() <= self._most:
            chunk = self._feed.after(self._cursor)
            if chunk is None:
                return True
            self._transport.write(chunk.data)
            self._cursor = chunk.cursor
        return False


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
