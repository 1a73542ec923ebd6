"""Plain values: text and numbers, and what is computed from them."""

from __future__ import annotations

import operator
import re
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
_LONG = re.compile(r"\d{5}")


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
        for _, field, form, _ in Formatter().parse(template):
            if field is not None:
                _check_field(field, form or "")
        return template.format(value=value)
    except (ValueError, IndexError, TypeError) as error:
        raise NodeError(
            f"the template can't be used: {error}",
            hint="see Format String Syntax in the Python documentation",
            port="template",
        ) from None


def _check_field(field: str, form: str) -> None:
    # Fields inside a format would be looked up like any other, with attributes and items.
    if field != "value" or "{" in form:
        raise NodeError("the only field is {value}", hint="write braces twice", port="template")
    if _LONG.search(form):
        raise NodeError(
            f"the format {form[:40]!r} makes too long a text",
            hint="a width or a precision has at most four digits",
            port="template",
        )


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
        raise NodeError(
            f"{a} {operation} {b}: {error}", hint="choose another b", port="b"
        ) from None
    if isinstance(result, complex):
        raise NodeError(
            f"{a} {operation} {b} is no real number",
            hint="of a negative number only whole powers are",
            port="a",
        )
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
        raise NodeError(
            f"these can't be compared: {error}",
            hint="link two numbers or two texts",
            port="b",
        ) from None
