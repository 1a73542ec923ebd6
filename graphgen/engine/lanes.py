"""Where nodes run: at once in the run's own thread, on a thread pool, on the one thread of
a device, or on the event loop. A node is sent away only if it is expected to take long."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..node import NodeSpec
from ..problems import Cancelled
from .context import CancelToken

INLINE_SECONDS = 0.0005
"""A node that took less last time runs in the run's own thread: a hop costs a tenth of it."""
Report = Callable[[Any, "BaseException | None", float], None]


class Lanes:
    """The threads of one engine, shared by its runs; made when they are first needed."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or os.cpu_count() or 1
        self._lock = threading.Lock()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.seconds: dict[NodeSpec, float] = {}

    def remember(self, spec: NodeSpec, seconds: float) -> None:
        """What a node took; one slow call in a while is not forgotten at once."""
        seen = self.seconds
        last = seen.get(spec, 0.0) * 0.5
        seen[spec] = seconds if seconds > last else last

    def submit(self, device: str, call: Callable[[], None]) -> None:
        """Run ``call`` on the device's one thread, or on the pool if the name is empty."""
        with self._lock:
            pool = self._pools.get(device)
            if pool is None:
                workers = 1 if device else self._workers
                pool = ThreadPoolExecutor(workers, f"graphgen-{device or 'node'}")
                self._pools[device] = pool
        pool.submit(call)

    def start(
        self,
        function: Callable[..., Any],
        arguments: dict[str, Any],
        token: CancelToken,
        report: Report,
    ) -> None:
        """Run an async node on the engine's event loop and report how it ended."""
        asyncio.run_coroutine_threadsafe(_watched(function, arguments, token, report), self.loop)

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
            pools, self._pools = list(self._pools.values()), {}
            loop, self._loop = self._loop, None
        for pool in pools:
            pool.shutdown()
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)


def invoke(
    function: Callable[..., Any], arguments: dict[str, Any]
) -> tuple[Any, BaseException | None, float]:
    """Call a node: its value or what it raised, and the seconds it took."""
    began = time.perf_counter()
    try:
        return function(**arguments), None, time.perf_counter() - began
    except BaseException as error:  # nothing may end a lane's thread
        return None, error, time.perf_counter() - began


async def _watched(
    function: Callable[..., Any], arguments: dict[str, Any], token: CancelToken, report: Report
) -> None:
    """Run an async node in a task of its own, which the run's cancellation cancels."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(_contained(function, arguments, token))
    forget = token.on_cancel(lambda: loop.call_soon_threadsafe(task.cancel))
    try:
        report(*await task)
    except asyncio.CancelledError:
        report(None, Cancelled(), 0.0)
    finally:
        forget()


async def _contained(
    function: Callable[..., Any], arguments: dict[str, Any], token: CancelToken
) -> tuple[Any, BaseException | None, float]:
    began = time.perf_counter()
    try:
        return await function(**arguments), None, time.perf_counter() - began
    except asyncio.CancelledError as error:
        return None, Cancelled() if token.cancelled else error, time.perf_counter() - began
    except BaseException as error:  # nothing may end the loop's thread
        return None, error, time.perf_counter() - began
