"""JSON Schemas of what the server takes and answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from ...workflow import Workflow
from .. import bodies

PREFIX = "#/components/schemas/"
BODIES: tuple[type[BaseModel], ...] = (
    Workflow,
    bodies.RunBody,
    bodies.ValidateBody,
    bodies.PriorityBody,
    bodies.QueueBody,
    bodies.OrderBody,
    bodies.SaveBody,
    bodies.RenameBody,
)

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
TRUTH: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "number", "description": "Seconds since the epoch."}
OBJECT: Schema = {"type": "object"}
PACK_STATE: Schema = {"enum": ["in use", "off", "failed"]}
STATUS: Schema = {"enum": ["queued", "running", "succeeded", "failed", "cancelled"]}


def ref(name: str) -> Schema:
    return {"$ref": PREFIX + name}


def many(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def record(required: Schema, about: str = "", **optional: Schema) -> Schema:
    """An object with some properties; it may have more."""
    schema = {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }
    return {**schema, "description": about} if about else schema


def components() -> dict[str, Schema]:
    """Everything that operations refer to, by name."""
    made = models_json_schema(
        [(model, "validation") for model in BODIES], ref_template=PREFIX + "{model}"
    )
    return {**made[1]["$defs"], **_ANSWERS}


_ANSWERS: dict[str, Schema] = {
    "Problem": record(
        {
            "code": {"type": "string", "description": "Stable, for programs."},
            "message": {"type": "string", "description": "What is wrong, in one sentence."},
            "node": maybe(TEXT),
            "port": maybe(TEXT),
            "hint": {**maybe(TEXT), "description": "What to do about it."},
        },
        "One thing that is wrong.",
    ),
    "Problems": record({"problems": many(ref("Problem"))}, "Every error has this shape."),
    "OutputItem": {
        "description": "Plain data, or where a file is.",
        "oneOf": [
            record({"value": {}}, list={**TRUTH, "description": "It is a list of this one item."}),
            record({"file": TEXT, "media_type": TEXT, "bytes": WHOLE, "url": TEXT}),
        ],
    },
    "Run": record(
        {
            "run_id": TEXT,
            "name": TEXT,
            "workflow_name": TEXT,
            "status": STATUS,
            "priority": WHOLE,
            "created": MOMENT,
            "started": maybe(MOMENT),
            "finished": maybe(MOMENT),
            "seconds": maybe(NUMBER),
            "attempts": WHOLE,
            "inputs": OBJECT,
            "targets": maybe(many(TEXT)),
            "nodes": {
                "type": "object",
                "additionalProperties": record({"status": TEXT, "seconds": NUMBER}),
                "description": "What became of each node; empty in lists.",
            },
            "outputs": {"type": "object", "additionalProperties": many(ref("OutputItem"))},
            "problems": many(ref("Problem")),
        }
    ),
    "Accepted": record(
        {"run_id": TEXT, "status": STATUS, "position": WHOLE},
        "A run that waits; position says how many are before it.",
    ),
    "Queue": record(
        {"paused": TRUTH, "running": many(TEXT), "queued": many(TEXT), "capacity": WHOLE}
    ),
    "File": record(
        {"name": TEXT, "path": TEXT, "bytes": WHOLE, "media_type": TEXT}, modified=MOMENT
    ),
    "Node": record(
        {
            "id": TEXT,
            "title": TEXT,
            "version": WHOLE,
            "category": TEXT,
            "description": TEXT,
            "volatile": TRUTH,
            "pack": TEXT,
            "inputs": OBJECT,
            "outputs": OBJECT,
        }
    ),
    "Type": record(
        {
            "name": TEXT,
            "colour": TEXT,
            "description": TEXT,
            "converts_to": many(TEXT),
            "has_preview": TRUTH,
            "loads_from_file": TRUTH,
            "suffixes": many(TEXT),
            "folders": TRUTH,
        }
    ),
    "Pack": record(
        {
            "name": TEXT,
            "version": TEXT,
            "source": TEXT,
            "state": PACK_STATE,
            "problem": maybe(ref("Problem")),
        }
    ),
    "Plugin": record(
        {
            "name": TEXT,
            "version": TEXT,
            "source": TEXT,
            "origin": {"enum": ["shipped", "installed", "folder", "given"]},
            "state": PACK_STATE,
            "off": maybe(TEXT),
            "nodes": many(TEXT),
            "types": many(TEXT),
            "models": many(TEXT),
            "problem": maybe(ref("Problem")),
            "traceback": maybe(TEXT),
        }
    ),
    "Model": record({"name": TEXT, "kind": TEXT, "bytes": WHOLE, "source": TEXT}),
    "Saved": record({"name": TEXT, "revision": WHOLE}, workflow=ref("Workflow")),
    "Renamed": record(
        {"name": TEXT, "revision": WHOLE, "offset": WHOLE, "title": maybe(TEXT)},
        "`offset` is by how much the numbers of its earlier revisions rose; `title` the name "
        "in the document, if the revision was made by giving it another one.",
    ),
    "SavedEntry": record(
        {
            "name": TEXT,
            "title": TEXT,
            "description": TEXT,
            "revision": WHOLE,
            "modified": MOMENT,
            "problem": maybe(ref("Problem")),
        }
    ),
    "Revision": record({"revision": WHOLE, "time": MOMENT, "bytes": WHOLE}),
    "Signature": record({"inputs": OBJECT, "outputs": OBJECT}, "JSON Schemas of a workflow."),
    "Template": record(
        {"name": TEXT, "title": TEXT, "description": TEXT},
        picture_url=TEXT,
        workflow=ref("Workflow"),
    ),
    "Memory": record(
        {
            "tiers": many(
                record(
                    {
                        "name": {**TEXT, "description": "A device such as cpu, or disk."},
                        "bytes": WHOLE,
                        "budget": WHOLE,
                        "entries": WHOLE,
                        "hits": WHOLE,
                        "evictions": WHOLE,
                    }
                )
            ),
            "misses": WHOLE,
            "moves": many(record({"source": TEXT, "target": TEXT, "count": WHOLE})),
            "devices": many(
                record(
                    {
                        "name": TEXT,
                        "free": WHOLE,
                        "total": {**WHOLE, "description": "0 if the device can't tell."},
                        "weights": {**WHOLE, "description": "Bytes of models loaded there."},
                        "weights_budget": maybe(WHOLE),
                    }
                )
            ),
            "models": many(
                record(
                    {
                        "name": TEXT,
                        "loader": TEXT,
                        "device": TEXT,
                        "dtype": TEXT,
                        "bytes": WHOLE,
                        "mapped": {**WHOLE, "description": "Of these, pages of files."},
                        "users": WHOLE,
                        "hits": WHOLE,
                        "offloaded": TRUTH,
                    }
                )
            ),
        },
        "Outputs of nodes by tier of the cache, and the models that are loaded, in bytes.",
    ),
    "Module": record(
        {"pack": TEXT, "name": TEXT, "url": TEXT, "types": many(TEXT), "widgets": many(TEXT)}
    ),
}
