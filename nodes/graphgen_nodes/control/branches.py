"""Choosing what is computed."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import Field

from graphgen import SKIP, Lazy, NodeError, node

T = TypeVar("T")


@node("control/switch", title="Switch")
async def switch(
    condition: Annotated[bool, Field(description="Which of the two is wanted.")],
    if_true: Lazy[T] | None = None,
    if_false: Lazy[T] | None = None,
) -> T:
    """Pass one of two values on; the other is not computed.

    Where the wanted side is not linked, the output and all that needs it are skipped.
    """
    wanted = if_true if condition else if_false
    return SKIP if wanted is None else await wanted


@node("control/first", title="First available")
def first(values: list[Any]) -> Any:
    """The first of several values whose branch was taken; skipped ones are passed over."""
    return values[0] if values else SKIP


@node("control/stop_unless", title="Stop unless")
def stop_unless(
    condition: Annotated[bool, Field(description="What has to hold.")],
    value: T,
    message: Annotated[str, Field(description="Said when it does not hold.")] = "",
) -> T:
    """Pass a value on if a condition holds, otherwise fail with a message."""
    if not condition:
        raise NodeError(message or "the condition does not hold", port="condition")
    return value
