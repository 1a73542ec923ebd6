"""The one thread of a device. It runs one call after the other, and takes along those that
wait and can be joined with the one at hand: dynamic batching."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from .. import devices
from ..node import NodeSpec
from .calls import Call, work_together

LINGER = 0.05
"""Share of the time that a call is expected to take, for which it may wait for others."""
MAX_LINGER = 0.05
"""The same in seconds, at most."""
LIMIT_SECONDS = 600.0
"""How long it is remembered that a batch did not fit."""
_LIMITS = 1024


class Count:
    """How many there are of something, counted by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def __enter__(self) -> None:
        with self._lock:
            self.value += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.value -= 1


class DeviceLane:
    """See the module.

    Args:
        device: Its name.
        max_batch: Rows that joined calls may have together; 1 joins none.
        seconds: What calls of a node took before.
        runs: How many runs go on, that may send calls.
        make_room: Called with the device's name when joined calls did not fit.
    """

    def __init__(
        self,
        device: str,
        max_batch: int,
        seconds: Mapping[NodeSpec, float],
        runs: Count,
        make_room: Callable[[str], object],
    ) -> None:
        self._device = device
        self._max_batch = max_batch
        self._seconds = seconds
        self._runs = runs
        self._make_room = make_room
        self._waiting: deque[Call] = deque()
        self._limits: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()
        self._changed = threading.Condition()
        self._thread = ThreadPoolExecutor(1, f"graphgen-{device}", _begin, (device,))

    def put(self, call: Call) -> None:
        """Let a call wait for its turn."""
        if self._max_batch > 1:
            call.join_by_key()
        with self._changed:
            self._waiting.append(call)
            self._changed.notify()
        self._thread.submit(self._turn)

    def close(self) -> None:
        """End the thread when nothing waits any more."""
        self._thread.shutdown()

    def _turn(self) -> None:
        with self._changed:
            if not self._waiting:  # it was joined with another
                return
            calls = self._next()
        if len(calls) == 1:
            calls[0].work()
        else:
            work_together(calls, partial(self._too_many, calls[0].key))

    def _next(self) -> list[Call]:
        """The call whose turn it is, with those that can be joined; the lock is held."""
        first = self._waiting.popleft()
        if first.key is None:
            return [first]
        expected = self._seconds.get(first.spec, 0.0)
        for at, other in enumerate(self._waiting):
            # What is over in no time may bring another to be joined with this one.
            if other.key != first.key and self._short(other, expected):
                del self._waiting[at]
                self._waiting.appendleft(first)
                return [other]
        limit = self._limit(first.key)
        until = time.monotonic() + min(LINGER * expected, MAX_LINGER)
        while True:
            calls = self._joined(first, limit)
            rows = sum(call.rows for call in calls)
            left = until - time.monotonic()
            if rows >= limit or left <= 0 or self._runs.value <= len(calls):
                break
            if not self._changed.wait(left):
                break
        taken = set(map(id, calls))
        self._waiting = deque(call for call in self._waiting if id(call) not in taken)
        return calls

    def _short(self, call: Call, expected: float) -> bool:
        return self._seconds.get(call.spec, expected) < LINGER * expected

    def _joined(self, first: Call, limit: int) -> list[Call]:
        calls, rows = [first], first.rows
        for call in self._waiting:
            if call.key == first.key and rows + call.rows <= limit and not call.token.cancelled:
                calls.append(call)
                rows += call.rows
        return calls

    def _limit(self, key: Hashable) -> int:
        limit, since = self._limits.get(key, (self._max_batch, 0.0))
        fresh = time.monotonic() - since < LIMIT_SECONDS
        return min(limit, self._max_batch) if fresh else self._max_batch

    def _too_many(self, key: Hashable, rows: int) -> None:
        self._limits[key] = max(1, rows // 2), time.monotonic()
        if len(self._limits) > _LIMITS:
            self._limits.popitem(last=False)
        self._make_room(self._device)


def _begin(device: str) -> None:
    """What the thread does first. Where there is no such device the nodes say so themselves."""
    with contextlib.suppress(Exception):
        devices.use(device)
