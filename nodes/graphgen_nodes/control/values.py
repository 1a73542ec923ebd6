"""Plain values: text and numbers, and what is computed from them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import Field

from graphgen import NodeError, node

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "floor divide": operator.floordiv,
    "remainder": operator.mod,
    "power": operator.pow,
    "minimum": min,
    "maximum": max,
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "equal": operator.eq,
    "not equal": operator.ne,
    "less": operator.lt,
    "less or equal": operator.le,
    "greater": operator.gt,
    "greater or equal": operator.ge,
}


@node("control/value", title="Value")
def value(value: Any) -> Any:
    """A value to be linked to several inputs: a number, a text, a list."""
    return value


@node("control/format_text", title="Format text")
def format_text(
    template: Annotated[str, Field(description="Text with {value}, such as `seed {value}`.")],
    value: Any = "",
) -> str:
    """Put a value into a text. ``{value:.1f}`` formats it as Python does; ``{{`` is a brace.

    See "Format String Syntax" in the Python documentation; attributes and items of the
    value can't be reached.
    """
    try:
        fields = [field for _, field, _, _ in Formatter().parse(template) if field is not None]
        if any(field != "value" for field in fields):
            raise NodeError("the only field is {value}", hint="write braces twice", port="template")
        return template.format(value=value)
    except (ValueError, IndexError) as error:
        raise NodeError(f"the template can't be used: {error}", port="template") from None


@node("control/arithmetic", title="Arithmetic")
def arithmetic(
    a: float,
    b: float,
    operation: Literal[
        "add",
        "subtract",
        "multiply",
        "divide",
        "floor divide",
        "remainder",
        "power",
        "minimum",
        "maximum",
    ] = "add",
) -> float:
    """Compute with two numbers."""
    try:
        result = _ARITHMETIC[operation](a, b)
    except (ZeroDivisionError, OverflowError) as error:
        raise NodeError(f"{a} {operation} {b}: {error}", port="b") from None
    if isinstance(result, complex):
        raise NodeError(f"{a} {operation} {b} is no real number", port="a")
    return float(result)


@node("control/compare", title="Compare")
def compare(
    a: Any,
    b: Any,
    operation: Literal[
        "equal", "not equal", "less", "less or equal", "greater", "greater or equal"
    ] = "equal",
) -> bool:
    """Compare two numbers or two texts."""
    try:
        return bool(_COMPARISONS[operation](a, b))
    except TypeError as error:
        raise NodeError(f"these can't be compared: {error}", port="b") from None
