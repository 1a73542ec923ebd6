"""The document: what every server offers, and one entry for each saved workflow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from ... import __version__
from ...engine.flatten import Saved
from ...registry import Registry
from ...signature import input_schema, output_schema
from ...workflow import Workflow
from .operations import ACCEPTED, PATHS, PRIORITY, WAIT, content, operation
from .schemas import PREFIX, Schema, components, many, ref

EVENTS = (
    "What happens is told over the websocket /api/events. Every other answer that is no "
    "success is a list of problems."
)


def document(
    workflows: Iterable[tuple[str, Workflow]], registry: Registry, saved: Saved, token: bool
) -> dict[str, Any]:
    """OpenAPI 3.1 as plain data.

    Args:
        workflows: Saved workflows by name; each is an operation of its own.
        token: Whether clients need one.
    """
    schemas, paths = components(), dict(PATHS)
    for number, (name, workflow) in enumerate(workflows, start=1):
        path = f"/api/workflows/{quote(name, safe='')}/run"
        paths[path] = {"post": _endpoint(name, workflow, number, schemas, registry, saved)}
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "graphgen", "version": __version__, "description": EVENTS},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if token:
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
    return made


def _endpoint(
    name: str,
    workflow: Workflow,
    number: int,
    schemas: dict[str, Schema],
    registry: Registry,
    saved: Saved,
) -> dict[str, Any]:
    key = f"{re.sub(r'[^A-Za-z0-9_]+', '_', name)}.{number}"
    inputs, outputs = f"{key}.inputs", f"{key}.outputs"
    schemas[inputs] = _placed(input_schema(workflow, registry, saved), PREFIX + inputs)
    made = _placed(output_schema(workflow, registry, saved), PREFIX + outputs)
    schemas[outputs] = {
        **made,
        "properties": {name: _items(entry) for name, entry in made["properties"].items()},
    }
    run = {"allOf": [ref("Run"), {"type": "object", "properties": {"outputs": ref(outputs)}}]}
    endpoint = operation(
        f"run.{key}",
        "saved workflows",
        workflow.name or name,
        run,
        body=content(ref(inputs)),
        body_required=bool(schemas[inputs].get("required")),
        parameters=(PRIORITY, WAIT),
        others=ACCEPTED,
    )
    return {**endpoint, "description": workflow.description or f"The saved workflow {name}."}


def _items(entry: Schema) -> Schema:
    """An output as a run's record has it: a list of items, of plain values or of files."""
    kept: Schema = {key: entry[key] for key in ("title", "description", "portType") if key in entry}
    if entry.get("items", {}).get("format") == "uri-reference":
        return {**kept, **many(ref("OutputItem"))}
    value = {key: part for key, part in entry.items() if key not in kept}
    value = value["items"] if value.get("type") == "array" else value
    plain = {"type": "object", "properties": {"value": value}}
    return {**kept, **many({"anyOf": [plain, ref("OutputItem")]})}


def _placed(schema: Any, place: str) -> Any:
    """The schema with its inner references written for where it stands in the document."""
    if isinstance(schema, list):
        return [_placed(item, place) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.replace("#/$defs/", f"{place}/$defs/")
        if key == "$ref" and isinstance(value, str)
        else _placed(value, place)
        for key, value in schema.items()
        if key != "$schema"
    }
