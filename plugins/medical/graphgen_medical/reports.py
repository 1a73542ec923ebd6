"""Figures of two reports side by side."""

from __future__ import annotations

from typing import Annotated

from graphgen import NodeError, node
from pydantic import Field

from .types import Report


@node("medical/before_after", title="Before and after")
def before_after(
    before: Report,
    after: Report,
    title: Annotated[str, Field(description="Heading of the new report.")] = "Before and after",
) -> Report:
    """Put the figures that two reports share side by side, with the change between them.

    Figures go together by what they are called; their unit has to be the same.
    """
    later = {(what, unit): value for what, value, unit in after.rows}
    rows: list[tuple[str, float, str]] = []
    for what, value, unit in before.rows:
        if (what, unit) in later:
            now = later[what, unit]
            rows += [
                (f"{what}, before", value, unit),
                (f"{what}, after", now, unit),
                (f"{what}, change", now - value, unit),
            ]
    if not rows:
        raise NodeError(
            "the reports share no figure of the same unit",
            hint="measure the same thing twice, in the same units",
            port="after",
            code="different_reports",
        )
    notes = tuple(dict.fromkeys((*before.notes, *after.notes)))
    return Report(title, tuple(rows), notes)
