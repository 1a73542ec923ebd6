"""``/api/workflows``: saved workflows, their history, and each as an endpoint."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from aiohttp import web

from ...needs import with_packs
from ...runs import Submission
from ...runs.problems import MAX_PRIORITY
from ...saved import check_name
from ...signature import input_schema, output_schema
from ...workflow import Workflow
from ..answers import Refused, answer
from ..bodies import RenameBody, SaveBody
from ..body import read_body, read_json
from ..frames import WorkflowsChanged
from ..query import one_of, whole_number
from ..repeats import submit_once
from ..services import services
from ..views import saved_dict
from ..waiting import preferred_wait
from .runs import answered


async def listed(request: web.Request) -> web.Response:
    """What is saved, or with ``deleted=1`` what was deleted and can be restored."""
    parts = services(request)
    deleted = one_of(request, "deleted", ("0", "1")) == "1"
    found = await parts.call(parts.saved.deleted if deleted else parts.saved.list)
    return answer({"workflows": [saved_dict(entry) for entry in found]})


async def show(request: web.Request) -> web.Response:
    parts = services(request)
    name = request.match_info["name"]
    workflow, revision = await parts.call(parts.saved.read, name)
    entry = {"name": name, "revision": revision, "workflow": workflow.to_dict()}
    return answer(entry, headers={"ETag": f'"{revision}"'})


async def save(request: web.Request) -> web.Response:
    """Save a workflow; what was there stays in its history."""
    parts = services(request)
    name = request.match_info["name"]
    body = await read_body(request, SaveBody)
    expected = body.revision if body.revision is not None else _expected(request)

    def write() -> int:
        workflow = Workflow.parse(body.workflow, "workflow")
        return parts.saved.write(name, with_packs(workflow, parts.engine.registry), expected)

    revision = await parts.call(write)
    _tell(request, name)
    entry = {"name": name, "revision": revision}
    return answer(entry, headers={"ETag": f'"{revision}"'})


async def delete(request: web.Request) -> web.Response:
    parts = services(request)
    name = request.match_info["name"]
    await parts.call(parts.saved.delete, name, _expected(request))
    _tell(request, name)
    return web.Response(status=204)


async def restore(request: web.Request) -> web.Response:
    """Bring a deleted workflow back as it was last saved."""
    parts = services(request)
    name = request.match_info["name"]
    revision = await parts.call(parts.saved.restore, name)
    _tell(request, name)
    return answer({"name": name, "revision": revision}, headers={"ETag": f'"{revision}"'})


async def purge(request: web.Request) -> web.Response:
    """Remove the history of a deleted workflow for good."""
    parts = services(request)
    name = request.match_info["name"]
    await parts.call(parts.saved.purge, name)
    _tell(request, name)
    return web.Response(status=204)


async def rename(request: web.Request) -> web.Response:
    parts = services(request)
    name = request.match_info["name"]
    body = await read_body(request, RenameBody)
    new = check_name(body.name)
    renamed = (await parts.call(parts.saved.rename, name, new, body.title))._asdict()
    parts.feed.publish(WorkflowsChanged(new, time.time(), {"was": name, **renamed}))
    return answer({"name": new, **renamed})


async def history(request: web.Request) -> web.Response:
    parts = services(request)
    found = await parts.call(parts.saved.history, request.match_info["name"])
    return answer({"revisions": [asdict(entry) for entry in found]})


async def revision(request: web.Request) -> web.Response:
    parts = services(request)
    name = request.match_info["name"]
    number = int(request.match_info["revision"][:9])
    workflow = await parts.call(parts.saved.read_revision, name, number)
    return answer({"name": name, "revision": number, "workflow": workflow.to_dict()})


async def schema(request: web.Request) -> web.Response:
    """JSON Schemas of the named inputs and outputs."""
    parts = services(request)

    def schemas() -> dict[str, Any]:
        workflow, _ = parts.saved.read(request.match_info["name"])
        known = parts.engine.registry, parts.engine.saved_workflow
        return {
            "inputs": input_schema(workflow, *known),
            "outputs": output_schema(workflow, *known),
        }

    return answer(await parts.call(schemas))


async def run(request: web.Request) -> web.Response:
    """Run a saved workflow: the body is its named inputs, and nothing else."""
    parts = services(request)
    name = request.match_info["name"]
    priority = whole_number(request, "priority", 0, -MAX_PRIORITY, MAX_PRIORITY)
    wait = preferred_wait(request)
    inputs = await read_json(request, required=False)
    if inputs is None:
        inputs = {}
    if not isinstance(inputs, dict):
        raise Refused(422, "bad_request", "the body is an object of the workflow's named inputs")

    def prepare() -> Submission:
        workflow, _ = parts.saved.read(name)
        return Submission(workflow, inputs, None, priority, name)

    return await answered(request, await submit_once(request, prepare), wait)


def _expected(request: web.Request) -> int | None:
    """The revision of ``If-Match``, 0 for ``If-None-Match: *``, or None."""
    if request.headers.get("If-None-Match", "").strip() == "*":
        return 0
    text = request.headers.get("If-Match", "").strip()
    if not text:
        return None
    digits = text.removeprefix("W/").strip('"')
    if digits.isascii() and digits.isdigit():
        return int(digits[:9])
    raise Refused(400, "bad_request", f"If-Match: {text[:40]} names no revision")


def _tell(request: web.Request, name: str) -> None:
    services(request).feed.publish(WorkflowsChanged(name, time.time()))


ROUTES = [
    web.get("/api/workflows", listed),
    web.get("/api/workflows/{name}", show),
    web.put("/api/workflows/{name}", save),
    web.delete("/api/workflows/{name}", delete),
    web.post("/api/workflows/{name}/restore", restore),
    web.post("/api/workflows/{name}/rename", rename),
    web.get("/api/workflows/{name}/history", history),
    web.delete("/api/workflows/{name}/history", purge),
    web.get(r"/api/workflows/{name}/history/{revision:\d+}", revision),
    web.get("/api/workflows/{name}/schema", schema),
    web.post("/api/workflows/{name}/run", run),
]
