"""The order in which runs wait: higher priorities first, and by place within each."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

_Key = tuple[int, int, str]


class Line:
    """Ids of waiting runs in their order. Not for several threads at once."""

    def __init__(self) -> None:
        self._keys: list[_Key] = []
        self._by_id: dict[str, _Key] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return (key[2] for key in self._keys)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._by_id

    def add(self, run_id: str, priority: int, place: int) -> int:
        """Put a run where it belongs; returns how many are before it."""
        key = (-priority, place, run_id)
        self._by_id[run_id] = key
        insort(self._keys, key)
        return bisect_left(self._keys, key)

    def take(self) -> str | None:
        """Remove and return the first, or None if nobody waits."""
        if not self._keys:
            return None
        run_id = self._keys.pop(0)[2]
        del self._by_id[run_id]
        return run_id

    def remove(self, run_id: str) -> bool:
        """Take one out; False if it does not wait."""
        key = self._by_id.pop(run_id, None)
        if key is None:
            return False
        del self._keys[bisect_left(self._keys, key)]
        return True

    def place(self, run_id: str) -> int:
        return self._by_id[run_id][1]

    def move(self, run_id: str, priority: int) -> None:
        """Give a run another priority; its place among its new equals is by its age."""
        place = self.place(run_id)
        self.remove(run_id)
        self.add(run_id, priority, place)

    def first_of(self, run_ids: Iterable[str]) -> dict[str, int]:
        """The places that would bring these runs before all others of their priority, in
        this order; ids that do not wait are left out."""
        moved = [run_id for run_id in dict.fromkeys(run_ids) if run_id in self._by_id]
        first = min((key[1] for key in self._keys), default=0) - len(moved)
        return {run_id: first + at for at, run_id in enumerate(moved)}

    def put(self, places: dict[str, int]) -> None:
        """Give runs other places."""
        for run_id, place in places.items():
            priority = -self._by_id[run_id][0]
            self.remove(run_id)
            self.add(run_id, priority, place)
