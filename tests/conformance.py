"""What every node of every pack owes its users; a pack's own tests can call these, too::

@pytest.mark.parametrize("check", CHECKS)
def test_my_nodes(check):
    for spec in engine.registry.nodes.values():
        check(spec)
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable
from typing import Any

from graphgen.node import NodeSpec
from graphgen.workflow import Workflow

SELF_EXPLAINING = {"image", "mask", "latent", "vae", "model", "value", "a", "b"}
_SCHEMA_TYPES = {"string", "integer", "number", "boolean", "object", "array", "null"}
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")


def documents_itself(spec: NodeSpec) -> None:
    """A title in words, a first sentence, and a description of every plain input."""
    assert spec.title.strip()
    assert spec.title[0].isupper(), f"{spec.id}: {spec.title!r}"
    first = spec.description.splitlines()[0]
    assert len(first) > 8, f"{spec.id}: {first!r}"
    assert spec.description.rstrip().endswith((".", ")", "`", ":")), (
        f"{spec.id}: {spec.description[-20:]!r}"
    )
    for port in spec.inputs.values():
        explained = port.description or not port.type.is_plain or port.name in SELF_EXPLAINING
        said = explained or port.name in spec.description or _choices(port.schema())
        assert said, f"{spec.id}.{port.name} is not described"


def defaults_are_allowed(spec: NodeSpec) -> None:
    """Every default passes the validation that a literal has to pass."""
    for port in spec.inputs.values():
        if not port.required and not (port.default is None and port.type.optional):
            port.validate(port.default)


def catalogue_entry_is_json(spec: NodeSpec) -> None:
    """The entry survives JSON, strictly: no NaN, no keys that are no strings."""
    entry = spec.to_dict()
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry, spec.id
    assert entry["id"] == spec.id
    assert list(entry["inputs"]) == list(spec.inputs)
    assert list(entry["outputs"]) == list(spec.outputs)


def schemas_are_valid(spec: NodeSpec) -> None:
    """Each input's schema is JSON Schema, and its default is an instance of it."""
    for port in spec.inputs.values():
        schema = port.schema()
        check_schema(schema, f"{spec.id}.{port.name}")
        if "default" in schema and schema["default"] is not None and port.type.is_plain:
            assert port.validate(schema["default"]) == port.default, f"{spec.id}.{port.name}"


def round_trips_through_a_document(spec: NodeSpec) -> None:
    """A node with all its defaults written out comes back from JSON as it was."""
    inputs = {
        name: port.schema()["default"]
        for name, port in spec.inputs.items()
        if "default" in port.schema()
    }
    document = {"nodes": {"n": {"type": spec.id, "version": spec.version, "inputs": inputs}}}
    workflow = Workflow.read(document)
    assert Workflow.parse_json(workflow.to_json()) == workflow


def named_for_its_signature(spec: NodeSpec) -> None:
    """Inputs are the parameters of the function, in order; ``memory`` names some of them."""
    parameters = [name for name in inspect.signature(spec.function).parameters if name != "ctx"]
    assert list(spec.inputs) == parameters
    assert set(spec.memory) <= set(spec.inputs)
    assert spec.version >= 1
    assert all(1 <= version < spec.version for version in spec.migrations)


def can_be_cached_or_says_why_not(spec: NodeSpec) -> None:
    """A node is fingerprintable, unless it is volatile on purpose."""
    assert spec.volatile or spec.source is not None, f"{spec.id} closes over what can change"


CHECKS: list[Callable[[NodeSpec], None]] = [
    documents_itself,
    defaults_are_allowed,
    catalogue_entry_is_json,
    schemas_are_valid,
    round_trips_through_a_document,
    named_for_its_signature,
    can_be_cached_or_says_why_not,
]


def _choices(schema: Any) -> bool:
    text = json.dumps(schema)
    return '"enum"' in text or '"const"' in text or '"boolean"' in text


def check_schema(schema: Any, where: str) -> None:
    """The rules of JSON Schema (2020-12) for the keywords that ports use."""
    assert isinstance(schema, (dict, bool)), where
    if isinstance(schema, bool):
        return
    for kind in _listed(schema.get("type", [])):
        assert kind in _SCHEMA_TYPES, f"{where}: type {kind!r}"
    for word in _NUMBERS:
        if word in schema:
            value = schema[word]
            assert isinstance(value, (int, float)), f"{where}: {word}"
            assert math.isfinite(value), f"{where}: {word}"
    assert schema.get("multipleOf", 1) > 0, where
    for word in _COUNTS:
        assert isinstance(schema.get(word, 0), int), f"{where}: {word}"
        assert schema.get(word, 0) >= 0, f"{where}: {word}"
    if "minimum" in schema and "maximum" in schema:
        assert schema["minimum"] <= schema["maximum"], where
    if "enum" in schema:
        assert schema["enum"], f"{where}: an empty enum"
    for word in ("title", "description"):
        assert isinstance(schema.get(word, ""), str), f"{where}: {word}"
    for word in ("items", "additionalProperties", "propertyNames", "not"):
        if word in schema:
            check_schema(schema[word], f"{where}/{word}")
    for word in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inner in schema.get(word, []):
            check_schema(inner, f"{where}/{word}")
    for word in ("properties", "$defs", "patternProperties"):
        for name, inner in schema.get(word, {}).items():
            check_schema(inner, f"{where}/{word}/{name}")
    reference = schema.get("$ref")
    assert reference is None or reference.startswith("#/$defs/"), f"{where}: {reference}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
