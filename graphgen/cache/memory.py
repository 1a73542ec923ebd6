"""A memory tier: values by key within a byte budget.

What goes first is what is cheapest to have again per byte, aged by use: GreedyDual-Size
(Cao and Irani, "Cost-Aware WWW Proxy Caching Algorithms", 1997), with the seconds that a
value took as its cost.
"""

from __future__ import annotations

import heapq
from typing import Any

ENTRY_OVERHEAD = 200
"""Bytes that one entry costs besides its value, about."""


class Entry:
    __slots__ = ("nbytes", "priority", "seconds", "used", "values")

    def __init__(self, values: tuple[Any, ...], seconds: float, nbytes: int) -> None:
        self.values = values
        self.seconds = seconds
        self.nbytes = nbytes
        self.priority = 0.0
        self.used = 0


class MemoryTier:
    """Not locked: the store that owns it is."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.used = 0
        self.hits = 0
        self.entries: dict[bytes, Entry] = {}
        self._heap: list[tuple[float, int, bytes]] | None = None
        self._ticks = 0
        self._clock = 0.0

    def get(self, key: bytes) -> Entry | None:
        entry = self.entries.get(key)
        if entry is not None:
            self.hits += 1
            # The heap is put right when the entry comes up for eviction.
            entry.priority = self._clock + entry.seconds / entry.nbytes
            self._ticks += 1
            entry.used = self._ticks
        return entry

    def put(self, key: bytes, entry: Entry) -> list[tuple[bytes, Entry]]:
        """Keep an entry; returns those that had to go, which may be the entry itself."""
        if entry.nbytes > self.budget:
            return [(key, entry)]
        old = self.entries.get(key)
        if old is not None:
            self.used -= old.nbytes
        entry.priority = self._clock + entry.seconds / entry.nbytes
        self._ticks += 1
        entry.used = self._ticks
        self.entries[key] = entry
        self.used += entry.nbytes
        if self._heap is not None:
            heapq.heappush(self._heap, (entry.priority, entry.used, key))
        return self._evict() if self.used > self.budget else []

    def clear(self) -> int:
        freed, self.used = self.used, 0
        self.entries.clear()
        self._heap = None
        return freed

    def _evict(self) -> list[tuple[bytes, Entry]]:
        heap = self._heap
        if heap is None:  # kept only from the first eviction on
            heap = self._heap = [(e.priority, e.used, key) for key, e in self.entries.items()]
            heapq.heapify(heap)
        gone = []
        while self.used > self.budget and heap:
            priority, used, key = heapq.heappop(heap)
            entry = self.entries.get(key)
            if entry is None:
                continue
            if (entry.priority, entry.used) > (priority, used):  # it goes back in its place
                heapq.heappush(heap, (entry.priority, entry.used, key))
                continue
            self._clock = max(self._clock, priority)
            del self.entries[key]
            self.used -= entry.nbytes
            gone.append((key, entry))
        return gone
