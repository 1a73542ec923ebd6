"""How two ports go together, decided once per pair and remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..node import SKIP, NodeSpec
from ..ports import InputPort
from ..types import ANY, Fit, TypeExpr, Types, compatible
from .keys import output_tail


class Fitted(NamedTuple):
    """What happens to a value on its way from an output to an input.

    Attributes:
        output: Index of the output in the order of its node's declaration.
        how: Passed, converted, collected or mapped.
        convert: Applied to the value, if the types differ.
        check: Checks the value when it arrives, where planning can't.
        tail: What the link adds to a cache key besides the key of its source.
        plain: The value is taken as it is, and nothing else follows from the link.
    """

    output: int
    how: Fit
    convert: Callable[[Any], Any] | None
    check: Callable[[Any], Any] | None
    tail: bytes | None
    plain: bool


class Fits:
    """The fits between the ports of the node types that an engine knows."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self.memo: dict[tuple[NodeSpec, str, InputPort], Fitted | None] = {}

    def find(self, source: NodeSpec, output: str, target: InputPort) -> Fitted | None:
        """How an output fits an input as both are declared; None if it does not."""
        fitted = self.between(source, output, source.outputs[output].type, target)
        self.memo[source, output, target] = fitted
        return fitted

    def between(
        self,
        source: NodeSpec,
        output: str,
        given: TypeExpr,
        target: InputPort,
        gathered: tuple[str, ...] | None = None,
    ) -> Fitted | None:
        """The same for an output whose type was inferred, or that is gathered with others
        into a value of type ``given``: a dict with these keys, or a list."""
        how = compatible(given, target.type, self._types)
        if how is None:
            return None
        convert = self._conversion(given, target.type)
        tail = output_tail(output, convert)
        if convert is not None:
            convert = _deep(convert, given.depth if gathered is None else given.depth - 1)
        deeper = target.type.depth > given.depth
        opaque = ANY in given.names and (deeper or ANY not in target.type.names)
        narrowed = len(given.names) > 1 and not set(given.names) <= set(target.type.names)
        none = given.optional and not target.type.optional
        check = target.validate if opaque or narrowed or none or target.constrained else None
        index = list(source.outputs).index(output)
        plain = (
            how is Fit.DIRECT
            and convert is None
            and check is None
            and gathered is None
            and not target.lazy
            and target.marker is None
            and target.type.var is None
        )
        return Fitted(index, how, convert, check, tail, plain)

    def _conversion(self, given: TypeExpr, wanted: TypeExpr) -> Callable[[Any], Any] | None:
        if set(given.names) & set(wanted.names) or ANY in (*given.names, *wanted.names):
            return None
        for source in given.names:
            for target in wanted.names:
                if convert := self._types.conversion(source, target):
                    return convert
        return None

    def hint(self, given: TypeExpr) -> str | None:
        names = [target for name in given.names for target in self._types.converts_to(name)]
        return f"{given} also fits {', '.join(names)}" if names else None


def _deep(convert: Callable[[Any], Any], depth: int) -> Callable[[Any], Any]:
    """The conversion for lists nested ``depth`` deep; None and skipped items pass through."""

    def apply(value: Any) -> Any:
        return value if value is None or value is SKIP else convert(value)

    if depth == 0:
        return apply
    inner = _deep(convert, depth - 1)

    def walk(value: Any) -> Any:
        return [inner(item) for item in value] if isinstance(value, (list, tuple)) else value

    return walk
