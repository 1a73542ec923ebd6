"""What was used last, in memory, within a budget."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

KEPT_BYTES = 4 << 20
KEPT_COUNT = 1000
K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Values by their key: those used last, ``KEPT_BYTES`` and ``KEPT_COUNT`` of them, but
    one whatever its size. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def get(self, key: K) -> V | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def add(self, key: K, value: V, size: int) -> None:
        """Keep a value of a size in bytes, in the place of one with its key."""
        with self._lock:
            old = self._kept.pop(key, None)
            self._kept[key] = (value, size)
            self._bytes += size - (0 if old is None else old[1])
            while len(self._kept) > 1 and (
                self._bytes > KEPT_BYTES or len(self._kept) > KEPT_COUNT
            ):
                _, (_, gone) = self._kept.popitem(last=False)
                self._bytes -= gone
