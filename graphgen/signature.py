"""The signature of a workflow: what its named inputs take and its named outputs give, in JSON
Schema."""

from __future__ import annotations

from typing import Any

from .engine.flatten import Saved, Scope, read_once, subgraph_of
from .engine.reading import references
from .engine.targets import ABSENT, input_targets
from .plain import is_plain
from .ports import InputPort
from .registry import Registry
from .types import ANY, TypeExpr
from .workflow import Workflow, literal_of, split_port

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_JSON_TYPES = {
    "int": "integer",
    "float": "number",
    "str": "string",
    "bool": "boolean",
    "dict": "object",
}


def input_schema(
    workflow: Workflow, registry: Registry, saved: Saved | None = None
) -> dict[str, Any]:
    """JSON Schema of the object that holds a workflow's named inputs.

    Defaults are what the document sets. ``portType`` says the port type; one that is no
    plain Python type has a further schema only if it is read from files.
    """
    properties: dict[str, Any] = {}
    required = []
    definitions: dict[str, Any] = {}
    for name, targets in input_targets(workflow, registry, saved).items():
        alternatives: list[dict[str, Any]] = []
        defaults = []
        for target in targets:
            schema = target.port.schema() | _file_schema(target.port, registry)
            definitions.update(schema.pop("$defs", {}))
            schema.pop("description", None)
            default = schema.pop("default", ABSENT)
            if target.value is not ABSENT:
                linked = references(target.value)
                default = ABSENT if linked else literal_of(target.value)
            defaults.append(default)
            if schema not in alternatives:
                alternatives.append(schema)
        merged = alternatives[0] if len(alternatives) == 1 else {"allOf": alternatives}
        properties[name] = entry = {"title": _title(name), **(merged if targets else {})}
        if targets:
            entry["portType"] = str(targets[0].port.type)
            description = next((t.port.description for t in targets if t.port.description), "")
            if description:
                entry["description"] = description
            if defaults[0] is not ABSENT and is_plain(defaults[0]):
                entry["default"] = defaults[0]
        if any(target.required for target in targets):
            required.append(name)
    schema = _object_schema(workflow, properties, required)
    if definitions:
        schema["$defs"] = definitions
    return schema


def output_schema(
    workflow: Workflow, registry: Registry, saved: Saved | None = None
) -> dict[str, Any]:
    """JSON Schema of the object that holds a workflow's named outputs; what is no plain
    data is a list of files."""
    properties: dict[str, Any] = {}
    for name, reference in workflow.outputs.items():
        entry: dict[str, Any] = {"title": _title(name)}
        found = _output_type(workflow, reference, registry, saved)
        if found is not None:
            expr, description = found
            entry.update(_output_schema(expr), portType=str(expr))
            if description:
                entry["description"] = description
        properties[name] = entry
    return _object_schema(workflow, properties, [])


def _file_schema(port: InputPort, registry: Registry) -> dict[str, Any]:
    """For a port whose type is read from files: how JSON names the file."""
    specs = [registry.types.by_name.get(name) for name in port.type.names]
    loaded = [spec for spec in specs if spec is not None and spec.load is not None]
    if not loaded:
        return {}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"file": {"type": "string", "description": "A file of the workspace."}},
        "required": ["file"],
        "additionalProperties": False,
        "widget": "file",
    }
    if all(spec.suffixes for spec in loaded):
        schema["suffixes"] = [*dict.fromkeys(s for spec in loaded for s in spec.suffixes)]
    if any(spec.folders for spec in loaded):
        schema["folders"] = True
    return {"type": "array", "items": schema} if port.type.depth else schema


def _output_type(
    workflow: Workflow, reference: str, registry: Registry, saved: Saved | None
) -> tuple[TypeExpr, str] | None:
    saved = read_once(saved)
    inside: tuple[Workflow, ...] = ()
    scope: Scope = (workflow.workflows,)
    while not any(workflow is outer for outer in inside):
        node, port = split_port(reference)
        doc = workflow.nodes.get(node)
        if doc is None:
            return None
        used = subgraph_of(doc, scope, saved)
        if used is None:
            spec = registry.get(doc.type)
            output = spec.outputs.get(port) if spec is not None else None
            return None if output is None else (output.type, output.description)
        if port not in used.outputs:
            return None
        inside, scope = (*inside, workflow), (used.workflows, *scope)
        workflow, reference = used, used.outputs[port]
    return None


def _output_schema(expr: TypeExpr) -> dict[str, Any]:
    if ANY in expr.names:
        return {}
    if not expr.is_plain:
        return {"type": "array", "items": {"type": "string", "format": "uri-reference"}}
    names = [_JSON_TYPES[name] for name in expr.names]
    schema: dict[str, Any] = {"type": names[0] if len(names) == 1 else names}
    for _ in range(expr.depth):
        schema = {"type": "array", "items": schema}
    return {"anyOf": [schema, {"type": "null"}]} if expr.optional else schema


def _object_schema(
    workflow: Workflow, properties: dict[str, Any], required: list[str]
) -> dict[str, Any]:
    schema: dict[str, Any] = {"$schema": SCHEMA_DIALECT}
    if workflow.name:
        schema["title"] = workflow.name
    if workflow.description:
        schema["description"] = workflow.description
    schema.update(type="object", properties=properties, additionalProperties=False)
    if required:
        schema["required"] = required
    return schema


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
