"""``/healthz`` and ``/metrics``."""

from __future__ import annotations

from aiohttp import web

from ... import __version__
from ..answers import answer
from ..services import services


async def health(request: web.Request) -> web.Response:
    """That the server answers."""
    return answer({"status": "ok", "version": __version__})


async def metrics(request: web.Request) -> web.Response:
    """Figures for Prometheus."""
    parts = services(request)
    data, kind = await parts.call(parts.metrics.page)
    return web.Response(body=data, headers={"Content-Type": kind})


ROUTES = [web.get("/healthz", health), web.get("/metrics", metrics)]
