"""``@node``: a typed function becomes a node. The signature is the only declaration.

Ports, widgets, validation, documentation and JSON Schema derive from the annotations::

    @node("image/flip", title="Flip image")
    def flip(image: Image, axis: Literal["horizontal", "vertical"] = "horizontal") -> Image:
        '''Mirror images along one axis.'''

The decorator returns the function itself, so a test calls it like any function.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar, Union

from .economy import MEANS, Means
from .fingerprint import encode_literal, source_fingerprint
from .ports import InputMarker, InputPort, OutputPort, is_constrained, output_port
from .problems import GraphgenError, InvalidNode, Problem
from .types import ANY, PLAIN_TYPES, Types, type_expr, types_union

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

_NODE_ID = re.compile(r"^[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)+$")


class _Skip:
    """The value of an output that a node chose not to make."""

    def __repr__(self) -> str:
        return "SKIP"

    def __reduce__(self) -> str:
        return "SKIP"


SKIP: Any = _Skip()
"""Return it (or put it in a NamedTuple's field) to skip an output and all that needs it."""


class Lazy(Generic[T]):
    """An input that is computed only if the node awaits it; for ``async def`` nodes."""

    def __init__(self, resolve: Callable[[], Awaitable[T]]) -> None:
        self._resolve = resolve

    def __await__(self) -> Generator[Any, None, T]:
        return self._resolve().__await__()


@dataclass(frozen=True)
class Fragment:
    """A piece of workflow that a node returns to be planned and run in its place.

    Attributes:
        nodes: Nodes as in a workflow document, by id. A literal may be any Python value.
        outputs: For each output of the returning node a ``{"link": "id.port"}``, a list
            of such links, or a plain value.
        workflows: Subgraphs that the nodes use as ``workflow/NAME``.
        beside: The new nodes stand beside the returning one instead of inside it, so that
            the ids of a loop that continues itself do not grow.
    """

    nodes: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Any]
    workflows: Mapping[str, Any] = field(default_factory=dict)
    beside: bool = False


def _one(**arguments: Any) -> int:
    return 1


@dataclass(frozen=True)
class Batch:
    """How calls of one node are joined into one, those of other runs too.

    Attributes:
        key: Takes the arguments of a call, defaults too, without ``ctx``. Calls of equal keys
            may be joined; None is for a call that stands alone.
        run: Takes the arguments of several calls, each with its own ``ctx``, and returns for
            each what the node would have returned, or the exception that it would have
            raised: ``Cancelled`` from its ``ctx.progress``, for one.
        rows: How much a call counts against the limit of a batch, such as its pictures.
    """

    key: Callable[..., Hashable | None]
    run: Callable[[Sequence[Mapping[str, Any]]], Sequence[Any]]
    rows: Callable[..., int] = _one


@dataclass(frozen=True, eq=False)
class NodeSpec:
    """Everything that graphgen knows of a node type."""

    id: str
    title: str
    version: int
    function: Callable[..., Any]
    inputs: dict[str, InputPort]
    outputs: dict[str, OutputPort]
    volatile: bool
    device: bool
    memory: tuple[str, ...]
    economy: frozenset[Means]
    batch: Batch | None
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]
    source: str | None
    is_async: bool
    takes_context: bool
    several_outputs: bool

    @property
    def category(self) -> str:
        return self.id.split("/", 1)[0]

    @property
    def description(self) -> str:
        return inspect.cleandoc(self.function.__doc__ or "")

    @cached_property
    def lazy_inputs(self) -> tuple[str, ...]:
        return tuple(name for name, port in self.inputs.items() if port.lazy)

    @cached_property
    def containers(self) -> tuple[str, ...]:
        """Inputs whose literals can be lists or dicts."""
        open_ended = {"dict", ANY}
        return tuple(
            name
            for name, port in self.inputs.items()
            if port.type.depth or not open_ended.isdisjoint(port.type.names)
        )

    @cached_property
    def has_lazy(self) -> bool:
        return bool(self.lazy_inputs)

    @cached_property
    def only_output(self) -> OutputPort | None:
        """The output of a node that returns one value as it is."""
        return None if self.several_outputs else next(iter(self.outputs.values()), None)

    def to_dict(self) -> dict[str, Any]:
        """The catalogue entry of this node, for programs and editors."""
        return {
            "id": self.id,
            "title": self.title,
            "version": self.version,
            "category": self.category,
            "description": self.description,
            "volatile": self.volatile,
            "inputs": {
                name: {
                    "type": port.type.to_dict(),
                    "required": port.required,
                    "lazy": port.lazy,
                    "description": port.description,
                    "schema": port.schema(),
                }
                for name, port in self.inputs.items()
            },
            "outputs": {
                name: {"type": port.type.to_dict(), "description": port.description}
                for name, port in self.outputs.items()
            },
        }


@dataclass(frozen=True)
class _Declaration:
    id: str
    title: str
    version: int
    volatile: bool
    device: bool
    memory: tuple[str, ...]
    economy: tuple[Means, ...]
    batch: Batch | None
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]


def node(
    id: str,
    *,
    title: str,
    version: int = 1,
    volatile: bool = False,
    device: bool = False,
    memory: tuple[str, ...] = (),
    economy: tuple[Means, ...] = (),
    batch: Batch | None = None,
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] | None = None,
) -> Callable[[F], F]:
    """Declare a function as a node type.

    The function may change neither its arguments nor what it returned before: both are
    shared with other nodes and with the cache.

    Args:
        id: ``category/name`` in snake case, unique among all packs.
        title: What people read on the node.
        version: Raise it when saved workflows need a migration.
        volatile: Computed anew in every run (a clock, a camera, a random choice).
        device: Works on the run's device, one such node at a time per device.
        memory: Inputs to lower when the node runs out of memory and nothing helps.
        economy: What the node can do with less memory, if it asks ``ctx``: ``offload``
            (``ctx.use``), ``tile`` (``ctx.tile``) and ``split`` (``ctx.rows``). A node that
            runs out of memory is called again, with the same arguments.
        batch: How calls of it are joined into one, for nodes that hold a device.
        migrations: From an old version, a function that takes the saved inputs and
            returns those of the next version.
    """
    declaration = _Declaration(
        id, title, version, volatile, device, memory, economy, batch, dict(migrations or {})
    )

    def declare(function: F) -> F:
        function.__graphgen_node__ = declaration  # type: ignore[attr-defined]
        return function

    return declare


def spec_of(function: Callable[..., Any], types: Types | None = None) -> NodeSpec:
    """Read the declaration of a node function.

    Raises:
        InvalidNode: With every mistake of the declaration, each named by parameter.
    """
    declaration = getattr(function, "__graphgen_node__", None)
    name = getattr(function, "__qualname__", repr(function))
    if not isinstance(declaration, _Declaration):
        raise InvalidNode(
            Problem("not_a_node", f"{name} is not a node", hint="decorate it with @node")
        )
    problems: list[Problem] = []

    def report(message: str, port: str | None = None, hint: str | None = None) -> None:
        problems.append(Problem("invalid_node", message, declaration.id, port, hint))

    if not _NODE_ID.match(declaration.id):
        report("a node's id is category/name in snake case", hint="such as image/resize")
    if not (function.__doc__ or "").strip():
        report("the function has no docstring", hint="say what the node does")
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        report(f"its annotations can't be read: {error}")
        raise InvalidNode(problems) from error
    is_async = inspect.iscoroutinefunction(function)
    inputs: dict[str, InputPort] = {}
    takes_context = False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == "ctx":
            takes_context = True
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            report("*args and **kwargs can't be ports", parameter.name)
            continue
        if parameter.name not in hints:
            report("the parameter has no type hint", parameter.name)
            continue
        try:
            port = _input_port(parameter, hints[parameter.name], types)
        except TypeError as error:
            report(str(error), parameter.name, getattr(error, "hint", None))
            continue
        if port.lazy and not is_async:
            report("a Lazy input needs an async def node", parameter.name)
        unset = port.required or (port.default is None and port.type.optional)
        if not unset and not port.default_plainly_fits:
            try:
                default = port.validate(port.default)
            except (ValueError, GraphgenError) as error:
                report(f"its default is not allowed: {error}", parameter.name)
            else:
                coerced = encode_literal(default) != encode_literal(port.default)
                port = replace(port, default=default, coerced=coerced)
        inputs[parameter.name] = port
    if is_async and declaration.device:
        report("an async node can't hold a device", hint="make it a plain function")
    outputs: dict[str, OutputPort] = {}
    several = False
    if "return" not in hints:
        report("the function has no return type", hint="-> None for no outputs")
    else:
        try:
            outputs, several = _outputs(hints["return"], types)
        except TypeError as error:
            report(f"return type: {error}", hint=getattr(error, "hint", None))
    for lowered in declaration.memory:
        if lowered not in inputs:
            report(f"memory= names {lowered!r}, which is no input")
    for means in declaration.economy:
        if means not in MEANS:
            report(f"economy= names {means!r}", hint=f"known are {', '.join(MEANS)}")
    if declaration.economy and not takes_context:
        report("economy= needs a parameter named ctx, which says how much to save")
    if declaration.batch is not None and not (declaration.device and takes_context):
        report("batch= needs device=True and a parameter named ctx")
    if problems:
        raise InvalidNode(problems)
    return NodeSpec(
        id=declaration.id,
        title=declaration.title,
        version=declaration.version,
        function=function,
        inputs=inputs,
        outputs=outputs,
        volatile=declaration.volatile,
        device=declaration.device,
        memory=declaration.memory,
        economy=frozenset(declaration.economy),
        batch=declaration.batch,
        migrations=declaration.migrations,
        source=source_fingerprint(function),
        is_async=is_async,
        takes_context=takes_context,
        several_outputs=several,
    )


def _input_port(parameter: inspect.Parameter, annotation: Any, types: Types | None) -> InputPort:
    lazy = False
    metadata: tuple[Any, ...] = ()
    inner = annotation
    if typing.get_origin(inner) is Annotated:
        metadata = inner.__metadata__
        inner = typing.get_args(inner)[0]
    members = (inner,)
    if typing.get_origin(inner) in (Union, types_union):
        members = typing.get_args(inner)
    if any(typing.get_origin(member) is Lazy or member is Lazy for member in members):
        lazy = True
        inner = Union[tuple(_awaited(member) for member in members)]
        annotation = Annotated[(inner, *metadata)] if metadata else inner
    expr = type_expr(annotation, types)
    marker = next((item for item in metadata if isinstance(item, InputMarker)), None)
    if marker is not None and (expr.depth or not expr.is_plain):
        raise TypeError(f"{type(marker).__name__} marks a single plain value, not {expr}")
    return InputPort(
        name=parameter.name,
        type=expr,
        annotation=annotation,
        default=parameter.default,
        lazy=lazy,
        marker=marker,
        constrained=bool(metadata) or is_constrained(inner),
    )


def _awaited(member: Any) -> Any:
    if member is Lazy:
        return Any
    return typing.get_args(member)[0] if typing.get_origin(member) is Lazy else member


def _outputs(annotation: Any, types: Types | None) -> tuple[dict[str, OutputPort], bool]:
    if annotation is None or annotation is type(None) or annotation is Fragment:
        return {}, False
    if typing.get_origin(annotation) in (Union, types_union):
        members = [a for a in typing.get_args(annotation) if a is not Fragment]
        annotation = Union[tuple(members)] if len(members) > 1 else members[0]
        if annotation is type(None):
            return {}, False
    if isinstance(annotation, type) and issubclass(annotation, tuple):
        fields = getattr(annotation, "_fields", None)
        if not fields:
            raise TypeError("several outputs are declared as a NamedTuple")
        hints = typing.get_type_hints(annotation, include_extras=True)
        return {name: output_port(name, hints[name], types) for name in fields}, True
    expr = type_expr(annotation, types)
    single = len(expr.names) == 1 and expr.names[0] not in (ANY, *PLAIN_TYPES.values())
    name = expr.names[0] if single else "value"
    return {name: output_port(name, annotation, types)}, False
