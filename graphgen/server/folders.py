"""Folders that clients send, such as a DICOM series: one form, whose files become a folder of
the inputs together or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from ..workspace import PARTIAL_PREFIX
from .answers import Refused
from .places import checked_name
from .services import Services
from .uploads import Kept, check_upload, flush, refuse_pickle, write_pieces

MOST_FILES = 10_000
DEEPEST = 16

_PLACING = threading.Lock()
Sent = AsyncIterator[tuple[str, AsyncIterator[bytes]]]


async def keep_folder(parts: Services, root: Path, name: str, files: Sent) -> Kept:
    """Write the files of a form into a new folder.

    A folder of the same name and content is not written again; one of other content gets
    the next free name, ``series-2``. All files together are limited as a single one is.

    Args:
        name: A checked name.
        files: Each with its path in the folder, ``/`` between its parts.

    Raises:
        Refused: A file is refused, or has no path that can be, or there are none or too many;
            nothing is left of the folder then.
    """
    aside = root / f"{PARTIAL_PREFIX}{secrets.token_hex(6)}"
    digests: dict[str, str] = {}
    total = 0
    try:
        async for sent, pieces in files:
            path = _checked_path(sent)
            if path in digests:
                raise Refused(400, "bad_form", f"{path[:80]!r} is sent twice")
            if len(digests) >= MOST_FILES:
                raise Refused(413, "too_many", f"a folder has at most {MOST_FILES} files")
            refuse_pickle(path)
            target = aside / path
            with await parts.call(_open, target) as stream:
                digests[path], total = await write_pieces(parts, stream, pieces, total)
                await parts.call(flush, stream)
            await parts.call(check_upload, target, path, parts.limits.pixels)
        if not digests:
            raise Refused(400, "bad_form", "the form has no field named file")
        return Kept(await parts.call(_place, aside, root, name, digests), total)
    finally:
        await parts.call(shutil.rmtree, aside, True)


def _checked_path(sent: str) -> str:
    """Its parts are names as those of single files are."""
    names = [part for part in sent.split("/") if part]
    if not names or len(names) > DEEPEST:
        raise Refused(400, "bad_name", f"{sent[:80]!r} is no path in a folder")
    return "/".join(map(checked_name, names))


def _open(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except (FileExistsError, NotADirectoryError):  # names that this file system does not tell apart
        raise Refused(400, "bad_form", f"{path.name[:80]!r} is sent twice") from None


def _place(aside: Path, root: Path, name: str, digests: dict[str, str]) -> str:
    """Give the folder its name; never one that is taken."""
    free, number = name, 1
    with _PLACING:
        while (target := root / free).exists():
            if _digests(target) == digests:
                return free
            number += 1
            free = f"{name}-{number}"
        os.rename(aside, target)
    return free


def _digests(folder: Path) -> dict[str, str]:
    """Of every file below a folder, by its path."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            found[path.relative_to(folder).as_posix()] = digest
    return found
