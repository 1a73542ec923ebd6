"""The operations that every server has."""

from __future__ import annotations

from typing import Any

from ...runs.problems import MAX_PRIORITY
from ..pictures import MAX_EDGE, MIN_EDGE
from ..waiting import MAX_WAIT
from .schemas import OBJECT, STATUS, TEXT, WHOLE, Schema, many, maybe, record, ref

Operation = dict[str, Any]
JSON = "application/json"
PROBLEMS = {"description": "Refused.", "content": {JSON: {"schema": ref("Problems")}}}
BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}


def content(schema: Schema) -> dict[str, Any]:
    return {JSON: {"schema": schema}}


def operation(
    id: str,
    tag: str,
    summary: str,
    answer: Schema | None = None,
    *,
    status: str = "200",
    body: dict[str, Any] | None = None,
    body_required: bool = True,
    parameters: tuple[Schema, ...] = (),
    others: dict[str, Any] | None = None,
    media: dict[str, Any] | None = None,
) -> Operation:
    """One operation; whatever else it answers is a list of problems."""
    success: dict[str, Any] = {"description": summary}
    if media is not None or answer is not None:
        success["content"] = media or content(answer or {})
    made: Operation = {
        "operationId": id,
        "tags": [tag],
        "summary": summary,
        "parameters": list(parameters),
        "responses": {status: success, **(others or {}), "default": PROBLEMS},
    }
    if body is not None:
        made["requestBody"] = {"required": body_required, "content": body}
    return made


def _in_path(name: str, schema: Schema = TEXT) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str, schema: Schema, about: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": about}


def _in_header(name: str, schema: Schema, about: str) -> Schema:
    return {"name": name, "in": "header", "schema": schema, "description": about}


RUN_ID, NAME = _in_path("run_id"), _in_path("name")
WAIT = _in_header(
    "Prefer",
    {"type": "string", "pattern": r"^wait=\d{1,4}$"},
    f"wait=SECONDS, at most {MAX_WAIT}: answer with the run when it has ended.",
)
KEY = _in_header(
    "Idempotency-Key",
    {"type": "string", "pattern": r"^[!-~]{1,255}$"},
    "Of this submission alone, such as a random UUID. For a day, the same request with the same "
    "key is answered with the run that it made, and makes no other.",
)
PRIORITY = _in_query(
    "priority",
    {"type": "integer", "minimum": -MAX_PRIORITY, "maximum": MAX_PRIORITY},
    "Higher goes first.",
)
IF_MATCH = _in_header(
    "If-Match", {"type": "string", "pattern": r'^"\d{1,9}"$'}, "The revision it is based on."
)
THUMBNAIL = _in_query(
    "thumbnail",
    {"type": "integer", "minimum": MIN_EDGE, "maximum": MAX_EDGE},
    "A WebP with no longer edge than this.",
)
DOWNLOAD = _in_query("download", {"enum": ["0", "1"]}, "1: something to save.")
ACCEPTED = {
    "202": {
        "description": "It waits. Location has the run's address.",
        "content": content(ref("Accepted")),
    }
}

PATHS: dict[str, dict[str, Operation]] = {
    "/api/runs": {
        "post": operation(
            "submit_run",
            "runs",
            "Run a workflow",
            ref("Run"),
            body=content(ref("RunBody")),
            parameters=(WAIT, KEY),
            others=ACCEPTED,
        ),
        "get": operation(
            "list_runs",
            "runs",
            "The history, last accepted first",
            record({"runs": many(ref("Run")), "next": maybe(TEXT)}),
            parameters=(
                _in_query("status", STATUS, "Only runs of this status."),
                _in_query("workflow", TEXT, "Only runs of this workflow, by name."),
                _in_query(
                    "limit", {"type": "integer", "minimum": 1, "maximum": 500}, "At most so many."
                ),
                _in_query("before", TEXT, "The id that the page before gave as next."),
            ),
        ),
    },
    "/api/runs/{run_id}": {
        "get": operation("show_run", "runs", "A run", ref("Run"), parameters=(RUN_ID,)),
        "patch": operation(
            "change_run",
            "runs",
            "Give a run that waits another priority",
            ref("Run"),
            body=content(ref("PriorityBody")),
            parameters=(RUN_ID,),
        ),
        "delete": operation("cancel_run", "runs", "Cancel a run", ref("Run"), parameters=(RUN_ID,)),
    },
    "/api/runs/{run_id}/workflow": {
        "get": operation(
            "show_run_workflow",
            "runs",
            "The document of a run, with its inputs in it",
            ref("Workflow"),
            parameters=(RUN_ID,),
        )
    },
    "/api/runs/{run_id}/outputs/{name}": {
        "get": operation(
            "show_output",
            "runs",
            "An output: its only item, or a list",
            media=BYTES,
            parameters=(RUN_ID, NAME, THUMBNAIL, DOWNLOAD),
        )
    },
    "/api/runs/{run_id}/outputs/{name}/{index}": {
        "get": operation(
            "show_output_item",
            "runs",
            "One item of an output",
            media=BYTES,
            parameters=(
                RUN_ID,
                NAME,
                _in_path("index", {"type": "integer", "minimum": 0}),
                THUMBNAIL,
                DOWNLOAD,
            ),
        )
    },
    "/api/queue": {
        "get": operation("show_queue", "queue", "The queue", ref("Queue")),
        "patch": operation(
            "change_queue",
            "queue",
            "Pause or resume the queue",
            ref("Queue"),
            body=content(ref("QueueBody")),
        ),
    },
    "/api/queue/order": {
        "put": operation(
            "order_queue",
            "queue",
            "Put runs first, within their priority",
            ref("Queue"),
            body=content(ref("OrderBody")),
        )
    },
    "/api/validate": {
        "post": operation(
            "validate",
            "workflows",
            "What is wrong with a workflow, and its signature",
            record(
                {
                    "problems": many(ref("Problem")),
                    "inputs": maybe(OBJECT),
                    "outputs": maybe(OBJECT),
                }
            ),
            body=content(ref("ValidateBody")),
        )
    },
    "/api/import": {
        "post": operation(
            "import_workflow",
            "workflows",
            "The workflow that a PNG carries, or that a JSON text is",
            record({"workflow": ref("Workflow")}),
            body={
                "image/png": {"schema": {"type": "string", "format": "binary"}},
                JSON: {"schema": ref("Workflow")},
            },
        )
    },
    "/api/workflows": {
        "get": operation(
            "list_workflows",
            "workflows",
            "Saved workflows",
            record({"workflows": many(ref("SavedEntry"))}),
            parameters=(
                _in_query("deleted", {"enum": ["0", "1"]}, "1: those that can be restored."),
            ),
        )
    },
    "/api/workflows/{name}": {
        "get": operation(
            "show_workflow", "workflows", "A saved workflow", ref("Saved"), parameters=(NAME,)
        ),
        "put": operation(
            "save_workflow",
            "workflows",
            "Save a workflow",
            ref("Saved"),
            body=content(ref("SaveBody")),
            parameters=(NAME, IF_MATCH),
        ),
        "delete": operation(
            "delete_workflow",
            "workflows",
            "Delete a saved workflow; its history stays",
            status="204",
            parameters=(NAME, IF_MATCH),
        ),
    },
    "/api/workflows/{name}/restore": {
        "post": operation(
            "restore_workflow",
            "workflows",
            "Bring a deleted workflow back as it was last saved",
            ref("Saved"),
            parameters=(NAME,),
        )
    },
    "/api/workflows/{name}/rename": {
        "post": operation(
            "rename_workflow",
            "workflows",
            "Give a saved workflow another name; its history comes along",
            ref("Renamed"),
            body=content(ref("RenameBody")),
            parameters=(NAME,),
        )
    },
    "/api/workflows/{name}/history": {
        "get": operation(
            "list_revisions",
            "workflows",
            "Every save of a workflow, newest first",
            record({"revisions": many(ref("Revision"))}),
            parameters=(NAME,),
        ),
        "delete": operation(
            "purge_workflow",
            "workflows",
            "Remove the history of a deleted workflow for good",
            status="204",
            parameters=(NAME,),
        ),
    },
    "/api/workflows/{name}/history/{revision}": {
        "get": operation(
            "show_revision",
            "workflows",
            "A workflow as it was saved then",
            ref("Saved"),
            parameters=(NAME, _in_path("revision", {"type": "integer", "minimum": 1})),
        )
    },
    "/api/workflows/{name}/schema": {
        "get": operation(
            "show_schema",
            "workflows",
            "JSON Schemas of a workflow's inputs and outputs",
            ref("Signature"),
            parameters=(NAME,),
        )
    },
    "/api/workflows/{name}/run": {
        "post": operation(
            "run_workflow",
            "workflows",
            "Run a saved workflow with named inputs",
            ref("Run"),
            body=content(OBJECT),
            body_required=False,
            parameters=(NAME, PRIORITY, WAIT, KEY),
            others=ACCEPTED,
        )
    },
    "/api/nodes": {
        "get": operation(
            "list_nodes",
            "catalogue",
            "Node types, port types and packs",
            record(
                {"nodes": many(ref("Node")), "types": many(ref("Type")), "packs": many(ref("Pack"))}
            ),
        )
    },
    "/api/plugins": {
        "get": operation(
            "list_plugins",
            "catalogue",
            "Packs, where they came from, and what failed",
            record({"plugins": many(ref("Plugin"))}),
        )
    },
    "/api/plugins/reload": {
        "post": operation(
            "reload_plugins",
            "catalogue",
            "Load packs of folders that changed again; runs that go on keep the old ones",
            record({"plugins": many(ref("Plugin"))}),
        )
    },
    "/api/types": {
        "get": operation(
            "list_types", "catalogue", "Port types", record({"types": many(ref("Type"))})
        )
    },
    "/api/models": {
        "get": operation(
            "list_models", "catalogue", "Models", record({"models": many(ref("Model"))})
        )
    },
    "/api/files": {
        "get": operation(
            "list_files",
            "files",
            "What is in a folder, newest first",
            record({"files": many(ref("File"))}),
            parameters=(
                _in_query("folder", {"enum": ["inputs", "outputs"]}, "Which of the two."),
                _in_query("path", TEXT, "A folder in it."),
            ),
        ),
        "post": operation(
            "upload_file",
            "files",
            "Take a file, or all files of a form as a folder, into the inputs",
            ref("File"),
            status="201",
            body={
                "multipart/form-data": {
                    "schema": record({"file": {"type": "string", "format": "binary"}})
                },
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
            parameters=(
                _in_query("name", TEXT, "Its name, if the form gives none."),
                _in_query(
                    "into",
                    TEXT,
                    "Name of a folder for every `file` of the form, whose file names may be "
                    "paths in it. It is there when all have come, or not at all.",
                ),
            ),
        ),
    },
    "/api/files/{folder}/{path}": {
        "get": operation(
            "show_file",
            "files",
            "A file",
            media=BYTES,
            parameters=(
                _in_path("folder", {"enum": ["inputs", "outputs"]}),
                _in_path("path"),
                THUMBNAIL,
                DOWNLOAD,
            ),
        )
    },
    "/api/templates": {
        "get": operation(
            "list_templates",
            "workflows",
            "Workflows to start from",
            record({"templates": many(ref("Template"))}),
        )
    },
    "/api/templates/{name}": {
        "get": operation(
            "show_template", "workflows", "A template", ref("Template"), parameters=(NAME,)
        )
    },
    "/api/editor/modules": {
        "get": operation(
            "list_modules",
            "catalogue",
            "Modules that packs bring for the editor",
            record({"modules": many(ref("Module"))}),
        )
    },
    "/api/memory": {"get": operation("show_memory", "server", "What is kept where", ref("Memory"))},
    "/api/memory/free": {
        "post": operation(
            "free_memory",
            "server",
            "Drop what is kept in memory and not in use; what is on disk stays",
            record({"freed": WHOLE}),
        )
    },
    "/healthz": {"get": operation("health", "server", "That the server answers", OBJECT)},
    "/metrics": {
        "get": operation(
            "metrics",
            "server",
            "Figures for Prometheus",
            media={"text/plain": {"schema": TEXT}},
        )
    },
}
