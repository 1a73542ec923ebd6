"""Other threads and the event loop: work goes out to threads that may block, and what
they have to say comes back.

asyncio has both, in ``run_in_executor`` and ``call_soon_threadsafe``; here many messages
share one wake-up of the loop, and a call costs a third, which counts where a run takes less
than a millisecond.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


class Mailbox:
    """Calls from any thread, made in the thread of an event loop, in their order."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calls: deque[Callable[[], object]] = deque()
        self._awake = False

    def open(self) -> None:
        """Deliver from now on to the event loop that is running."""
        self._loop = asyncio.get_running_loop()
        self._deliver()

    def post(self, call: Callable[[], object]) -> None:
        """Have something called; at once forgotten if the loop has ended."""
        self._calls.append(call)
        if not self._awake and self._loop is not None:
            self._awake = True
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # it has ended
                self._calls.clear()
                self._awake = False

    def _deliver(self) -> None:
        # First the mark, then the calls: one that comes in between wakes the loop again.
        self._awake = False
        while self._calls:
            try:
                self._calls.popleft()()
            except Exception:
                log.exception("a call from another thread failed")


class Threads:
    """A few threads for what may block.

    Args:
        number: How many.
        mailbox: Brings back what they give.
    """

    def __init__(self, number: int, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._number = number
        self._started = False

    async def call(self, function: Callable[P, R], *args: P.args, **options: P.kwargs) -> R:
        """What a function gives or raises, called in one of the threads."""
        if not self._started:
            self._start()
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._work.put(partial(self._carry_out, future, partial(function, *args, **options)))
        return await future

    async def outcome(self, done: Future[R]) -> R:
        """What a future of some thread gives or raises."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        done.add_done_callback(lambda done: self._carry_out(future, done.result))
        return await future

    def close(self) -> None:
        """Let the threads end when they have done what is at hand; waits for none."""
        for _ in range(self._number):
            self._work.put(None)

    def _start(self) -> None:
        self._started = True
        for number in range(self._number):
            name = f"graphgen-http-{number + 1}"
            threading.Thread(target=self._serve, name=name, daemon=True).start()

    def _serve(self) -> None:
        while (job := self._work.get()) is not None:
            job()

    def _carry_out(self, future: asyncio.Future[Any], call: Callable[[], Any]) -> None:
        try:
            result = call()
        except BaseException as error:
            self._mailbox.post(partial(_settle, future, None, error))
        else:
            self._mailbox.post(partial(_settle, future, result, None))


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():  # nobody waits for it any more
        return
    if error is None:
        future.set_result(result)
    elif isinstance(error, StopIteration):  # which no future takes
        future.set_exception(RuntimeError("StopIteration"))
    else:
        future.set_exception(error)
