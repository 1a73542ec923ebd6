"""The disk tier: one safetensors file per key. Damaged files are removed, never served."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..workspace import PARTIAL_PREFIX, atomic_file
from .codec import Codec, Corrupt, NotStorable, metadata_of

SUFFIX = ".safetensors"
STALE_SECONDS = 3600
_MADE_BY = "made_by"


@dataclass(frozen=True)
class KindOnDisk:
    """Entries that one node type made.

    Attributes:
        made_by: The node type; empty if an entry does not tell.
        entries: How many.
        nbytes: Their size.
        oldest: When the one that was not used for longest was last used, in seconds since
            the epoch.
        newest: When one of them was last used.
    """

    made_by: str
    entries: int
    nbytes: int
    oldest: float
    newest: float


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

    def write(self, key: bytes, value: Any, made_by: str = "") -> bool:
        """Keep a value; False if it has no form on disk or the disk has no room.

        Args:
            made_by: Node type that made it, for who looks into the cache.
        """
        path = self._path(key)
        try:
            data = self._codec.encode(value, {_MADE_BY: made_by})
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

    def by_node_type(self) -> list[KindOnDisk]:
        """What is there by the node type that made it, the largest first. Looks into every
        file."""
        kinds: dict[str, list[tuple[float, int]]] = {}
        for used, size, path in self._files():
            try:
                with path.open("rb") as stream:
                    made_by = metadata_of(stream).get(_MADE_BY, "")
            except OSError:  # removed since
                continue
            kinds.setdefault(made_by, []).append((used, size))
        told = [
            KindOnDisk(made_by, len(found), sum(s for _, s in found), *_ends(u for u, _ in found))
            for made_by, found in kinds.items()
        ]
        return sorted(told, key=lambda kind: -kind.nbytes)

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


def _ends(moments: Iterable[float]) -> tuple[float, float]:
    known = list(moments)
    return min(known), max(known)
