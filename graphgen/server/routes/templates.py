"""``/api/templates``: workflows to start from."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aiohttp import web

from ... import templates
from ...workflow import Workflow
from ..answers import Refused, answer
from ..files import file_answer
from ..services import Services, services


async def listed(request: web.Request) -> web.Response:
    return answer({"templates": await services(request).call(_list)})


def _list() -> list[dict[str, Any]]:
    found = ((name, templates.template(name)) for name in templates.names())
    return [_entry(name, workflow) for name, workflow in found if workflow is not None]


async def show(request: web.Request) -> web.Response:
    """A template that runs here: the files that it reads are put into the inputs."""
    parts = services(request)
    return answer(await parts.call(_show, parts, request.match_info["name"]))


def _show(parts: Services, name: str) -> dict[str, Any]:
    workflow = templates.template(name)
    if workflow is None:
        raise _unknown(name)
    engine = parts.engine
    ready = templates.ready(workflow, engine.workspace, engine.registry, engine.saved_workflow)
    return {**_entry(name, workflow), "workflow": ready.to_dict()}


async def picture(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    path = await services(request).call(templates.picture, name)
    if path is None:
        raise _unknown(name)
    return await file_answer(request, path)


def _entry(name: str, workflow: Workflow) -> dict[str, Any]:
    entry = {"name": name, "title": workflow.name or name, "description": workflow.description}
    if templates.picture(name) is not None:
        entry["picture_url"] = f"/api/templates/{quote(name)}/picture"
    return entry


def _unknown(name: str) -> Refused:
    known = ", ".join(templates.names())
    return Refused(404, "unknown_template", f"there is no template {name[:80]!r}", hint=known)


ROUTES = [
    web.get("/api/templates", listed),
    web.get("/api/templates/{name}", show),
    web.get("/api/templates/{name}/picture", picture),
]
