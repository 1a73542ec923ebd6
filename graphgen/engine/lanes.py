"""Where nodes run: at once in the run's own thread, on a thread pool, on the one thread of
a device, or on the event loop. A node is sent away only if it is expected to take long."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..node import NodeSpec
from .calls import Call
from .device_lane import Count, DeviceLane

if TYPE_CHECKING:
    from .async_lane import AsyncLane

INLINE_SECONDS = 0.0005
"""A node that took less last time runs in the run's own thread: a hop costs a tenth of it."""


class Lanes:
    """The threads of one engine, shared by its runs; made when they are first needed.

    Args:
        workers: Threads for nodes that use no device; the number of cores if not given.
        max_batch: Rows, such as pictures, that calls of one node may have together to be
            joined into one; 1 joins none.
        make_room: Called with a device's name when joined calls did not fit there.
    """

    def __init__(
        self,
        workers: int | None = None,
        max_batch: int = 1,
        make_room: Callable[[str], object] = lambda device: None,
    ) -> None:
        self._workers = workers or os.cpu_count() or 1
        self._max_batch = max_batch
        self._make_room = make_room
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._devices: dict[str, DeviceLane] = {}
        self._async: AsyncLane | None = None
        self._calls: set[Call] = set()
        self._waiting: list[tuple[set[Call], Callable[[], object]]] = []
        self.runs = Count()
        self.seconds: dict[NodeSpec, float] = {}

    def remember(self, spec: NodeSpec, seconds: float) -> None:
        """What a node took; one slow call in a while is not forgotten at once."""
        seen = self.seconds
        last = seen.get(spec, 0.0) * 0.5
        seen[spec] = seconds if seconds > last else last

    def submit(self, call: Call) -> None:
        """Run a call on its device's one thread, on the pool, or on the event loop if it is
        async. Whoever is told its outcome calls ``ended`` with it."""
        with self._lock:
            self._calls.add(call)
        if call.spec.is_async:
            self.for_async().put(call)
        elif call.lane:
            self._device(call.lane).put(call)
        else:
            with self._lock:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(self._workers, "graphgen-node")
                self._pool.submit(call.work)

    def _device(self, name: str) -> DeviceLane:
        with self._lock:
            lane = self._devices.get(name)
            if lane is None:
                lane = self._devices[name] = DeviceLane(
                    name, self._max_batch, self.seconds, self.runs, self._make_room
                )
            return lane

    def ended(self, call: Call) -> None:
        """What the call held is let go, unless somebody needs it."""
        with self._lock:
            self._calls.discard(call)
            for others, _ in self._waiting:
                others.discard(call)
            free = [told for others, told in self._waiting if not others]
            self._waiting = [(others, told) for others, told in self._waiting if others]
        for told in free:
            told()

    @property
    def calls(self) -> list[Call]:
        """Calls that are running, or wait for their turn."""
        with self._lock:
            return list(self._calls)

    def after_others(self, then: Callable[[], object]) -> None:
        """Call back, from any thread, when all calls that are on their way now have ended."""
        with self._lock:
            if self._calls:
                self._waiting.append((set(self._calls), then))
                return
        then()

    def for_async(self) -> AsyncLane:
        """Where async nodes run."""
        from .async_lane import AsyncLane

        with self._lock:
            if self._async is None:
                self._async = AsyncLane()
            return self._async

    def close(self) -> None:
        """End the threads; nodes that are running finish first."""
        with self._lock:
            pool, self._pool = self._pool, None
            devices, self._devices = list(self._devices.values()), {}
            for_async, self._async = self._async, None
        if pool is not None:
            pool.shutdown()
        for device in devices:
            device.close()
        if for_async is not None:
            for_async.close()
