"""Lists. A list that is linked to a single input runs that node once per item."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from pydantic import Field

from graphgen import NodeError, node

MAX_ITEMS = 1_000_000


class Pairs(NamedTuple):
    first: list[Any]
    second: list[Any]


@node("control/range", title="Range")
def number_range(
    start: Annotated[int, Field(description="First number.")] = 0,
    count: Annotated[int, Field(ge=0, le=MAX_ITEMS, description="How many numbers.")] = 10,
    step: Annotated[int, Field(description="Difference from one number to the next.")] = 1,
) -> list[int]:
    """``count`` whole numbers from ``start`` on, ``step`` apart."""
    return [start + step * index for index in range(count)]


@node("control/product", title="All combinations")
def product(first: list[Any], second: list[Any]) -> Pairs:
    """Every pair of an item of the first list and one of the second, row by row.

    Gives two lists of equal length, to be walked in step.
    """
    if len(first) * len(second) > MAX_ITEMS:
        raise NodeError(f"more than {MAX_ITEMS} combinations", hint="shorten one of the lists")
    return Pairs(
        [left for left in first for _ in second],
        [right for _ in first for right in second],
    )


@node("control/pick", title="Pick from list")
def pick(
    values: list[Any],
    index: Annotated[int, Field(description="From 0; negative numbers count from the end.")] = 0,
) -> Any:
    """One item of a list."""
    try:
        return values[index]
    except IndexError:
        raise NodeError(
            f"the list has {len(values)} items, none at index {index}",
            hint=f"0 to {len(values) - 1}, or -1 for the last" if values else "it is empty",
            port="index",
        ) from None


@node("control/count", title="Count items")
def count(values: list[Any]) -> int:
    """The number of items in a list."""
    return len(values)
