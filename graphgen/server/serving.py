"""Serving: an address, a server on it, and its end."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiohttp import web

from ..problems import InvalidWorkflow, Problem
from .app import make_app
from .services import Services

BACKLOG = 512
SHUTDOWN_SECONDS = 3.0
"""How long answers that are being given may take when the server ends."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
INTERRUPTED = 130


def bind(host: str, port: int) -> socket.socket:
    """A socket on an address; port 0 is any that is free.

    Raises:
        InvalidWorkflow: The port is taken or not allowed, or there is no such address.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError, OverflowError):
        raise _unusable("unknown_host", f"{host!r}: there is no such address here") from None
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _bind_problem(error, host, port) from None
    return listener


@asynccontextmanager
async def serving(parts: Services, listener: socket.socket) -> AsyncIterator[None]:
    """Serve as long as the block lasts; then websockets get a close frame, answers that are
    being given are ended, and no request is taken any more."""
    parts.guard.port = listener.getsockname()[1]
    runner = web.AppRunner(
        make_app(parts), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS, handle_signals=False
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=BACKLOG).start()
        yield
    finally:
        await runner.cleanup()


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a server on an event loop of its own: uvloop's, as many clients take a third less
    time on it; on Windows, which it does not know, asyncio's."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(main)


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


class Stop:
    """Waits for the signal that ends the process, SIGINT or SIGTERM; a second one, while
    things are brought to an end, ends it at once."""

    def __init__(self) -> None:
        self._asked = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event: asyncio.Event | None = None

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Signals have this meaning as long as the block lasts; for the main thread."""
        before = {each: signal.signal(each, self._signalled) for each in STOP_SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    async def wait(self) -> None:
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()
        if not self._asked:
            await self._event.wait()
        self._loop = None

    def _signalled(self, number: int, frame: object) -> None:
        if self._asked:
            os._exit(INTERRUPTED)  # what was accepted is in the database
        self._asked = True
        if self._loop is not None and self._event is not None:
            self._loop.call_soon_threadsafe(self._event.set)


async def serve(
    parts: Services, listener: socket.socket, stop: Stop, ready: Callable[[], None]
) -> None:
    """Serve until the process is told to end.

    Args:
        ready: Called when requests are answered.
    """
    async with serving(parts, listener):
        ready()
        await stop.wait()


def _bind_problem(error: OSError, host: str, port: int) -> InvalidWorkflow:
    if error.errno == errno.EADDRINUSE:
        return _unusable(
            "port_in_use",
            f"port {port} of {host} is in use, perhaps by another graphgen",
            "end that program, or choose another with --port; --port 0 takes any that is free",
        )
    if error.errno == errno.EACCES:
        return _unusable("port_not_allowed", f"port {port} is not allowed to this user")
    return _unusable("unusable_address", f"{host}:{port} can't be used: {error.strerror}")


def _unusable(code: str, message: str, hint: str | None = None) -> InvalidWorkflow:
    return InvalidWorkflow(Problem(code, message, hint=hint))
