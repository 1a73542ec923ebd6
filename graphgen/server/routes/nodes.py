"""``/api/nodes``, ``/api/types``, ``/api/models`` and ``/api/validate``."""

from __future__ import annotations

from aiohttp import web

from ...engine import Engine
from ...models.library import model_bytes
from ...problems import InvalidWorkflow, Problem
from ...signature import input_schema, output_schema
from ...workflow import Workflow
from ..answers import answer
from ..bodies import ValidateBody
from ..body import read_body
from ..catalogue import types_list
from ..services import services


async def nodes(request: web.Request) -> web.Response:
    """The catalogue, with an ETag, since it stays as it is while the server runs."""
    parts = services(request)
    page = await parts.call(parts.catalogue.page)
    headers = {"ETag": page.etag, "Vary": "Accept-Encoding"}
    if page.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    body = page.data
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = page.zipped
    return web.Response(body=body, headers=headers, content_type="application/json")


async def types(request: web.Request) -> web.Response:
    return answer({"types": types_list(services(request).engine.registry.types)})


async def models(request: web.Request) -> web.Response:
    parts = services(request)
    return answer({"models": await parts.call(_models, parts.engine)})


def _models(engine: Engine) -> list[dict[str, object]]:
    library = engine.environment.models
    return [
        {
            "name": name,
            "kind": "folder" if path.is_dir() else "file",
            "bytes": model_bytes(path),
            "source": "pack" if library.packaged.get(name) == path else "folder",
        }
        for name, path in sorted(library.entries().items())
    ]


async def validate(request: web.Request) -> web.Response:
    """Everything that is wrong with a workflow, and its signature; wrong or not, it is
    answered with 200."""
    parts = services(request)
    body = await read_body(request, ValidateBody)
    return answer(await parts.call(_validate, parts.engine, body))


def _validate(engine: Engine, body: ValidateBody) -> dict[str, object]:
    problems: list[Problem] = []
    schemas = {}
    try:
        workflow = Workflow.parse(body.workflow)
        known = engine.registry, engine.saved_workflow
        schemas = {
            "inputs": input_schema(workflow, *known),
            "outputs": output_schema(workflow, *known),
        }
        problems = engine.planner.check(workflow.with_inputs(body.inputs), body.targets)
    except InvalidWorkflow as error:
        problems = error.problems
    return {
        "problems": [problem.to_dict() for problem in problems],
        "inputs": schemas.get("inputs"),
        "outputs": schemas.get("outputs"),
    }


ROUTES = [
    web.get("/api/nodes", nodes),
    web.get("/api/types", types),
    web.get("/api/models", models),
    web.post("/api/validate", validate),
]
