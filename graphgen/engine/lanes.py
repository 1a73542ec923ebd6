"""Where nodes run: at once in the run's own thread, on a thread pool, on the one thread of
a device, or on the event loop. A node is sent away only if it is expected to take long."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ..node import NodeSpec

INLINE_SECONDS = 0.0005
"""A node that took less last time runs in the run's own thread: a hop costs a tenth of it."""


class Lanes:
    """The threads of one engine, shared by its runs; made when they are first needed."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or os.cpu_count() or 1
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._devices: dict[str, ThreadPoolExecutor] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.seconds: dict[NodeSpec, float] = {}

    def inline(self, spec: NodeSpec) -> bool:
        """Whether a synchronous node is quick enough to run where the run is."""
        return not spec.device and self.seconds.get(spec, 1.0) < INLINE_SECONDS

    def submit(self, spec: NodeSpec, device: str, call: Callable[[], None]) -> None:
        """Run ``call`` on the device's lane, or on the pool for nodes that use none."""
        with self._lock:
            if spec.device:
                lane = self._devices.get(device)
                if lane is None:
                    lane = self._devices[device] = ThreadPoolExecutor(1, f"graphgen-{device}")
            else:
                if self._pool is None:
                    self._pool = ThreadPoolExecutor(self._workers, "graphgen-node")
                lane = self._pool
        lane.submit(call)

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run a coroutine on the engine's event loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                thread = threading.Thread(
                    target=self._loop.run_forever, name="graphgen-async", daemon=True
                )
                thread.start()
            return self._loop

    def close(self) -> None:
        """End the threads; nodes that are running finish first."""
        with self._lock:
            for lane in (self._pool, *self._devices.values()):
                if lane is not None:
                    lane.shutdown()
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
            self._pool, self._loop = None, None
            self._devices.clear()
