"""The one event loop that async nodes run on; imported with the first of them, since asyncio
takes its time to load."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from ..problems import Cancelled
from .calls import Call


class AsyncLane:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="graphgen-async", daemon=True).start()

    def put(self, call: Call) -> None:
        """Run a call beside the others; its outcome is told from the loop's thread."""
        asyncio.run_coroutine_threadsafe(_watched(call), self.loop)

    def close(self) -> None:
        """End the loop, without waiting for what runs on it."""
        self.loop.call_soon_threadsafe(self.loop.stop)


async def _watched(call: Call) -> None:
    """Run an async node in a task of its own, which the run's cancellation cancels."""
    loop = asyncio.get_running_loop()
    task = loop.create_task(_contained(call))
    forget = call.token.on_cancel(lambda: loop.call_soon_threadsafe(task.cancel))
    try:
        call.ended(call, *await task)
    except asyncio.CancelledError:
        call.ended(call, None, Cancelled(), 0.0)
    finally:
        forget()


async def _contained(call: Call) -> tuple[Any, BaseException | None, float]:
    began = time.perf_counter()
    try:
        return await call.spec.function(**call.arguments), None, time.perf_counter() - began
    except asyncio.CancelledError as error:
        cancelled = call.token.cancelled
        return None, Cancelled() if cancelled else error, time.perf_counter() - began
    except BaseException as error:  # nothing may end the loop's thread
        return None, error, time.perf_counter() - began
