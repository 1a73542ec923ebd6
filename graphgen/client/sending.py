"""Inputs as they are sent: files of this machine are uploaded, and named instead."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from ..types import ANY, PLAIN_TYPES
from .file import FileInfo

_NAMED = frozenset({*PLAIN_TYPES.values(), ANY, "list", "none"})

Upload = Callable[[Path], Awaitable[FileInfo]]


async def with_files(
    values: Mapping[str, Any] | None,
    upload: Upload,
    read_schema: Callable[[], Awaitable[Mapping[str, Any]]],
) -> dict[str, Any]:
    """Values of named inputs with every ``Path`` in them uploaded, and every file that is
    on the server already, as the server wants them to be named.

    Args:
        read_schema: Asks for the JSON Schema of the inputs; only if there are files.
    """
    given = dict(values or {})
    if not any(_has_file(value) for value in given.values()):
        return given
    properties = (await read_schema()).get("properties", {})
    return {
        name: await _sent(value, str(properties.get(name, {}).get("portType", ANY)), upload)
        for name, value in given.items()
    }


def _has_file(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_has_file(item) for item in value)
    return isinstance(value, (Path, FileInfo))


async def _sent(value: Any, port_type: str, upload: Upload) -> Any:
    """A port that takes plain data takes a file's name; one whose type is read from files
    takes an object that says so."""
    if isinstance(value, (list, tuple)):
        return [await _sent(item, port_type.removeprefix("list["), upload) for item in value]
    if not isinstance(value, (Path, FileInfo)):
        return value
    name = value.path if isinstance(value, FileInfo) else (await upload(value)).path
    if set(re.findall(r"\w+", port_type)) <= _NAMED:
        return name
    return [{"file": name}] if port_type.startswith("list[") else {"file": name}
