"""``/api/plugins``: the packs, and loading them again."""

from __future__ import annotations

import threading
import time
from typing import Any

from aiohttp import web

from ..answers import answer
from ..frames import CatalogueChanged
from ..services import Services, services

_reloading = threading.Lock()


async def listed(request: web.Request) -> web.Response:
    return answer({"plugins": services(request).catalogue.packs()})


async def reload(request: web.Request) -> web.Response:
    """Look for packs again. What runs, and what waits at a node, goes on undisturbed."""
    parts = services(request)
    return answer({"plugins": await parts.call(_reload, parts)})


def _reload(parts: Services) -> list[dict[str, Any]]:
    with _reloading:
        parts.packs.refresh(parts.engine.reload_plugins())
        parts.catalogue.refresh()
        listed = parts.catalogue.packs()
    parts.feed.publish(CatalogueChanged(time.time()))
    return listed


ROUTES = [
    web.get("/api/plugins", listed),
    web.post("/api/plugins/reload", reload),
]
