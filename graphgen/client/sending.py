"""Inputs as they are sent: files of this machine are uploaded, and named instead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from ..paths import as_literal, existing, paths_in
from ..types import ANY
from .file import FileInfo

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

    Raises:
        InvalidWorkflow: A path does not exist, or can't be read.
    """
    given = dict(values or {})
    paths = {path: existing(path, name) for name in given for path in paths_in(given[name])}
    if not paths and not any(_has_file(value) for value in given.values()):
        return given
    properties = (await read_schema()).get("properties", {})
    sent = {path: (await upload(found)).path for path, found in paths.items()}

    def name_of(value: Any) -> str | None:
        if isinstance(value, FileInfo):
            return value.path
        return sent[value] if isinstance(value, Path) else None

    return {
        name: as_literal(value, str(properties.get(name, {}).get("portType", ANY)), name_of)
        for name, value in given.items()
    }


def _has_file(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_has_file(item) for item in value)
    return isinstance(value, FileInfo)
