"""``/api/openapi.json`` and ``/api/docs``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import web

from ...problems import GraphgenError
from ..answers import answer
from ..places import content_type, media_type
from ..services import Services, services

PAGES = Path(__file__).parents[1] / "pages"


async def openapi(request: web.Request) -> web.Response:
    parts = services(request)
    return answer(await parts.call(_document, parts))


def _document(parts: Services) -> dict[str, Any]:
    from ..openapi import document

    workflows = []
    for entry in parts.saved.list():
        try:
            workflows.append((entry.name, parts.saved.read(entry.name)[0]))
        except GraphgenError:  # damaged or gone; the list of saved workflows says so
            continue
    engine = parts.engine
    return document(workflows, engine.registry, engine.saved_workflow, bool(parts.guard.token))


def _page(name: str) -> Any:
    async def page(request: web.Request) -> web.FileResponse:
        headers = {"Content-Type": content_type(media_type(name))}
        return web.FileResponse(PAGES / name, headers=headers)

    return page


ROUTES = [
    web.get("/api/openapi.json", openapi),
    web.get("/api/docs", _page("docs.html")),
    web.get("/api/docs/docs.js", _page("docs.js")),
    web.get("/api/docs/docs.css", _page("docs.css")),
]
