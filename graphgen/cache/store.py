"""One store over the tiers: device memory, host memory, disk. Equal work is done once."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .. import devices
from ..activity import Activity, Kind, Observe
from .copies import Copies
from .disk import DiskTier
from .memory import Entry, Key, MemoryTier
from .stats import CacheStats
from .transfer import on_device, to_host
from .values import weigh

Values = tuple[Any, ...]
Waiter = Callable[[Any, "Values | None"], None]
T = TypeVar("T")
FIRST_HOST_BYTES = 256 << 20
"""What the host tier takes before it looks how much is free."""
DISK_MIN_SECONDS = 0.001
"""What took less is cheaper to make again than to read from disk."""
DISK = "disk"
_log = logging.getLogger("graphgen")


class _Pending:
    def __repr__(self) -> str:
        return "PENDING"


PENDING = _Pending()
"""Somebody else is computing it; the waiter will be called."""


class Cache:
    """Outputs of nodes by key, for all runs of an engine.

    A value stays on the device that made it until that device's budget is exceeded; then
    it moves to host memory, and from there it is dropped. What the disk tier may hold is
    written when it is made, and again if it has gone from there when it is dropped. A value
    that somebody uses stays where it is.

    Args:
        host_bytes: Budget of host memory; 0 turns that tier off. If not given, a share of
            what is free, see ``devices.default_budget``.
        device_bytes: Budgets of other devices by name; for one that is not named, a share of
            what is free when its first value comes.
        disk: The disk tier, if there is one.
        observe: Told what is moved, evicted, dropped, read and written.
    """

    def __init__(
        self,
        host_bytes: int | None = None,
        device_bytes: Mapping[str, int] | None = None,
        disk: DiskTier | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._index: dict[Key, Entry] = {}
        self._lock = threading.Lock()
        self._budgets = {devices.full_name(d): size for d, size in (device_bytes or {}).items()}
        if host_bytes is not None:
            self._budgets[devices.HOST] = host_bytes
        self._tiers: dict[str, MemoryTier] = {}
        self._host = self._tier(devices.HOST)
        for device in self._budgets:
            self._tier(device)
        self._disk = disk
        self._observe = observe
        self._flights: dict[bytes, list[tuple[Waiter, Any]] | None] = {}
        self._disk_hits = 0
        self._misses = 0
        self._moves: Counter[tuple[str, str]] = Counter()
        self._copies = Copies(self._index, self._lock)

    def get(self, key: bytes) -> Values | None:
        """The outputs that are kept under a key, from whichever tier has them."""
        # No lock: one lookup in a dict, and a count that may miss a beat.
        entry = self._index.get(key)
        if entry is not None:
            tier = entry.tier
            if tier is not None:  # else it is on its way to another
                tier.hit(entry)
            return entry.values
        return None if self._disk is None else self._from_disk(key)

    def at_rest(self, keys: Sequence[bytes]) -> list[Values] | None:
        """The outputs under all of these keys from the disk tier, with NumPy arrays for
        tensors and without importing torch; None if one of them can't be had that way."""
        if self._disk is None:
            return None
        found = []
        for key in keys:
            began = time.perf_counter()
            values = self._disk.read_light(key)
            if values is None:
                return None
            found.append(values)
            size = weigh(values).nbytes
            self._count("read", key, time.perf_counter() - began, size, DISK, devices.HOST)
        self._disk_hits += len(found)
        return found

    def claim(self, key: bytes, waiter: Waiter, who: Any = None) -> Values | _Pending | None:
        """The outputs, or the duty to compute them (None), or ``PENDING``.

        Whoever got None must ``settle`` or ``abandon``. A waiter is called with ``who``
        from the thread that does so, and with the outputs, or None if it has to claim
        again.
        """
        with self._lock:
            entry = self._index.get(key)
            if entry is not None:
                if entry.tier is not None:
                    entry.tier.hit(entry)
                return entry.values
            if key in self._flights:
                waiting = self._flights[key]
                if waiting is None:
                    self._flights[key] = [(waiter, who)]
                else:
                    waiting.append((waiter, who))
                return PENDING
            self._flights[key] = None
        if self._disk is not None:
            try:
                values = self._from_disk(key)
            except BaseException:  # interrupted by hand: others must not wait for ever
                self._land(key, None)
                raise
            if values is not None:
                self._land(key, values)
                return values
        self._misses += 1
        return None

    def settle(self, key: bytes, values: Values, seconds: float, made_by: str = "") -> None:
        """Keep the outputs that were computed after a ``claim``, and tell who waits.

        Args:
            seconds: What they took.
            made_by: The node type.
        """
        # Most nodes of a large graph give one value.
        weight = weigh(values[0] if len(values) == 1 else values)
        _, _, device, spread = weight
        if spread:
            values = to_host(values)
            weight = weigh(values)
            device = devices.HOST
        entry = Entry(key, values, seconds, weight, made_by)
        tier = self._tiers.get(device) or self._tier(device)
        with self._lock:
            if self._index.setdefault(key, entry) is entry:
                gone = tier.put(entry)
            else:
                gone = self._put(entry, tier)
            waiting = self._flights.pop(key, None)
        if waiting:
            for waiter, who in waiting:
                waiter(who, values)
        if gone:
            self._leave(gone, tier)
        if self._disk is not None and seconds >= DISK_MIN_SECONDS:
            self._write(key, entry, values, device)

    def abandon(self, key: bytes) -> None:
        """Give a claim back: the computation failed, or its outputs can't be kept."""
        self._land(key, None)

    def on_device(self, value: T, device: str) -> T:
        """The same value with its torch tensors on a device. A tensor is copied there once,
        for all who ask as long as it lives and the copy has room; who gets it must not
        change it. NumPy arrays stay what they are."""
        return on_device(value, device, self._copy_on)

    def evict(self, device: str, wanted: int | None = None) -> int:
        """Move values that nobody uses from a device to host memory, the cheapest first; from
        host memory they are dropped.

        Args:
            wanted: Bytes to free; all that can be if not given.

        Returns:
            Bytes that were freed.
        """
        tier = self._tiers.get(devices.full_name(device))
        if tier is None:
            return 0
        with self._lock:
            before = tier.used
            gone = tier.idle(wanted)
            freed = before - tier.used
        self._leave(gone, tier)
        return freed

    def clear(self) -> int:
        """Forget what is in memory; returns the bytes given back."""
        with self._lock:
            freed = sum(tier.clear() for tier in self._tiers.values())
            self._index.clear()
        return freed

    def stats(self) -> CacheStats:
        with self._lock:
            stats = CacheStats.of(self._tiers.values(), self._misses, self._moves)
        if self._disk is not None:
            entries, nbytes = self._disk.usage()
            stats.add(DISK, self._disk_hits, nbytes, entries, self._disk.budget)
        return stats

    def _tier(self, device: str) -> MemoryTier:
        with self._lock:
            tier = self._tiers.get(device)
            if tier is None:
                budget = self._budgets.get(device)
                better = None
                if budget is None and devices.is_host(device):
                    budget, better = FIRST_HOST_BYTES, lambda: devices.default_budget(device)
                elif budget is None:
                    budget = devices.default_budget(device)
                tier = self._tiers[device] = MemoryTier(device, budget, self._index, better)
            return tier

    def _put(self, entry: Entry, tier: MemoryTier) -> list[Entry]:
        """Keep an entry, in place of another under its key; called with the lock held."""
        key = entry.key
        old = self._index.get(key)
        if old is not None and old.tier is not None:
            old.tier.remove(old)
        self._index[key] = entry
        return tier.put(entry)

    def _copy_on(self, tensor: Any, device: str) -> Any:
        if devices.is_host(device):
            return tensor.cpu()
        tier = self._tiers.get(device) or self._tier(device)
        copy, gone, seconds = self._copies.get(tensor, tier, self._host)
        if seconds is not None:
            came_from = str(tensor.device)
            self._count("move", "", seconds, int(tensor.nbytes), came_from, device)
        self._leave(gone, tier)
        return copy

    def _leave(self, gone: list[Entry], tier: MemoryTier) -> None:
        """Take what a tier had no room for to the next one. It can be found all the while, so
        that nobody makes it anew."""
        for entry in gone:
            if entry.source is not None or tier is self._host:
                self._drop(entry, tier)
            else:
                self._demote(entry, tier)

    def _demote(self, entry: Entry, tier: MemoryTier) -> None:
        """From a device to host memory."""
        began = time.perf_counter()
        try:
            values = to_host(entry.values)
        except Exception:  # no memory there either
            _log.exception("a value could not be moved from %s to host memory", tier.name)
            self._forget(entry)
            return
        moved = Entry(entry.key, values, entry.seconds, weigh(values), entry.made_by)
        with self._lock:
            if self._index.get(entry.key) is not entry:  # forgotten, or made anew
                return
            gone = self._put(moved, self._host)
        spent = time.perf_counter() - began
        self._count("evict", entry.key, spent, entry.nbytes, tier.name, devices.HOST)
        for each in gone:
            self._drop(each, self._host)

    def _drop(self, entry: Entry, tier: MemoryTier) -> None:
        """From memory, to disk if it is worth it and is not there."""
        key, disk = entry.key, self._disk
        worth_it = disk is not None and entry.seconds >= DISK_MIN_SECONDS
        if worth_it and isinstance(key, bytes) and not disk.has(key):  # type: ignore[union-attr]
            self._write(key, entry, entry.values, tier.name)
        self._forget(entry)
        self._count("drop", entry.key, 0.0, entry.nbytes, tier.name, "")

    def _forget(self, entry: Entry) -> None:
        with self._lock:
            if self._index.get(entry.key) is entry:
                del self._index[entry.key]

    def _from_disk(self, key: bytes) -> Values | None:
        assert self._disk is not None
        began = time.perf_counter()
        values = self._disk.read(key)
        if values is None:
            return None
        self._disk_hits += 1
        weight = weigh(values)
        self._count("read", key, time.perf_counter() - began, weight.nbytes, DISK, devices.HOST)
        with self._lock:
            gone = self._put(Entry(key, values, DISK_MIN_SECONDS, weight), self._host)
        self._leave(gone, self._host)
        return values

    def _write(self, key: bytes, entry: Entry, values: Values, device: str) -> None:
        assert self._disk is not None
        began = time.perf_counter()
        if self._disk.write(key, values, entry.made_by):
            spent = time.perf_counter() - began
            self._count("write", key, spent, entry.nbytes, device, DISK)

    def _land(self, key: bytes, values: Values | None) -> None:
        with self._lock:
            waiting = self._flights.pop(key, None)
        for waiter, who in waiting or ():
            waiter(who, values)

    def _count(
        self, kind: Kind, key: Key | str, seconds: float, nbytes: int, device: str, to: str
    ) -> None:
        if to:
            with self._lock:
                self._moves[device, to] += 1
        if self._observe is not None:
            name = key.hex()[:8] if isinstance(key, bytes) else ""
            self._observe(Activity(kind, name, time.time() - seconds, seconds, nbytes, device, to))
