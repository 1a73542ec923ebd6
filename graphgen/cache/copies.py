"""Copies on a device of tensors that lie elsewhere: made once for all who want them there.

They are entries of the device's tier like any value, and end with the tensor they copy.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from typing import Any
from weakref import ref

from .. import devices
from .memory import CopyEntry, Entry, Key, MemoryTier
from .values import storage_of, weigh


class Copies:
    """Keeps them in the store's index, under its lock."""

    def __init__(self, index: dict[Key, Entry], lock: threading.Lock) -> None:
        self._index = index
        self._lock = lock
        self._gates: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._ended: deque[Key] = deque()

    def get(
        self, tensor: Any, tier: MemoryTier, host: MemoryTier
    ) -> tuple[Any, list[Entry], float | None]:
        """The copy of a tensor on the tier's device; who has to leave for it, which may be
        the copy itself; and the seconds that it took, if it was made now."""
        key = id(tensor), tier.name
        with self._gates[tier.name]:  # one thread at a time copies to a device
            with self._lock:
                self._sweep()
                entry = self._index.get(key)
                if entry is not None and entry.source is not None and entry.source() is tensor:
                    if entry.tier is not None:
                        tier.hit(entry)
                    return entry.values[0], [], None
            began = time.perf_counter()
            copy = devices.to_device(tensor, tier.name)
            seconds = time.perf_counter() - began
            weight = weigh(copy)
            source = ref(tensor, lambda _: self._end(key))
            with self._lock:
                original = host.sharing(storage_of(tensor)[0])
                # As dear as the value that it is a copy of: it is wanted here as much.
                cost = seconds if original is None else original.worth * weight.nbytes
                entry = CopyEntry(key, (copy,), max(cost, seconds), weight, source)
                self._index[key] = entry
                gone = tier.put(entry)
        return copy, gone, seconds

    def _end(self, key: Key) -> None:
        """The tensor is no more. May be called in the midst of anything, by any thread."""
        self._ended.append(key)
        if self._lock.acquire(blocking=False):  # else it is done with the next copy
            try:
                self._sweep()
            finally:
                self._lock.release()

    def _sweep(self) -> None:
        while self._ended:
            key = self._ended.popleft()
            entry = self._index.get(key)
            if entry is not None and entry.source is not None and entry.source() is None:
                if entry.tier is not None:
                    entry.tier.remove(entry)
                del self._index[key]
