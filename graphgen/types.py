"""Port types, and the rules that say which output may be linked to which input.

A port type is nominal: a small frozen dataclass known by name. Plain Python types
(``int``, ``float``, ``str``, ``bool``, ``dict``) are port types too. ``compatible``
decides every link; it works on names alone, so that the editor can apply the same table.
"""

from __future__ import annotations

import enum
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar, Union

ANY = "any"
PLAIN_TYPES: dict[type, str] = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    dict: "dict",
}
_PLAIN_NAMES = frozenset(PLAIN_TYPES.values())


def snake_case(name: str) -> str:
    """``UpscaleModel`` to ``upscale_model``; ``VAE`` to ``vae``."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


@dataclass(frozen=True, slots=True)
class TypeExpr:
    """What an input or output carries, by name.

    Attributes:
        names: Port type names; more than one for a union.
        depth: List nesting: 1 for ``list[Image]``.
        optional: Whether ``None`` is allowed.
        var: Name of the type variable it stands for, which a link binds.
    """

    names: tuple[str, ...]
    depth: int = 0
    optional: bool = False
    var: str | None = None

    def __str__(self) -> str:
        text = " | ".join(self.names)
        for _ in range(self.depth):
            text = f"list[{text}]"
        return f"{text} | none" if self.optional else text

    def to_dict(self) -> dict[str, Any]:
        return {"names": list(self.names), "depth": self.depth, "optional": self.optional}

    @property
    def is_plain(self) -> bool:
        return all(name in _PLAIN_NAMES for name in self.names)


def check_suffixes(suffixes: tuple[str, ...]) -> None:
    """Refuse, with a ``ValueError``, what are no endings of file names."""
    if isinstance(suffixes, str) or not all(s.startswith(".") for s in suffixes):
        raise ValueError(f'suffixes are like (".png", ".jpg"), not {suffixes!r}')


class UnknownPortType(TypeError):
    """An annotation names a class that is no port type of any pack."""

    hint = "list it in graphgen_types, or install the pack that brings it"


class Fit(enum.Enum):
    """How a value gets through a link."""

    DIRECT = "direct"
    CONVERT = "convert"
    MAP = "map"
    COLLECT = "collect"


class SaveTarget(Protocol):
    """Where a run saves a named output; handed to ``TypeSpec.save``."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """Text to embed in the file where its format can, such as the workflow."""

    def path(self, suffix: str, *, folder: bool = False) -> Path:
        """A fresh path to write, such as ``image.png`` for the suffix ``.png``; it is
        moved to its place when everything is written.

        With ``folder``, the file is put into a folder of the output's name, as ``0001.dcm``
        and on: for values that are a set of files, such as a DICOM series.
        """


@dataclass(frozen=True)
class TypeSpec:
    """A port type as a pack registers it through ``graphgen_types``.

    Attributes:
        cls: The frozen dataclass. Its fields may be tensors (torch or NumPy), numbers,
            strings, other port types, and lists, tuples or dicts of these; that is what
            the cache can write to disk.
        colour: Colour of its ports and links, ``#rrggbb``.
        conversions: Other port types that it can be turned into, each with the function.
        save: Writes a value as files when it is a named output of a run.
        load: Makes a value from a file, for an input that is given one: picked in the editor,
            as a ``Path``, or with ``--set name=@file``.
        suffixes: Of the files that ``load`` reads, such as ``(".png", ".nii.gz")``, whatever
            their case: what an editor offers; any file if there are none. No other file is
            refused for its name.
        folders: Whether ``load`` also reads a folder, such as a DICOM series.
        preview: A small picture of the value as PNG bytes.
        saves_arrays: Whether ``save`` also takes a value whose tensors are NumPy arrays. Then a
            run that lies in the disk cache as a whole is saved without importing torch.
        stored: Whether the disk cache may hold it.
        parts: Other dataclasses that its fields hold, for the disk cache.

    Raises:
        ValueError: A suffix does not begin with a dot, or there is no ``load`` for them.
    """

    cls: type
    colour: str = "#9aa0a6"
    conversions: Mapping[type, Callable[[Any], Any]] = field(default_factory=dict)
    save: Callable[[Any, SaveTarget], None] | None = None
    load: Callable[[Path], Any] | None = None
    preview: Callable[[Any], bytes] | None = None
    saves_arrays: bool = False
    stored: bool = True
    parts: tuple[type, ...] = ()
    suffixes: tuple[str, ...] = ()
    folders: bool = False

    def __post_init__(self) -> None:
        check_suffixes(self.suffixes)
        if self.load is None and (self.suffixes or self.folders):
            raise ValueError(f"{self.name} is not read from files: it has no load")

    @property
    def name(self) -> str:
        return snake_case(self.cls.__name__)

    @property
    def description(self) -> str:
        return (self.cls.__doc__ or "").strip()


class Types:
    """The port types that an engine knows."""

    def __init__(self, specs: Iterable[TypeSpec] = ()) -> None:
        self.by_name: dict[str, TypeSpec] = {}
        self.by_class: dict[type, TypeSpec] = {}
        for spec in specs:
            self.add(spec)

    def add(self, spec: TypeSpec) -> None:
        """Register a type; a taken name raises ``ValueError`` and changes nothing."""
        if spec.name in self.by_name or spec.name in _PLAIN_NAMES or spec.name == ANY:
            raise ValueError(f"port type {spec.name!r} is already registered")
        self.by_name[spec.name] = spec
        self.by_class[spec.cls] = spec

    def discard(self, spec: TypeSpec) -> None:
        self.by_name.pop(spec.name, None)
        self.by_class.pop(spec.cls, None)

    def name_of(self, cls: type) -> str | None:
        spec = self.by_class.get(cls)
        return spec.name if spec else PLAIN_TYPES.get(cls)

    def conversion(self, source: str, target: str) -> Callable[[Any], Any] | None:
        """The function that turns one named type into another, or None."""
        if source == "int" and target == "float":
            return float
        spec = self.by_name.get(source)
        if spec is not None:
            for cls, convert in spec.conversions.items():
                if self.name_of(cls) == target:
                    return convert
        return None

    def converts_to(self, source: str) -> list[str]:
        """Names of the types that a value of ``source`` can be turned into."""
        if source == "int":
            return ["float"]
        spec = self.by_name.get(source)
        names = (self.name_of(cls) for cls in spec.conversions) if spec else ()
        return [name for name in names if name]


def compatible(source: TypeExpr, target: TypeExpr, types: Types) -> Fit | None:
    """How ``source`` may be linked to ``target``; None when it may not.

    A list into a single value maps the node over the list, a single value into a list
    is collected. ``None`` from an optional output is refused when the run meets it.
    """
    if ANY in target.names:
        return Fit.DIRECT if source.depth >= target.depth or _opaque(source) else Fit.COLLECT
    if _opaque(source):
        return Fit.DIRECT
    step = _element_fit(source, target, types)
    if step is None:
        return None
    if source.depth == target.depth:
        return step
    if source.depth == target.depth + 1:
        return Fit.MAP
    if source.depth == target.depth - 1:
        return Fit.COLLECT
    return None


def _opaque(expr: TypeExpr) -> bool:
    return ANY in expr.names and expr.depth == 0


def _element_fit(source: TypeExpr, target: TypeExpr, types: Types) -> Fit | None:
    if ANY in source.names:
        return Fit.DIRECT
    if set(source.names) & set(target.names):
        return Fit.DIRECT
    if any(types.conversion(s, t) for s in source.names for t in target.names):
        return Fit.CONVERT
    return None


def type_expr(annotation: Any, types: Types | None = None) -> TypeExpr:
    """Read a Python annotation as a port type expression.

    Raises:
        TypeError: The annotation names no port type; ``UnknownPortType`` where a pack could
            bring it.
    """
    if annotation is Any or annotation is object:
        return TypeExpr((ANY,))
    if isinstance(annotation, TypeVar):
        bound = annotation.__bound__ or Any
        inner = type_expr(bound, types)
        return TypeExpr(inner.names, inner.depth, inner.optional, annotation.__name__)
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is Annotated:
        return type_expr(arguments[0], types)
    if origin is list:
        inner = type_expr(arguments[0], types)
        return TypeExpr(inner.names, inner.depth + 1, False, inner.var)
    if annotation is list:
        return TypeExpr((ANY,), 1)
    if origin is dict:
        return TypeExpr(("dict",))
    if origin is Literal:
        return _union([type_expr(type(value), types) for value in arguments])
    if origin in (Union, types_union):
        members = [type_expr(a, types) for a in arguments if a is not type(None)]
        union = _union(members)
        optional = type(None) in arguments
        return TypeExpr(union.names, union.depth, optional, union.var)
    if isinstance(annotation, type):
        return _named(annotation, types)
    raise TypeError(f"{annotation!r} is not a port type")


types_union = types.UnionType


def _named(annotation: type, types: Types | None) -> TypeExpr:
    if issubclass(annotation, enum.Enum):
        return _union([_named(type(member.value), types) for member in annotation])
    if annotation is Path:
        return TypeExpr(("str",))
    plain = PLAIN_TYPES.get(annotation)
    if plain:
        return TypeExpr((plain,))
    if types is not None:
        name = types.name_of(annotation)
        if name is None:
            raise UnknownPortType(f"nobody has registered the port type {annotation.__name__!r}")
        return TypeExpr((name,))
    return TypeExpr((snake_case(annotation.__name__),))


def _union(members: list[TypeExpr]) -> TypeExpr:
    names: list[str] = []
    for member in members:
        names.extend(name for name in member.names if name not in names)
    depths = {member.depth for member in members}
    if len(depths) != 1:
        raise TypeError("a union of lists and single values is not a port type")
    return TypeExpr(tuple(names), depths.pop(), False, members[0].var)
