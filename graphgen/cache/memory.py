"""A memory tier: values within a byte budget, on one device or in host memory.

What goes first is what is cheapest to have again per byte, aged by use: GreedyDual-Size
(Cao and Irani, "Cost-Aware WWW Proxy Caching Algorithms", 1997), with the seconds that a
value took as its cost. What somebody else holds stays, since letting go of it frees nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any
from weakref import ref

from .held import held_elsewhere
from .values import Weight

ENTRY_OVERHEAD = 200
"""Bytes that one entry costs besides its value, about."""
MOST_HELD = 256
"""How many values in use are passed over before a new one is sent away instead."""
_Place = tuple[float, int, int, "ref[Entry]"]
"""In the order of leaving: priority, last use, and a number that no other has. Weakly, since
an entry that has left is found out only when its turn comes."""
Key = bytes | tuple[int, str]
"""Of a node's outputs, or of a copy: identity of the tensor, and the device."""
_Sharing = dict[int, list["Entry"]]
"""Entries by the memory that they keep."""


class Entry:
    """A value in a tier, or on its way out of one.

    Attributes:
        tier: Where it is kept; None once it was told to leave.
        made_by: The node type that made it.
        source: The tensor of which it is a copy on another device, if it is one.
    """

    __slots__ = (
        "__weakref__", "key", "made_by", "nbytes", "priority", "seconds", "storages", "tier",
        "used", "values",
    )  # fmt: skip
    source: ref[Any] | None = None

    def __init__(
        self,
        key: Key,
        values: tuple[Any, ...],
        seconds: float,
        weight: Weight,
        made_by: str = "",
    ) -> None:
        self.key = key
        self.values = values
        self.seconds = seconds
        nbytes, self.storages, _, _ = weight
        self.nbytes = nbytes + ENTRY_OVERHEAD
        self.tier: MemoryTier | None = None
        self.made_by = made_by
        self.priority: float
        self.used: int

    @property
    def worth(self) -> float:
        """Seconds that a byte of it saves."""
        return self.seconds / self.nbytes


class CopyEntry(Entry):
    """A copy of a tensor on another device."""

    __slots__ = ("source",)

    def __init__(
        self, key: Key, values: tuple[Any], seconds: float, weight: Weight, source: ref[Any]
    ) -> None:
        super().__init__(key, values, seconds, weight)
        self.source = source


class MemoryTier:
    """Not locked: the store that owns it is.

    Args:
        name: The device.
        budget: Bytes.
        index: All entries of the store.
        better: Gives the budget when the one given is first exceeded, or asked for.

    Attributes:
        used: Bytes kept; memory that several values share counts once.
        hits, evictions: How often a value was found, and had to leave.
    """

    def __init__(
        self,
        name: str,
        budget: int,
        index: Mapping[Key, Entry],
        better: Callable[[], int] | None = None,
    ) -> None:
        self.name = name
        self.used = 0
        self.count = 0
        self.hits = 0
        self.evictions = 0
        self._budget = budget
        self._better = better
        self._index = index
        self._shared: _Sharing = {}
        self._heap: list[_Place] | None = None
        self._pushed = count()
        self._ticks = 0
        self._clock = 0.0

    @property
    def budget(self) -> int:
        if self._better is not None:
            self._budget, self._better = max(self._budget, self._better()), None
        return self._budget

    def hit(self, entry: Entry) -> None:
        """Note a use. Needs no lock: a count may miss a beat."""
        self.hits += 1
        # The heap is put right when the entry comes up for eviction.
        self._renew(entry)

    def put(self, entry: Entry) -> list[Entry]:
        """Keep an entry of the index; returns those that have to go, which may be the entry
        itself."""
        if entry.nbytes > self._budget and entry.nbytes > self.budget:
            return [entry]
        if entry.storages or self._heap is not None:
            self._renew(entry)
            self._add(entry)
        else:  # the same, spelled out for the many nodes of large graphs
            entry.priority = self._clock + entry.seconds / entry.nbytes
            self._ticks = entry.used = self._ticks + 1
            entry.tier = self
            self.count += 1
            self.used += entry.nbytes
        if self.used > self._budget and self.used > self.budget:
            return self._make_room(entry)
        return []

    def remove(self, entry: Entry) -> None:
        entry.tier = None
        self.count -= 1
        self.used -= entry.nbytes
        for storage, size in entry.storages:
            sharing = self._shared[storage]
            sharing.remove(entry)
            if sharing:
                self.used += size
            else:
                del self._shared[storage]

    def idle(self, wanted: int | None = None) -> list[Entry]:
        """Take out entries that nobody uses, the cheapest first.

        Args:
            wanted: Bytes to free; all if not given.
        """
        floor = 0 if wanted is None else self.used - wanted
        gone: list[Entry] = []
        leaving: _Sharing = {}
        for entry in sorted(self._own(), key=lambda e: (e.priority, e.used)):
            if self.used <= floor:
                break
            if not self._held(entry, leaving):
                self.remove(entry)
                gone.append(entry)
                _add_to(leaving, entry)
        self.evictions += len(gone)
        return gone

    def clear(self) -> int:
        """Forget everything; returns the bytes given back."""
        for entry in self._own():
            entry.tier = None
        freed, self.used, self.count = self.used, 0, 0
        self._shared.clear()
        self._heap = None
        return freed

    def sharing(self, storage: int) -> Entry | None:
        """An entry that keeps this memory."""
        found = self._shared.get(storage)
        return found[0] if found else None

    def _own(self) -> list[Entry]:
        return [entry for entry in list(self._index.values()) if entry.tier is self]

    def _add(self, entry: Entry) -> None:
        entry.tier = self
        self.count += 1
        self.used += entry.nbytes
        for storage, size in entry.storages:
            sharing = self._shared.get(storage)
            if sharing is None:
                self._shared[storage] = [entry]
            else:
                sharing.append(entry)
                self.used -= size
        if self._heap is not None:
            self._push(self._heap, entry)

    def _renew(self, entry: Entry) -> None:
        entry.priority = self._clock + entry.worth
        self._ticks += 1
        entry.used = self._ticks

    def _push(self, heap: list[_Place], entry: Entry) -> None:
        heapq.heappush(heap, self._place(entry))

    def _place(self, entry: Entry) -> _Place:
        return entry.priority, entry.used, next(self._pushed), ref(entry)

    def _make_room(self, newcomer: Entry) -> list[Entry]:
        """Choose who has to go: as few as it takes of those that are cheaper than the
        newcomer, or only the newcomer if they do not suffice."""
        heap = self._heap
        if heap is None:  # kept only from the first eviction on
            heap = self._heap = [self._place(entry) for entry in self._own()]
            heapq.heapify(heap)
        gone: list[Entry] = []
        held: list[Entry] = []
        leaving: _Sharing = {}
        while self.used > self.budget:
            priority, used, _, known = heapq.heappop(heap)
            entry = known()
            if entry is None or entry.tier is not self:
                continue
            if (entry.priority, entry.used) > (priority, used):  # it goes back in its place
                self._push(heap, entry)
                continue
            if entry is newcomer or len(held) == MOST_HELD:
                for other in gone:
                    self._add(other)
                if entry is not newcomer:
                    held.append(entry)
                self.remove(newcomer)
                gone = [newcomer]
                break
            if self._held(entry, leaving):
                held.append(entry)
                continue
            self.remove(entry)
            gone.append(entry)
            _add_to(leaving, entry)
        self._clock = max(self._clock, gone[-1].priority)
        for entry in held:
            self._renew(entry)
            self._push(heap, entry)
        self.evictions += len(gone)
        return gone

    def _held(self, entry: Entry, leaving: _Sharing) -> bool:
        """Whether anybody uses a value, besides those that share memory with it here and
        those that leave already."""
        if not entry.storages:
            return False
        group, pending = {id(entry): entry}, [entry]
        while pending:
            for storage, _ in pending.pop().storages:
                for other in (*self._shared.get(storage, ()), *leaving.get(storage, ())):
                    if id(other) not in group:
                        group[id(other)] = other
                        pending.append(other)
        return held_elsewhere(group.values())


def _add_to(sharing: _Sharing, entry: Entry) -> None:
    for storage, _ in entry.storages:
        sharing.setdefault(storage, []).append(entry)
