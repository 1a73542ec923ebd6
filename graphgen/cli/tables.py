"""Text in columns."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BEYOND = 2**53
"""A bound from here on is no news to a person."""
_WIDEST = 40


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines that show rows; the last column is wrapped on a terminal."""
    count = max(map(len, rows), default=0)
    widths = [
        min(_WIDEST, max((len(row[at]) for row in rows if at < len(row)), default=0))
        for at in range(count - 1)
    ]
    for row in rows:
        head = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False))
        last = row[-1] if len(row) == count else ""
        yield from _wrapped(f"{head}  " if head else "", last)


def limits(schema: Mapping[str, Any]) -> str:
    """What a JSON Schema allows, in words: ``(1 to 1000, a multiple of 8)``."""
    return f"({', '.join(words)})" if (words := _limits(schema)) else ""


def _limits(schema: Mapping[str, Any]) -> list[str]:
    bounds = {key: value for key, value in schema.items() if _is_bound(value)}
    words = []
    if {"minimum", "maximum"} <= bounds.keys():
        words.append(f"{bounds['minimum']} to {bounds['maximum']}")
    elif "minimum" in bounds:
        words.append(f"at least {bounds['minimum']}")
    elif "maximum" in bounds:
        words.append(f"at most {bounds['maximum']}")
    for key, text in (
        ("exclusiveMinimum", "more than {}"),
        ("exclusiveMaximum", "less than {}"),
        ("multipleOf", "a multiple of {}"),
        ("minLength", "at least {} characters"),
        ("maxLength", "at most {} characters"),
    ):
        if key in bounds:
            words.append(text.format(bounds[key]))
    if "enum" in schema:
        words.append("one of " + ", ".join(map(str, schema["enum"])))
    for option in schema.get("anyOf", ()):
        words.extend(_limits(option))
    return words


def _is_bound(value: Any) -> bool:
    return isinstance(value, (int, float)) and abs(value) < _BEYOND


def _wrapped(head: str, text: str) -> Iterator[str]:
    width = shutil.get_terminal_size().columns - len(head) if sys.stdout.isatty() else 0
    if width < 20:
        yield f"{head}{text}".rstrip()
        return
    lines = textwrap.wrap(text, width) or [""]
    yield f"{head}{lines[0]}".rstrip()
    for line in lines[1:]:
        yield " " * len(head) + line
