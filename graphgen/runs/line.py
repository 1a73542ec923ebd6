"""The order in which runs wait: higher priorities first, and by place within each."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .record import RunRecord


@dataclass(slots=True)
class Entry:
    """A run that is not over.

    Attributes:
        record: As it stands.
        seq: Its number in the history.
        place: Among its equals in priority, lower goes first.
        document: Hash of its workflow.
    """

    record: RunRecord
    seq: int
    place: int
    document: bytes

    @property
    def run_id(self) -> str:
        return self.record.run_id

    @property
    def key(self) -> tuple[int, int, int]:
        return (-self.record.priority, self.place, self.seq)


class Line:
    """Waiting runs in their order. Not for several threads at once."""

    def __init__(self) -> None:
        self._keys: list[tuple[int, int, int]] = []
        self._by_key: dict[tuple[int, int, int], Entry] = {}
        self._by_id: dict[str, Entry] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[Entry]:
        return (self._by_key[key] for key in self._keys)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._by_id

    def get(self, run_id: str) -> Entry | None:
        return self._by_id.get(run_id)

    @property
    def first(self) -> Entry | None:
        """Whose turn is next; None if nobody waits."""
        return self._by_key[self._keys[0]] if self._keys else None

    def add(self, entry: Entry) -> int:
        """Put a run where it belongs; returns how many are before it."""
        key = entry.key
        self._by_id[entry.run_id] = self._by_key[key] = entry
        insort(self._keys, key)
        return bisect_left(self._keys, key)

    def position(self, run_id: str) -> int:
        """How many are before a run; 0 if it does not wait."""
        entry = self._by_id.get(run_id)
        return 0 if entry is None else bisect_left(self._keys, entry.key)

    def take(self) -> Entry | None:
        """Remove and return the first, or None if nobody waits."""
        return self.remove(self._by_key[self._keys[0]].run_id) if self._keys else None

    def remove(self, run_id: str) -> Entry:
        """Take one out that waits."""
        entry = self._by_id.pop(run_id)
        del self._by_key[entry.key]
        del self._keys[bisect_left(self._keys, entry.key)]
        return entry

    def prioritise(self, run_id: str, priority: int) -> None:
        """Give a run another priority; among its new equals it stands by its old place."""
        entry = self.remove(run_id)
        entry.record = replace(entry.record, priority=priority)
        self.add(entry)

    def places_in_front(self, run_ids: Iterable[str]) -> dict[str, int]:
        """The places that would bring these runs before all others of their priority, in
        this order; ids that do not wait are left out."""
        moved = [run_id for run_id in dict.fromkeys(run_ids) if run_id in self._by_id]
        first = min((place for _, place, _ in self._keys), default=0) - len(moved)
        return {run_id: first + at for at, run_id in enumerate(moved)}

    def put(self, places: Mapping[str, int]) -> None:
        """Give runs other places."""
        for run_id, place in places.items():
            entry = self.remove(run_id)
            entry.place = place
            self.add(entry)
