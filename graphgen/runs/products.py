"""What a run made: plain data into its record, everything else into files."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..outputs import OutputSaver
from ..plain import is_plain, to_json
from ..problems import Problem
from ..workspace import sync_names
from .compact import to_text
from .rewriting import Rewriting

INLINE_BYTES = 64 << 10
"""Plain data that takes more than this as JSON is a file."""
Item = dict[str, Any]
_MEDIA_TYPES = {
    ".json": "application/json",
    ".txt": "text/plain",
    ".webp": "image/webp",
    ".avif": "image/avif",
}


def keep(
    values: Mapping[str, Any],
    make_saver: Callable[[], OutputSaver],
    folder: Path,
    rewriting: Rewriting,
    key: Hashable,
    *,
    named: bool = True,
    touched: bool = True,
) -> tuple[dict[str, list[Item]], list[Problem]]:
    """Outputs as items for the record, and what could not be saved.

    Args:
        folder: Made if there are files to write; every output is whole in it, or not there,
            and outlives a power cut.
        rewriting: Knows what earlier runs wrote.
        key: What files carry besides their value.
        named: Whether the workflow names these outputs. What it does not name, and has no
            form as a file, is left out without a complaint.
        touched: Whether a node ran, and may have written into the folder.
    """
    items = {name: _inline(value) for name, value in values.items()}
    pending = {name: values[name] for name, inline in items.items() if inline is None}
    problems: list[Problem] = []
    for name, value in list(pending.items()):
        with suppress(OSError):  # of which the saver says what is wrong
            known = rewriting.write(value, (key, name), folder)
            if known is not None:
                items[name] = [_file(path, folder.parent) for path in known]
                del pending[name]
    if pending:
        saved = make_saver().save("", pending, folder)
        for output in saved.outputs:
            items[output.name] = [_file(path, folder.parent) for path in output.paths]
            rewriting.remember(pending[output.name], (key, output.name), output.paths)
        problems = [p for p in saved.problems if named or p.code != "not_saveable"]
    places = {
        (folder.parent / item["file"]).parent
        for found in items.values()
        for item in found or ()
        if "file" in item
    }
    if places:  # the disk may have the row that names the files at any time
        for place in {*places, folder}:  # file systems keep a new folder with what is in it
            sync_names(place)
    elif touched:
        with suppress(OSError):
            folder.rmdir()  # if no node wrote something there
    return {name: found for name, found in items.items() if found is not None}, problems


def _inline(value: Any) -> list[Item] | None:
    """Items of plain data; None if it is too large or no plain data."""
    if not is_plain(value):
        return None
    plain = to_json(value)
    try:
        if len(to_text(plain)) > INLINE_BYTES:
            return None
    except (ValueError, RecursionError):  # the saver says what is wrong with it
        return None
    if not isinstance(plain, list):
        return [{"value": plain}]
    items: list[Item] = [{"value": item} for item in plain]
    if len(items) == 1:
        items[0]["list"] = True  # the only item of a list, not a single value
    return items


def _file(path: Path, root: Path) -> Item:
    return {
        "file": path.relative_to(root).as_posix(),
        "media_type": media_type(path.name),
        "bytes": path.stat().st_size,
    }


def media_type(name: str) -> str:
    """``image/png`` for ``image.png``; bytes of an unknown kind are an octet stream."""
    known = _MEDIA_TYPES.get(Path(name).suffix.lower())
    kind, encoding = mimetypes.guess_type(name)
    return known or ((kind if encoding is None else None) or "application/octet-stream")
