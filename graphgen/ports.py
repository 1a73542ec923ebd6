"""Inputs and outputs of a node type: what they take, and how literals are checked."""

from __future__ import annotations

import builtins
import enum
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar, Union

from annotated_types import Ge, Gt, Le, Lt

from .problems import Problem
from .types import ANY, PLAIN_TYPES, TypeExpr, Types, type_expr, types_union

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from .environment import Environment

_BOUNDS: dict[type, Callable[[Any, Any], bool]] = {
    Ge: lambda value, bound: value >= bound.ge,
    Gt: lambda value, bound: value > bound.gt,
    Le: lambda value, bound: value <= bound.le,
    Lt: lambda value, bound: value < bound.lt,
}
_SCALARS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "dict": (dict,),
}


class InputMarker:
    """Base of the markers in ``Annotated[str, ...]`` that give a literal a meaning outside
    the workflow, such as a file. It checks the literal and fingerprints what it stands for."""

    widget = ""

    def schema(self) -> dict[str, Any]:
        """What the input's JSON Schema says besides, for editors."""
        return {"widget": self.widget} if self.widget else {}

    def check(self, value: Any, environment: Environment) -> Problem | None:
        """What is wrong with the literal here, or None."""
        return None

    def fingerprint(self, value: Any, environment: Environment) -> str | None:
        """Identity of the content that the literal stands for; None is never cached."""
        return None


@dataclass(frozen=True, eq=False)
class InputPort:
    """One input of a node, as its parameter declares it.

    Attributes:
        constrained: Its annotation allows less than its port type does.
        coerced: The default is of another type than the annotation (``a: float = 1``).
    """

    name: str
    type: TypeExpr
    annotation: Any
    default: Any
    lazy: bool
    marker: InputMarker | None
    constrained: bool
    coerced: bool = False

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    @property
    def spelled_out(self) -> bool:
        """Whether the default has to be given explicitly: it names a file or a model, or
        has to be converted first."""
        if self.required or self.default is None:
            return False
        return self.marker is not None or self.coerced

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        from pydantic import TypeAdapter

        return TypeAdapter(_instances_only(self.annotation))

    def validate(self, value: Any) -> Any:
        """A value, checked and converted to what the function expects. A port type takes
        its instances only: nothing is built from JSON.

        Raises:
            ValueError: It is not allowed; the text says why.
        """
        if value is None and self.type.optional:
            return None
        if self.type.is_plain and not self._scalars_fit(value, self.type.depth):
            raise ValueError(f"expected {self.type}, got {describe(value)}")
        try:
            return self.adapter.validate_python(value)
        except ValueError as error:
            raise ValueError(_first_message(error)) from None

    @property
    def default_plainly_fits(self) -> bool:
        """Whether the default is of the annotated type and within its bounds, as far as can
        be told at a glance: building an adapter to ask pydantic takes half a millisecond,
        and there is one for every input of every pack."""
        inner, bounds = self.annotation, list[Any]()
        if typing.get_origin(inner) is Annotated:
            for item in inner.__metadata__:
                bounds += getattr(item, "metadata", [item])
            inner = typing.get_args(inner)[0]
        bounds = [bound for bound in bounds if not isinstance(bound, InputMarker)]
        if not all(type(bound) in _BOUNDS for bound in bounds):
            return False
        if typing.get_origin(inner) is Literal:
            return not bounds and any(
                self.default == allowed and type(self.default) is type(allowed)
                for allowed in typing.get_args(inner)
            )
        if inner not in (bool, int, float, str) or type(self.default) is not inner:
            return False
        return all(_BOUNDS[type(bound)](self.default, bound) for bound in bounds)

    def _scalars_fit(self, value: Any, depth: int) -> bool:
        """False for what pydantic would convert: "1" and True are no int."""
        if depth:
            if not isinstance(value, (list, tuple)):
                return False
            return all(self._scalars_fit(item, depth - 1) for item in value)
        if isinstance(value, (enum.Enum, Path)):
            return True
        allowed = tuple(cls for name in self.type.names for cls in _SCALARS[name])
        if isinstance(value, allowed):
            return not isinstance(value, bool) or bool in allowed
        return isinstance(value, float) and value.is_integer() and int in allowed

    @property
    def description(self) -> str:
        for item in getattr(self.annotation, "__metadata__", ()):
            text = getattr(item, "description", None)
            if text:
                return str(text)
        return ""

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the literal, with the default and the widget that suits it."""
        schema: dict[str, Any] = {}
        if self.type.is_plain:
            schema = self.adapter.json_schema()
        if not self.required:
            from pydantic_core import to_jsonable_python

            try:
                schema["default"] = to_jsonable_python(self.default)
            except ValueError:  # a default that JSON can't hold is not shown
                schema.pop("default", None)
        if self.marker is not None:
            schema.update(self.marker.schema())
        return schema


class HasInputs(Protocol):
    """A node type, as far as its inputs go."""

    @property
    def inputs(self) -> Mapping[str, InputPort]: ...


class NodeTypes(Protocol):
    """Node types by id: those of a registry here, or those that a server has."""

    def get(self, id: str, /) -> HasInputs | None: ...

    def loads_from_file(self, name: str) -> bool:
        """Whether values of the port type of this name are read from files."""


@dataclass(frozen=True)
class OutputPort:
    """One output of a node. ``cls`` is what its values must be instances of, if known."""

    name: str
    type: TypeExpr
    cls: tuple[builtins.type, ...] | None
    description: str = ""


def output_port(name: str, annotation: Any, types: Types | None) -> OutputPort:
    """An output as its annotation declares it."""
    expr = type_expr(annotation, types)
    description = ""
    if typing.get_origin(annotation) is Annotated:
        for item in annotation.__metadata__:
            description = getattr(item, "description", None) or description
        annotation = typing.get_args(annotation)[0]
    cls: tuple[type, ...] | None = None
    if expr.depth:
        cls = (list, tuple)
    elif expr.is_plain:
        cls = tuple({c for n in expr.names for c in _SCALARS[n]})
        if isinstance(annotation, type) and annotation not in cls:
            cls = (*cls, annotation)
    elif ANY not in expr.names:
        union = typing.get_origin(annotation) in (Union, types_union)
        members = typing.get_args(annotation) if union else (annotation,)
        if all(isinstance(member, type) for member in members):
            cls = tuple(members)
    if cls is not None and expr.optional:
        cls = (*cls, type(None))
    return OutputPort(name, expr, cls, description)


def _instances_only(annotation: Any) -> Any:
    """The annotation with every port type replaced by a bare instance check."""
    from pydantic import BeforeValidator, InstanceOf

    from .workflow import Workflow

    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return Annotated[(_instances_only(arguments[0]), *arguments[1:])]
    if origin in (Union, types_union):
        return Union[tuple(_instances_only(member) for member in arguments)]
    if origin is list:
        return list[_instances_only(arguments[0])]  # type: ignore[misc]
    if origin is dict:
        return dict[arguments[0], _instances_only(arguments[1])]  # type: ignore[misc,valid-type]
    if origin is not None or annotation is Any or isinstance(annotation, TypeVar):
        return annotation
    if annotation is Workflow:
        return Annotated[InstanceOf[Workflow], BeforeValidator(_workflow)]
    if isinstance(annotation, type):
        plain = annotation in PLAIN_TYPES or issubclass(annotation, (enum.Enum, Path, list))
        if not plain and annotation not in (type(None), object):
            return InstanceOf[annotation]  # type: ignore[misc]
    return annotation


def _workflow(value: Any) -> Any:
    from .workflow import Workflow

    return Workflow.parse(value) if isinstance(value, Mapping) else value


def is_constrained(annotation: Any) -> bool:
    """Whether an annotation allows less than the port type it names."""
    if typing.get_origin(annotation) in (Union, types_union):
        return any(is_constrained(member) for member in typing.get_args(annotation))
    if typing.get_origin(annotation) in (Annotated, Literal, list, dict):
        return typing.get_origin(annotation) is not list or any(
            is_constrained(member) for member in typing.get_args(annotation)
        )
    return isinstance(annotation, type) and issubclass(annotation, (enum.Enum, Path))


def describe(value: Any) -> str:
    """A value in short, with its type; for messages."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def _first_message(error: ValueError) -> str:
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error)
    first = errors()[0]
    where = ".".join(str(part) for part in first["loc"] if isinstance(part, int))
    message = str(first["msg"])
    message = message[0].lower() + message[1:]
    got = describe(first.get("input"))
    return f"{'item ' + where + ': ' if where else ''}{message}, got {got}"
