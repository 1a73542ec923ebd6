"""The rules of JSON Schema (2020-12) for the keywords that ports use."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

_TYPES = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")


def schema_faults(schema: Any, where: str) -> Iterator[str]:
    """What is wrong with a schema and those in it.

    Args:
        where: What the schema is called in the answers.
    """
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield f"{where} is neither an object nor a truth value"
        return
    for kind in _listed(schema.get("type", [])):
        if kind not in _TYPES:
            yield f"{where}: {kind!r} is no type"
    for word in _NUMBERS:
        value = schema.get(word, 0)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            yield f"{where}: {word} is no number"
        elif not math.isfinite(value):
            yield f"{where}: {word} is not finite"
    if not _is_positive(schema.get("multipleOf", 1)):
        yield f"{where}: multipleOf is not positive"
    for word in _COUNTS:
        value = schema.get(word, 0)
        if not isinstance(value, int) or value < 0:
            yield f"{where}: {word} is no count"
    low, high = schema.get("minimum"), schema.get("maximum")
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
        yield f"{where}: minimum is more than maximum"
    if "enum" in schema and not schema["enum"]:
        yield f"{where}: enum is empty"
    for word in ("title", "description"):
        if not isinstance(schema.get(word, ""), str):
            yield f"{where}: {word} is no text"
    reference = schema.get("$ref")
    if reference is not None and not str(reference).startswith("#/$defs/"):
        yield f"{where}: $ref leads out of it, to {reference}"
    for name, inner in _inner(schema):
        yield from schema_faults(inner, f"{where}/{name}")


def _inner(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for word in ("items", "additionalProperties", "propertyNames", "not"):
        if word in schema:
            yield word, schema[word]
    for word in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inner in schema.get(word, []):
            yield word, inner
    for word in ("properties", "$defs", "patternProperties"):
        for name, inner in schema.get(word, {}).items():
            yield f"{word}/{name}", inner


def _is_positive(value: Any) -> bool:
    return not isinstance(value, (int, float)) or value > 0


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
