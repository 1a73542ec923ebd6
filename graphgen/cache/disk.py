"""The disk tier: one safetensors file per key. Damaged files are removed, never served."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .codec import Codec, Corrupt, NotStorable, metadata_of
from .folder import CacheFolder

SUFFIX = ".safetensors"
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
        self._files = CacheFolder(folder, SUFFIX, budget)

    def read(self, key: bytes) -> Any | None:
        """The value, or None if it is not here, can't be trusted, or memory has no room for it
        now: a node that computes it anew can be helped to get by with less."""
        name = key.hex()
        try:
            data = self._files.read(name)
            if data is None:
                return None
            value = self._codec.decode(data)
        except Corrupt:
            self._files.remove(name)
            return None
        except MemoryError:
            return None
        self._files.touch(name)
        return value

    def read_light(self, key: bytes) -> Any | None:
        """The value with NumPy arrays for tensors, for who only saves it; None also if it
        can't be had that way."""
        name = key.hex()
        try:
            data = self._files.read(name)
            if data is None:
                return None
            value = self._codec.decode_light(data)
        except (NotStorable, Corrupt, MemoryError):  # ``read`` judges what is damaged
            return None
        self._files.touch(name)
        return value

    def write(self, key: bytes, value: Any, made_by: str = "") -> bool:
        """Keep a value; False if it has no form on disk or the disk has no room.

        Args:
            made_by: Node type that made it, for who looks into the cache.
        """
        try:
            data = self._codec.encode(value, {_MADE_BY: made_by})
        except (NotStorable, OSError):
            return False
        return self._files.write(key.hex(), data)

    def has(self, key: bytes) -> bool:
        return self._files.path(key.hex()).is_file()

    def usage(self) -> tuple[int, int]:
        """Number of entries and their bytes."""
        return self._files.usage()

    def by_node_type(self) -> list[KindOnDisk]:
        """What is there by the node type that made it, the largest first. Looks into every
        file."""
        kinds: dict[str, list[tuple[float, int]]] = {}
        for used, size, path in self._files.files():
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
        return self._files.clear()


def _ends(moments: Iterable[float]) -> tuple[float, float]:
    known = list(moments)
    return min(known), max(known)
