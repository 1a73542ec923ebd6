"""What stands between a client and a server: a TCP relay whose connections can be cut, and
which can refuse websockets and serves below a path as well, as some proxies do."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

PATIENCE = 20.0


class Relay:
    """Passes bytes between a free port and a server's, in a thread of its own.

    Args:
        port: Of the server.
        sockets: Whether websockets get through; False answers them with 502, None not.

    Attributes:
        opened: Connections that were taken.
        watched: Websockets that were asked for.
        mute: What the server says is dropped.
    """

    def __init__(self, port: int, sockets: bool | None = True) -> None:
        self.target, self.sockets = port, sockets
        self.opened = 0
        self.watched = 0
        self.mute = False
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        assert self._up.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self, reopen: bool = True) -> None:
        """Break every connection; take no new ones if it is not to ``reopen``."""

        async def breaking() -> None:
            self._open = reopen
            for writer in list(self._writers):
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(breaking(), self._loop).result(PATIENCE)

    def reopen(self) -> None:
        self._open = True

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._stop.wait()
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        self.opened += 1
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers |= {writer, back}
        await asyncio.gather(self._pass(reader, back, writer), self._pass(there, writer))
        self._writers -= {writer, back}

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        asker: asyncio.StreamWriter | None = None,
    ) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            while data := await reader.read(65536):
                # The server wants to be called by its own port.
                data = data.replace(b":%d\r\n" % self.port, b":%d\r\n" % self.target)
                if asker:
                    data = data.replace(b" /below/", b" /", 1)
                self.watched += data.startswith(b"GET /api/events")
                if asker and not self.sockets and data.startswith(b"GET /api/events"):
                    if self.sockets is False:
                        asker.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                    continue
                if asker is None and self.mute:
                    continue
                writer.write(data)
                await writer.drain()
        with suppress(ConnectionError, RuntimeError):
            writer.close()
