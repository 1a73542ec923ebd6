"""The application: routes, middlewares, and what begins and ends with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from .errors import errors
from .routes import (
    api,
    editor,
    files,
    health,
    memory,
    nodes,
    plugins,
    queue,
    runs,
    templates,
    workflows,
)
from .security import add_headers, guarded
from .services import SERVICES, Services
from .uploads import clear_leftovers
from .websocket import SOCKETS, close_sockets, events

OWN_ROUTES = [
    *health.ROUTES,
    *runs.ROUTES,
    *queue.ROUTES,
    *workflows.ROUTES,
    *nodes.ROUTES,
    *plugins.ROUTES,
    *files.ROUTES,
    *templates.ROUTES,
    *editor.ROUTES,
    *memory.ROUTES,
    *api.ROUTES,
    web.get("/api/events", events),
]


def make_app(parts: Services) -> web.Application:
    """An aiohttp application over an engine and an open queue."""
    app = web.Application(
        middlewares=[errors, guarded(parts.guard), editor.editor_paths],
        client_max_size=parts.limits.json_bytes,
    )
    app[SERVICES] = parts
    app[SOCKETS] = set()
    app.add_routes(OWN_ROUTES)
    app.add_routes(parts.packs.routes)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(close_sockets)
    app.on_shutdown.append(_answer_who_waits)
    app.cleanup_ctx.append(_life)
    return app


async def _life(app: web.Application) -> AsyncIterator[None]:
    parts = app[SERVICES]
    parts.feed.mailbox.open()
    await parts.call(clear_leftovers, parts.engine.workspace.inputs)
    yield
    parts.threads.close()


async def _answer_who_waits(app: web.Application) -> None:
    app[SERVICES].waiting.close()
