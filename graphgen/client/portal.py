"""Async objects used from code that is not async: an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from queue import SimpleQueue
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from ..inbox import next_of
from ..problems import Problem
from .errors import ClientClosed

S_co = TypeVar("S_co", covariant=True)
S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")


class _Ended(Generic[R]):
    """A call that is over, among the events that came before."""

    def __init__(self, task: asyncio.Task[R]) -> None:
        self.task = task


class Portal:
    """Runs coroutines for any thread, on a loop that begins with the first of them.

    The thread ends with ``close``; if nobody calls that, when the portal is not used any
    more, or with the process.

    Args:
        cleanup: Awaited on the loop before it ends.
    """

    def __init__(self, cleanup: Callable[[], Awaitable[None]]) -> None:
        self._loop = _Loop(cleanup)
        self._end = weakref.finalize(self, self._loop.stop)

    def call(
        self, work: Callable[[Callable[[Any], None]], Coroutine[Any, Any, R]], listener: Any
    ) -> R:
        """Run a coroutine and wait for it. An exception that ends the wait in this thread,
        such as ``KeyboardInterrupt``, cancels it.

        Args:
            work: Makes the coroutine from a function that hands ``listener`` something.
            listener: Called in this thread.

        Raises:
            ClientClosed: It was closed before, or meanwhile.
        """
        inbox: SimpleQueue[Any] = SimpleQueue()
        tasks: list[asyncio.Task[R]] = []

        def start() -> None:
            task = asyncio.ensure_future(work(inbox.put))
            task.add_done_callback(lambda ended: inbox.put(_Ended(ended)))
            tasks.append(task)

        def cancel() -> None:
            for task in tasks:
                task.cancel()

        self._loop.call(start)
        try:
            while not isinstance(item := next_of(inbox), _Ended):
                listener(item)
        except BaseException:
            self._loop.call(cancel)
            while not isinstance(next_of(inbox), _Ended):
                pass
            raise
        if item.task.cancelled():
            raise closed()
        return item.task.result()

    def close(self) -> None:
        """End the loop and its thread; calls that are waited for are cancelled."""
        with self._loop.lock:
            self._end()
        self._loop.join()


class _Loop:
    """The loop and its thread. Knows no portal, so that one can be collected."""

    def __init__(self, cleanup: Callable[[], Awaitable[None]]) -> None:
        self._cleanup = cleanup
        self.lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._finish = asyncio.Event()
        self._stopped = False

    def call(self, function: Callable[[], None]) -> None:
        """Have a function called on the loop, without waiting for it."""
        with self.lock:
            if self._stopped:
                raise closed()
            if self._loop is None:
                ready = threading.Event()
                self._thread = threading.Thread(
                    target=lambda: asyncio.run(self._live(ready)),
                    name="graphgen-client",
                    daemon=True,
                )
                self._thread.start()
                ready.wait()
            assert self._loop is not None
            self._loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        """Let the loop end; from any thread, since that may be called by the collector."""
        self._stopped = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._finish.set)

    def join(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    async def _live(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        ready.set()
        await self._finish.wait()
        await self._cleanup()


class Front(Protocol[S_co]):
    """An object for code that is not async, in front of one that is."""

    @property
    def _core(self) -> S_co: ...

    @property
    def _portal(self) -> Portal: ...


def blocking(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Front[S], P], R]:
    """The method of a front that does what an async method of its core does, and waits for
    it. What is given as ``on_event`` is called in the thread that waits."""

    @functools.wraps(method)
    def call(self: Front[S], /, *arguments: P.args, **options: P.kwargs) -> R:
        listener = options.get("on_event")

        def work(tell: Callable[[Any], None]) -> Coroutine[Any, Any, R]:
            if listener is not None:
                options["on_event"] = tell
            return method(self._core, *arguments, **options)

        return self._portal.call(work, listener)

    return call


def closed() -> ClientClosed:
    return ClientClosed(Problem("client_closed", "the client was closed"))
