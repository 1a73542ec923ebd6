"""Files under a budget of bytes, those first to go that were not used for longest."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from ..workspace import PARTIAL_PREFIX, atomic_file

STALE_SECONDS = 3600


class CacheFolder:
    """Files in a folder by their names, shared by any number of processes.

    Args:
        folder: Made when the first file is written.
        suffix: Of all its files; others in the folder are left alone.
        budget: Bytes.
    """

    def __init__(self, folder: Path, suffix: str, budget: int) -> None:
        self.folder = folder
        self.budget = budget
        self._suffix = suffix
        self._start = os.path.join(folder, "")
        self._lock = threading.Lock()
        self._used: int | None = None

    def path(self, name: str) -> Path:
        """Where the file of a name, in hexadecimal, is if it is there."""
        return Path(self._place(name))

    def read(self, name: str) -> bytes | None:
        """What is in a file, or None. It counts as used only when ``touch`` is called: who
        reads it may not trust it."""
        path = self._place(name)
        # Most of what is asked for is not there. To be told so by an exception, of a path that is
        # made of parts, would cost more than all else that a quick node does.
        if not os.access(path, os.R_OK):
            return None
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            return None

    def _place(self, name: str) -> str:
        return f"{self._start}{name[:2]}/{name}{self._suffix}"

    def touch(self, name: str) -> None:
        """Note that a file was used."""
        with suppress(OSError):  # another process removed it; what was read is good all the same
            os.utime(self.path(name))

    def remove(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)

    def write(self, name: str, data: bytes) -> bool:
        """Keep bytes; False if they are more than the budget, or the disk has no room."""
        if len(data) > self.budget:
            return False
        try:
            with atomic_file(self.path(name)) as temporary:
                temporary.write_bytes(data)
        except OSError:
            return False
        with self._lock:
            if self._used is None:
                self._used = self.usage()[1]
            else:
                self._used += len(data)
            if self._used > self.budget:
                self._used = self._prune()
        return True

    def usage(self) -> tuple[int, int]:
        """Number of files and their bytes."""
        sizes = [size for _, size, _ in self.files()]
        return len(sizes), sum(sizes)

    def files(self) -> list[tuple[float, int, Path]]:
        """Of each file when it was used last, in seconds since the epoch, its bytes, and where
        it is."""
        found = []
        for path in self.folder.glob(f"*/*{self._suffix}"):
            try:
                stat = path.stat()
            except OSError:
                continue
            if not path.name.startswith("."):
                found.append((stat.st_mtime, stat.st_size, path))
        return found

    def clear(self) -> int:
        """Remove every file; returns the bytes given back."""
        total = 0
        for _, size, path in self.files():
            path.unlink(missing_ok=True)
            total += size
        for leftover in self.folder.glob(f"*/{PARTIAL_PREFIX}*"):  # of writers that were killed
            if time.time() - leftover.stat().st_mtime > STALE_SECONDS:
                leftover.unlink(missing_ok=True)
        self._used = 0
        return total

    def _prune(self) -> int:
        files = sorted(self.files())
        used = sum(size for _, size, _ in files)
        for _, size, path in files:
            if used <= self.budget:
                break
            path.unlink(missing_ok=True)
            used -= size
        return used
