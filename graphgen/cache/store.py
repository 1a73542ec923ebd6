"""One store over the tiers: device memory, host memory, disk. Equal work is done once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .disk import DiskTier
from .memory import ENTRY_OVERHEAD, Entry, MemoryTier
from .values import measure, to_host

Values = tuple[Any, ...]
Waiter = Callable[[Any, "Values | None"], None]
DEFAULT_HOST_BYTES = 2 << 30
DISK_MIN_SECONDS = 0.001
"""What took less is cheaper to make again than to read from disk."""


class _Pending:
    def __repr__(self) -> str:
        return "PENDING"


PENDING = _Pending()
"""Somebody else is computing it; the waiter will be called."""


@dataclass
class CacheStats:
    """Hits by tier (``cpu``, ``cuda:0``, ``disk``), misses, and bytes held by tier."""

    hits: dict[str, int] = field(default_factory=dict)
    misses: int = 0
    nbytes: dict[str, int] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)


class Cache:
    """Outputs of nodes by key, for all runs of an engine.

    A value stays on the device that made it until that device's budget is exceeded; then
    it moves to host memory, and from there it is dropped. What the disk tier may hold is
    written when it is made.

    Args:
        host_bytes: Budget of host memory; 0 turns the memory tiers off.
        device_bytes: Budgets of other devices by name; one that is not named has no tier
            of its own, and its values are kept in host memory.
        disk: The disk tier, if there is one.
    """

    def __init__(
        self,
        host_bytes: int = DEFAULT_HOST_BYTES,
        device_bytes: Mapping[str, int] | None = None,
        disk: DiskTier | None = None,
    ) -> None:
        self._tiers = {"cpu": MemoryTier(host_bytes)}
        self._tiers.update({name: MemoryTier(b) for name, b in (device_bytes or {}).items()})
        self._each = tuple(self._tiers.values())
        self._host = self._tiers["cpu"]
        self._disk = disk
        self._lock = threading.Lock()
        self._flights: dict[bytes, list[tuple[Waiter, Any]] | None] = {}
        self._disk_hits = 0
        self._misses = 0

    def get(self, key: bytes) -> Values | None:
        """The outputs kept under a key, from whichever tier has them."""
        # No lock: one lookup in a dict, and a count that may miss a beat.
        for tier in self._each:
            if key in tier.entries and (found := self._lookup(key)) is not None:
                return found
        return None if self._disk is None else self._from_disk(key)

    def at_rest(self, keys: Sequence[bytes]) -> list[Values] | None:
        """The outputs under all of these keys from the disk tier, with NumPy arrays for
        tensors and without importing torch; None if one of them can't be had that way."""
        if self._disk is None:
            return None
        found = []
        for key in keys:
            values = self._disk.read_light(key)
            if values is None:
                return None
            found.append(values)
        self._disk_hits += len(found)
        return found

    def claim(self, key: bytes, waiter: Waiter, who: Any = None) -> Values | _Pending | None:
        """The outputs, or the duty to compute them (None), or ``PENDING``.

        Whoever got None must ``settle`` or ``abandon``. A waiter is called with ``who``
        from the thread that does so, and with the outputs, or None if it has to claim
        again.
        """
        with self._lock:
            found = self._lookup(key)
            if found is not None:
                return found
            if key in self._flights:
                waiting = self._flights[key]
                if waiting is None:
                    self._flights[key] = [(waiter, who)]
                else:
                    waiting.append((waiter, who))
                return PENDING
            self._flights[key] = None
        if self._disk is not None:
            values = self._from_disk(key)
            if values is not None:
                self._land(key, values)
                return values
        self._misses += 1
        return None

    def settle(self, key: bytes, values: Values, seconds: float) -> None:
        """Keep the outputs that were computed after a ``claim``, and tell who waits."""
        # Most nodes of a large graph give one value.
        size, device = measure(values[0] if len(values) == 1 else values)
        kept, tier = values, self._tiers.get(device)
        if tier is None:
            kept, tier = to_host(values), self._host
        with self._lock:
            gone = tier.put(key, Entry(kept, seconds, size + ENTRY_OVERHEAD))
            waiting = self._flights.pop(key, None)
        if waiting:
            for waiter, who in waiting:
                waiter(who, values)
        if gone and tier is not self._host:
            self._demote(gone)
        if self._disk is not None and seconds >= DISK_MIN_SECONDS:
            self._disk.write(key, values)

    def abandon(self, key: bytes) -> None:
        """Give a claim back: the computation failed, or its outputs can't be kept."""
        self._land(key, None)

    def clear(self) -> int:
        """Forget what is in memory; returns the bytes given back."""
        with self._lock:
            return sum(tier.clear() for tier in self._tiers.values())

    def stats(self) -> CacheStats:
        with self._lock:
            stats = CacheStats({"disk": self._disk_hits} if self._disk_hits else {}, self._misses)
            for name, tier in self._tiers.items():
                if tier.hits:
                    stats.hits[name] = tier.hits
                stats.nbytes[name] = tier.used
                stats.entries[name] = len(tier.entries)
        if self._disk is not None:
            stats.entries["disk"], stats.nbytes["disk"] = self._disk.usage()
        return stats

    def _lookup(self, key: bytes) -> Values | None:
        for tier in self._each:
            if key in tier.entries:
                entry = tier.get(key)
                if entry is not None:  # another thread may have evicted it
                    return entry.values
        return None

    def _from_disk(self, key: bytes) -> Values | None:
        assert self._disk is not None
        values = self._disk.read(key)
        if values is None:
            return None
        self._disk_hits += 1
        size, _ = measure(values)
        with self._lock:
            self._host.put(key, Entry(values, DISK_MIN_SECONDS, size + ENTRY_OVERHEAD))
        return values

    def _demote(self, gone: list[tuple[bytes, Entry]]) -> None:
        """Move what a device had no room for to host memory."""
        for key, entry in gone:
            moved = Entry(to_host(entry.values), entry.seconds, entry.nbytes)
            with self._lock:
                self._host.put(key, moved)

    def _land(self, key: bytes, values: Values | None) -> None:
        with self._lock:
            waiting = self._flights.pop(key, None)
        for waiter, who in waiting or ():
            waiter(who, values)
