"""The history of one saved workflow: a folder of numbered files, never changed."""

from __future__ import annotations

import re
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..workspace import PARTIAL_PREFIX, atomic_file

_NAME = re.compile(r"(\d{6,})\.json")


@dataclass(frozen=True, slots=True)
class Revision:
    """One save. ``time`` is seconds since the epoch, ``bytes`` the size of the file."""

    revision: int
    time: float
    bytes: int


class History:
    """Revisions of a workflow, ``000001.json`` and on.

    Args:
        folder: Made with the first revision.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def numbers(self) -> list[int]:
        """Of the revisions that are kept, rising."""
        try:
            found = [_NAME.fullmatch(path.name) for path in self.folder.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(int(match[1]) for match in found if match)

    def last(self) -> int:
        """The highest number, 0 if there is none."""
        return max(self.numbers(), default=0)

    def number_of(self, data: bytes) -> int:
        """The number of the last revision if it has this content, else 0."""
        last = self.last()
        return last if last and self.path(last).read_bytes() == data else 0

    def revisions(self) -> list[Revision]:
        """The newest first."""
        found = []
        for number in reversed(self.numbers()):
            stat = self.path(number).stat()
            found.append(Revision(number, stat.st_mtime, stat.st_size))
        return found

    def path(self, number: int) -> Path:
        return self.folder / f"{number:06}.json"

    def add(self, data: bytes) -> int:
        """Keep what was saved as the next revision."""
        number = self.last() + 1
        with atomic_file(self.path(number)) as temporary:
            temporary.write_bytes(data)
        return number

    def move_to(self, other: History) -> int:
        """Bring all revisions behind those of another folder, numbered on; returns by how
        much their numbers rise."""
        offset = other.last()
        other.folder.mkdir(parents=True, exist_ok=True)
        for number in self.numbers():
            self.path(number).rename(other.path(offset + number))
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()
        return offset

    def remove(self) -> None:
        """Remove all revisions for good: at once for whoever looks, whatever happens to this
        process meanwhile.

        Raises:
            OSError: They can't be removed; what is left of them stays.
        """
        for left in self.folder.parent.glob(f"{PARTIAL_PREFIX}*"):  # by a process that ended
            shutil.rmtree(left, ignore_errors=True)
        aside = self.folder.with_name(f"{PARTIAL_PREFIX}{secrets.token_hex(8)}")
        self.folder.rename(aside)
        try:
            if aside.is_symlink():
                aside.unlink()
            else:
                shutil.rmtree(aside)
        except OSError:
            with suppress(OSError):
                aside.rename(self.folder)
            raise
