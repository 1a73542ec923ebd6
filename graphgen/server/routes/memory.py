"""``/api/memory``: what is kept where, and giving it back."""

from __future__ import annotations

from aiohttp import web

from ...engine import Engine
from ...engine.failure import release_memory
from ..answers import answer
from ..services import services
from ..views import memory_dict


async def show(request: web.Request) -> web.Response:
    parts = services(request)
    return answer(memory_dict(await parts.call(parts.engine.memory_use)))


async def free(request: web.Request) -> web.Response:
    """Drop what is in memory and not in use; what is on disk stays."""
    parts = services(request)
    return answer({"freed": await parts.call(_free, parts.engine)})


def _free(engine: Engine) -> int:
    freed = engine.free_memory()
    release_memory()
    return freed


ROUTES = [web.get("/api/memory", show), web.post("/api/memory/free", free)]
