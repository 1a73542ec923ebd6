"""What the conformance kit asks of nodes. Each check gives what is wrong, in words."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ...node import NodeSpec
from ...problems import GraphgenError, Problem
from ...workflow import Workflow
from .schema import schema_faults

SELF_EXPLAINING = frozenset({"image", "mask", "latent", "vae", "model", "value", "a", "b"})
"""Inputs of plain data that need no description under these names."""
SHORTEST = 8
"""Characters of a first sentence that says something."""


class Fault(NamedTuple):
    """What is wrong with a node.

    Attributes:
        said: What, in words.
        port: The input that it is about, if it is about one.
    """

    said: str
    port: str | None = None


def check_node(spec: NodeSpec) -> list[Problem]:
    """What the checks find wrong with one node."""
    return [
        Problem("nonconforming", fault.said, spec.id, fault.port)
        for check in CHECKS
        for fault in check(spec)
    ]


def documents_itself(spec: NodeSpec) -> Iterator[Fault]:
    """A title in words, a first sentence, and a description of every plain input."""
    if not spec.title.strip() or not spec.title[0].isupper():
        yield Fault(f"its title, {spec.title!r}, does not begin with a capital letter")
    first = spec.description.splitlines()[0]
    if len(first) <= SHORTEST:
        yield Fault(f"its docstring says too little: {first!r}")
    if not spec.description.rstrip().endswith((".", ")", "`", ":")):
        yield Fault(f"its docstring does not end with a full stop: {spec.description[-20:]!r}")
    for port in spec.inputs.values():
        explained = port.description or not port.type.is_plain or port.name in SELF_EXPLAINING
        if not (explained or port.name in spec.description or _names_choices(port.schema())):
            yield Fault(
                "is not described: Annotated[..., Field(description=...)], or a word on it in "
                "the docstring",
                port.name,
            )


def defaults_are_allowed(spec: NodeSpec) -> Iterator[Fault]:
    """Every default passes the validation that a literal has to pass."""
    for port in spec.inputs.values():
        if not port.required and not (port.default is None and port.type.optional):
            try:
                port.validate(port.default)
            except (ValueError, GraphgenError) as error:
                yield Fault(f"has a default that is not allowed: {error}", port.name)


def catalogue_entry_is_json(spec: NodeSpec) -> Iterator[Fault]:
    """The entry survives JSON, strictly: no NaN, no keys that are no strings."""
    entry = spec.to_dict()
    try:
        same = json.loads(json.dumps(entry, allow_nan=False)) == entry
    except (TypeError, ValueError) as error:
        yield Fault(f"its entry in the catalogue is no JSON: {error}")
        return
    if not same:
        yield Fault("its entry in the catalogue comes back from JSON as another")


def schemas_are_valid(spec: NodeSpec) -> Iterator[Fault]:
    """Each input's schema is JSON Schema, and its default is an instance of it."""
    for port in spec.inputs.values():
        schema = port.schema()
        for fault in schema_faults(schema, "its schema"):
            yield Fault(fault, port.name)
        if schema.get("default") is not None and port.type.is_plain:
            try:
                same = port.validate(schema["default"]) == port.default
            except (ValueError, GraphgenError):
                same = False
            if not same:
                yield Fault("has another default in its schema than in Python", port.name)


def round_trips_through_a_document(spec: NodeSpec) -> Iterator[Fault]:
    """A node with all its defaults written out comes back from JSON as it was."""
    schemas = {name: port.schema() for name, port in spec.inputs.items()}
    inputs = {name: schema["default"] for name, schema in schemas.items() if "default" in schema}
    document = {"nodes": {"n": {"type": spec.id, "version": spec.version, "inputs": inputs}}}
    workflow = Workflow.read(document)
    try:
        same = Workflow.parse_json(workflow.to_json()) == workflow
    except (TypeError, ValueError, GraphgenError) as error:
        yield Fault(f"its defaults can't be saved in a workflow: {error}")
        return
    if not same:
        yield Fault("its defaults come back from a saved workflow as others")


def named_for_its_signature(spec: NodeSpec) -> Iterator[Fault]:
    """Inputs are the parameters of the function, in order; migrations lead to its version."""
    parameters = [name for name in inspect.signature(spec.function).parameters if name != "ctx"]
    if list(spec.inputs) != parameters:
        yield Fault(f"its inputs are {list(spec.inputs)}, its parameters {parameters}")
    if spec.version < 1:
        yield Fault(f"its version is {spec.version}, and versions begin with 1")
    for version in spec.migrations:
        if not 1 <= version < spec.version:
            yield Fault(f"it has a migration from version {version}, and is at {spec.version}")
    for version in range(1, spec.version):
        if version not in spec.migrations:
            yield Fault(f"it has no migration from version {version} to {version + 1}")


def can_be_cached_or_says_why_not(spec: NodeSpec) -> Iterator[Fault]:
    """A node is fingerprintable, unless it is volatile on purpose."""
    if not spec.volatile and spec.source is None:
        yield Fault("it closes over what can change, so it can't be cached: say volatile=True")


CHECKS: list[Callable[[NodeSpec], Iterator[Fault]]] = [
    documents_itself,
    defaults_are_allowed,
    catalogue_entry_is_json,
    schemas_are_valid,
    round_trips_through_a_document,
    named_for_its_signature,
    can_be_cached_or_says_why_not,
]


def _names_choices(schema: Any) -> bool:
    text = json.dumps(schema)
    return '"enum"' in text or '"const"' in text or '"boolean"' in text
