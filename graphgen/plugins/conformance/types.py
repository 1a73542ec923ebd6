"""What the conformance kit asks of port types and model loaders."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from ...models.reference import ModelLoader
from ...types import Types, TypeSpec

SHORTEST = 10
"""Characters of a description that says something."""
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LOADER = ("load", "move", "nbytes")


def type_faults(spec: TypeSpec, types: Types) -> Iterator[str]:
    """What is wrong with a port type."""
    if not _is_frozen(spec.cls):
        yield "is no frozen dataclass: values are shared with the cache and must not change"
    if len(_own_doc(spec.cls)) <= SHORTEST:
        yield "has no docstring that says what it is: shape, range, units"
    if not _COLOUR.fullmatch(spec.colour):
        yield f"has the colour {spec.colour!r}, which is not written #rrggbb"
    for target, convert in spec.conversions.items():
        if types.name_of(target) is None:
            yield f"converts to {target.__name__}, which is no port type"
        if not callable(convert):
            yield f"converts to {target.__name__} by what is no function"
    for word in ("save", "load", "preview"):
        part = getattr(spec, word)
        if part is not None and not callable(part):
            yield f"has a {word} that is no function"
    for part in spec.parts:
        if not dataclasses.is_dataclass(part):
            yield f"lists {part!r} among its parts, which is no dataclass"


def loader_faults(loader: ModelLoader) -> Iterator[str]:
    """What is wrong with a model loader."""
    missing = [word for word in _LOADER if not callable(getattr(loader, word, None))]
    if missing:
        yield f"has no {', '.join(missing)}: see graphgen.ModelLoader"


def _is_frozen(cls: type) -> bool:
    parameters = getattr(cls, "__dataclass_params__", None)
    return parameters is not None and bool(parameters.frozen)


def _own_doc(cls: type) -> str:
    """Its docstring, unless a dataclass made it up: ``Wave(size: int = 0)``."""
    said = (cls.__doc__ or "").strip()
    return "" if said.startswith(f"{cls.__name__}(") else said
