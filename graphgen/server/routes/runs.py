"""``/api/runs``: submit, look, cancel, and fetch what was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web

from ...runs import Submission
from ..answers import Refused, answer
from ..bodies import PriorityBody, RunBody
from ..body import read_body
from ..files import file_answer
from ..places import inside_file
from ..query import one_of, whole_number
from ..repeats import submit_document
from ..services import services
from ..views import outputs_dict, run_dict
from ..waiting import preferred_wait

if TYPE_CHECKING:
    from ...runs import Accepted, RunRecord

STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
MOST_LISTED = 500


async def submit(request: web.Request) -> web.Response:
    """Accept a run of a workflow that the client sends."""
    body = await read_body(request, RunBody)
    wait = preferred_wait(request)
    submission = Submission(body.workflow, body.inputs, body.targets, body.priority, body.name)
    return await answered(request, await submit_document(request, submission), wait)


async def answered(request: web.Request, accepted: Accepted, wait: float | None) -> web.Response:
    """The answer to a submission: the whole run if it ends while the client waits."""
    record = accepted.record
    headers = {"Location": f"/api/runs/{quote(record.run_id)}"}
    if wait is not None:
        headers["Preference-Applied"] = f"wait={wait:.0f}"
        waiting = services(request).waiting
        ended = record if record.ended else await waiting.end_of(record.run_id, wait)
        if ended is not None:
            return answer(run_dict(ended), 200, headers)
    return answer(
        {"run_id": record.run_id, "status": record.status, "position": accepted.position},
        202,
        headers,
    )


async def listed(request: web.Request) -> web.Response:
    """A page of the history, last accepted first."""
    parts = services(request)
    limit = whole_number(request, "limit", 50, 1, MOST_LISTED)
    records = await parts.call(
        parts.queue.history,
        limit + 1,
        request.query.get("before") or None,
        one_of(request, "status", STATUSES),
        request.query.get("workflow") or None,
    )
    more = len(records) > limit
    records = records[:limit]
    return answer(
        {"runs": [run_dict(r) for r in records], "next": records[-1].run_id if more else None}
    )


async def show(request: web.Request) -> web.Response:
    return answer(run_dict(await _record(request)))


async def workflow(request: web.Request) -> web.Response:
    """The document of a run, with its inputs in it."""
    parts = services(request)
    document = await parts.call(parts.queue.workflow_of, request.match_info["run_id"])
    return answer(document.to_dict())


async def change(request: web.Request) -> web.Response:
    """Give a run that waits another priority."""
    parts = services(request)
    body = await read_body(request, PriorityBody)
    run_id = request.match_info["run_id"]
    return answer(run_dict(await parts.call(parts.queue.set_priority, run_id, body.priority)))


async def cancel(request: web.Request) -> web.Response:
    parts = services(request)
    return answer(run_dict(await parts.call(parts.queue.cancel, request.match_info["run_id"])))


async def output(request: web.Request) -> web.StreamResponse:
    """An output: its only item, or a list of the plain values or of where the files are."""
    record = await _record(request)
    name = request.match_info["name"]
    items = _items(record, name)
    if len(items) == 1 and not items[0].get("list"):
        return await _item(request, items[0])
    if all("value" in item for item in items):
        return answer([item["value"] for item in items])
    return answer(outputs_dict(record)[name])


async def output_item(request: web.Request) -> web.StreamResponse:
    items = _items(await _record(request), request.match_info["name"])
    at = int(request.match_info["index"][:9])
    if at >= len(items):
        raise Refused(404, "unknown_output", f"the output has {len(items)} items, from 0")
    return await _item(request, items[at])


def _items(record: RunRecord, name: str) -> list[dict[str, Any]]:
    if name not in record.outputs:
        known = ", ".join(record.outputs) or "none"
        hint = f"it has {known}" if record.ended else "it has not ended yet"
        raise Refused(404, "unknown_output", f"the run has no output {name[:80]!r}", hint=hint)
    return record.outputs[name]


async def _item(request: web.Request, item: Mapping[str, Any]) -> web.StreamResponse:
    if "file" not in item:
        return answer(item["value"])
    parts = services(request)
    path = await parts.call(inside_file, parts.engine.workspace.outputs, item["file"])
    return await file_answer(request, path, item["media_type"], fixed=True)


async def _record(request: web.Request) -> RunRecord:
    parts = services(request)
    return await parts.call(parts.queue.get, request.match_info["run_id"])


ROUTES = [
    web.post("/api/runs", submit),
    web.get("/api/runs", listed),
    web.get("/api/runs/{run_id}", show),
    web.patch("/api/runs/{run_id}", change),
    web.delete("/api/runs/{run_id}", cancel),
    web.get("/api/runs/{run_id}/workflow", workflow),
    web.get("/api/runs/{run_id}/outputs/{name}", output),
    web.get(r"/api/runs/{run_id}/outputs/{name}/{index:\d+}", output_item),
]
