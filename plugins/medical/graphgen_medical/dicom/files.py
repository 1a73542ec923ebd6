"""Files of a folder, a zip archive or one by one. Archives are read in memory: nothing is
unpacked to disk, so a name in an archive can't lead anywhere."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from graphgen import NodeError

MOST_FILES = 20_000
MOST_BYTES = 16 * 2**30
"""Of an archive, unpacked."""
MOST_RATIO = 200
"""Of unpacked to packed, beyond 64 MiB: CT shrinks to a third, a bomb to a thousandth."""
_RATIO_FROM = 64 * 2**20


@dataclass(frozen=True)
class Member:
    """A file that can be opened.

    Attributes:
        name: Its own name, without folders.
        path: Where it lies; of an archive's member, the archive.
        inside: Its name in the archive.
    """

    name: str
    path: Path
    inside: str | None = None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        if self.inside is None:
            with open(self.path, "rb") as stream:
                yield stream
            return
        yield io.BytesIO(self._unpacked(self.inside))

    def _unpacked(self, inside: str) -> bytes:
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(inside)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise NodeError(
                f"{self.name} in {self.path.name} is damaged: {error}",
                hint="the archive was cut off or changed; copy it again",
                code="unreadable_file",
            ) from error


def members(path: Path) -> list[Member]:
    """The files of a folder (with its sub-folders) or of a zip archive, or the one file.

    Hidden files and those that macOS puts beside others are left out.

    Raises:
        NodeError: An archive that is damaged, encrypted, or far larger unpacked.
    """
    if path.is_dir():
        found = []
        for file in sorted(path.rglob("*")):
            if file.is_file() and not _hidden(file.relative_to(path).parts):
                found.append(Member(file.name, file))
                if len(found) > MOST_FILES:
                    raise _too_many(path)
        return found
    if zipfile.is_zipfile(path):
        return _archived(path)
    if path.suffix.lower() == ".zip":
        raise NodeError(
            f"{path.name} is no zip archive, or was cut off: its directory, which stands at the "
            "end, is not there",
            hint="copy it again",
            code="unreadable_file",
        )
    return [Member(path.name, path)]


def _archived(path: Path) -> list[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except zipfile.BadZipFile as error:
        raise NodeError(
            f"{path.name} is no sound zip archive: {error}", code="unreadable_file"
        ) from error
    if len(entries) > MOST_FILES:
        raise _too_many(path)
    packed = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    bomb = unpacked > _RATIO_FROM and unpacked > MOST_RATIO * max(packed, 1)
    if unpacked > MOST_BYTES or bomb:
        raise NodeError(
            f"{path.name} has {packed / 2**20:.0f} MiB but would unpack to "
            f"{unpacked / 2**20:.0f} MiB, which no series of images does",
            hint="unpack it yourself if you trust it, and give the folder",
            code="archive_too_large",
        )
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise NodeError(
            f"{path.name} is encrypted",
            hint="unpack it with its password, and give the folder",
            code="unreadable_file",
        )
    return [
        Member(PurePosixPath(entry.filename).name, path, entry.filename)
        for entry in entries
        if not _hidden(PurePosixPath(entry.filename).parts)
    ]


def _hidden(parts: tuple[str, ...]) -> bool:
    return any(part == "__MACOSX" or (part[0] == "." and part != "..") for part in parts)


def _too_many(path: Path) -> NodeError:
    return NodeError(
        f"{path.name} holds more than {MOST_FILES:,} files",
        hint="give the folder of one patient or one study",
        code="too_many_files",
    )
