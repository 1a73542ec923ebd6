"""``/api/queue``: pause, resume and order."""

from __future__ import annotations

from aiohttp import web

from ..answers import answer
from ..bodies import OrderBody, QueueBody
from ..body import read_body
from ..services import services
from ..views import queue_dict


async def show(request: web.Request) -> web.Response:
    parts = services(request)
    return answer(queue_dict(parts.queue, await parts.call(parts.queue.active)))


async def change(request: web.Request) -> web.Response:
    parts = services(request)
    body = await read_body(request, QueueBody)
    await parts.call(parts.queue.pause if body.paused else parts.queue.resume)
    return await show(request)


async def order(request: web.Request) -> web.Response:
    parts = services(request)
    body = await read_body(request, OrderBody)
    await parts.call(parts.queue.reorder, body.run_ids)
    return await show(request)


ROUTES = [
    web.get("/api/queue", show),
    web.patch("/api/queue", change),
    web.put("/api/queue/order", order),
]
