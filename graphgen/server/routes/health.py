"""``/healthz`` and ``/metrics``."""

from __future__ import annotations

from aiohttp import web

from ... import __version__
from ..answers import answer
from ..services import services


async def health(request: web.Request) -> web.Response:
    """That the server answers, and that runs are carried out; else 503, and why not."""
    stuck = services(request).queue.problem
    problems = [stuck.to_dict()] if stuck else []
    state = {"status": "failing" if stuck else "ok", "version": __version__}
    return answer({**state, "problems": problems}, 503 if stuck else 200)


async def metrics(request: web.Request) -> web.Response:
    """Figures for Prometheus."""
    parts = services(request)
    data, kind = await parts.call(parts.metrics.page)
    return web.Response(body=data, headers={"Content-Type": kind})


ROUTES = [web.get("/healthz", health), web.get("/metrics", metrics)]
