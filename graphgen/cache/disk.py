"""The disk tier: one safetensors file per key. Damaged files are removed, never served."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..workspace import PARTIAL_PREFIX, atomic_file
from .codec import Codec, Corrupt, NotStorable

SUFFIX = ".safetensors"
STALE_SECONDS = 3600


class DiskTier:
    """Cache entries in a folder, shared by any number of processes.

    Args:
        folder: Made when the first entry is written.
        budget: Bytes; the entries that were not used for longest go first.
        codec: Knows the port types.
    """

    def __init__(self, folder: Path, codec: Codec, budget: int) -> None:
        self.folder = folder
        self.budget = budget
        self._codec = codec
        self._lock = threading.Lock()
        self._used: int | None = None

    def read(self, key: bytes) -> Any | None:
        """The value, or None if it is not here or can't be trusted."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        try:
            value = self._codec.decode(data)
        except Corrupt:
            path.unlink(missing_ok=True)
            return None
        _touch(path)
        return value

    def read_light(self, key: bytes) -> Any | None:
        """The value with NumPy arrays for tensors, for who only saves it; None also if it
        can't be had that way."""
        path = self._path(key)
        try:
            value = self._codec.decode_light(path.read_bytes())
        except (OSError, NotStorable, Corrupt):  # ``read`` judges what is damaged
            return None
        _touch(path)
        return value

    def write(self, key: bytes, value: Any) -> bool:
        """Keep a value; False if it has no form on disk or the disk has no room."""
        path = self._path(key)
        try:
            data = self._codec.encode(value)
            if len(data) > self.budget:
                return False
            with atomic_file(path) as temporary:
                temporary.write_bytes(data)
        except (NotStorable, OSError):
            return False
        with self._lock:
            if self._used is None:
                self._used = self.usage()[1]
            else:
                self._used += len(data)
            if self._used > self.budget:
                self._used = self._prune()
        return True

    def has(self, key: bytes) -> bool:
        return self._path(key).is_file()

    def usage(self) -> tuple[int, int]:
        """Number of entries and their bytes."""
        sizes = [size for _, size, _ in self._files()]
        return len(sizes), sum(sizes)

    def clear(self) -> int:
        """Remove every entry; returns the bytes given back."""
        total = 0
        for _, size, path in self._files():
            path.unlink(missing_ok=True)
            total += size
        for leftover in self.folder.glob(f"*/{PARTIAL_PREFIX}*"):  # of writers that were killed
            if time.time() - leftover.stat().st_mtime > STALE_SECONDS:
                leftover.unlink(missing_ok=True)
        self._used = 0
        return total

    def _prune(self) -> int:
        files = sorted(self._files())
        used = sum(size for _, size, _ in files)
        for _, size, path in files:
            if used <= self.budget:
                break
            path.unlink(missing_ok=True)
            used -= size
        return used

    def _files(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self.folder.glob(f"*/*{SUFFIX}"):
            try:
                stat = path.stat()
            except OSError:
                continue
            if not path.name.startswith("."):
                found.append((stat.st_mtime, stat.st_size, path))
        return found

    def _path(self, key: bytes) -> Path:
        name = key.hex()
        return self.folder / name[:2] / f"{name}{SUFFIX}"


def _touch(path: Path) -> None:
    """Note that it was used."""
    with suppress(OSError):  # another process removed it; what was read is good all the same
        os.utime(path)
