"""Branches, loops, lists, text and numbers. Nothing here is special to the engine: these
nodes use the same laziness, skipping and fragments as any pack may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphgen import hookimpl

from . import branches, lists, loops, values


@hookimpl
def graphgen_nodes() -> list[Callable[..., Any]]:
    return [
        branches.switch,
        branches.first,
        branches.stop_unless,
        loops.for_each,
        loops.while_,
        lists.number_range,
        lists.product,
        lists.pick,
        lists.count,
        values.value,
        values.format_text,
        values.arithmetic,
        values.compare,
    ]
