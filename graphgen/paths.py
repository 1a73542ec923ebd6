"""Files as values of named inputs: a ``pathlib.Path`` in place of what documents call it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .problems import InvalidWorkflow, Problem
from .types import ANY, PLAIN_TYPES

_NAMED = frozenset({*PLAIN_TYPES.values(), ANY, "list", "none"})


def paths_in(value: Any) -> Iterator[Path]:
    """The paths that a value is, or holds as a list."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Path):
            yield item
        elif isinstance(item, (list, tuple)):
            pending.extend(reversed(item))


def existing(path: Path, name: str) -> Path:
    """The file or folder of a path, absolute.

    Args:
        name: Of the input that it is given for.

    Raises:
        InvalidWorkflow: There is none.
    """
    try:
        found = path.expanduser().absolute()
        there = found.exists()
    except (OSError, ValueError, RuntimeError):  # no right to look, no name, no such home
        there = False
    if not there:
        hint = None if path.is_absolute() else f"relative paths begin at {Path.cwd()}"
        raise InvalidWorkflow(
            Problem("missing_file", f"the file {str(path)!r} does not exist", None, name, hint)
        )
    return found


def as_literal(value: Any, port_type: str, name_of: Callable[[Any], str | None]) -> Any:
    """A value with the names of files in place of what stands for them.

    A port that takes plain data takes a file's name; one whose type is read from files takes
    an object that says so, ``{"file": name}``.

    Args:
        port_type: Such as ``image`` or ``list[str]``.
        name_of: The name of a file that a value stands for; None if it stands for none.
    """
    if isinstance(value, (list, tuple)):
        inner = port_type.removeprefix("list[")
        named = [as_literal(item, inner, name_of) for item in value]
        return value if all(a is b for a, b in zip(named, value, strict=True)) else named
    name = name_of(value)
    if name is None:
        return value
    if set(re.findall(r"\w+", port_type)) <= _NAMED:
        return name
    return [{"file": name}] if port_type.startswith("list[") else {"file": name}
