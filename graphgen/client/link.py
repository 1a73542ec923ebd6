"""HTTP to one server: requests, their answers, and one error for whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp

from .. import __version__
from ..problems import InvalidWorkflow, Problem
from .address import Address
from .answers import check_version, no_server, parsed, refusal
from .errors import ClientClosed, NotFound, ServerUnreachable

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 120.0
"""How long the server may say nothing while it is to answer."""
HANDSHAKE_SECONDS = 5.0
"""For a websocket: some proxies swallow the request for one."""
HEARTBEAT_SECONDS = 20.0
MAX_FRAME_BYTES = 256 << 20
PIECE_BYTES = 1 << 20
REPEAT_SECONDS = (0.2, 1.0, 3.0)
"""Pauses before what was cut on its way is sent again; a server may be started anew meanwhile."""


class Link:
    """Talks to one server, over connections that are kept. For one event loop.

    The first request is preceded by a look at what answers there.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._session: aiohttp.ClientSession | None = None
        self._checking = asyncio.Lock()
        self._checked = False
        self._closed = False

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request with a JSON body, and give the JSON that is answered.

        Args:
            path: From the server's root, quoted.

        Raises:
            GraphgenError: As every request.
        """
        more = dict(headers or {})
        data = None
        if body is not None:
            data = encoded(body)
            more["Content-Type"] = "application/json"
        async with self.request(method, path, data, query, more) as response:
            answer = await response.read()
        if not answer:
            return None
        if response.content_type != "application/json":
            raise no_server(self.address.base)
        return parsed(answer)

    async def call_once(
        self, path: str, body: Any, query: Mapping[str, str | int] | None = None
    ) -> Any:
        """POST what is to be done once. If the connection is cut before the answer comes, it
        is sent again, under a key by which the server knows it.

        Raises:
            GraphgenError: As every request. Of ``ServerUnreachable``, ``sent`` says whether
                the server may have done it.
        """
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        sent = False
        for pause in (*REPEAT_SECONDS, None):
            try:
                return await self.call("POST", path, body, query, headers)
            except ServerUnreachable as error:
                sent = sent or error.sent
                if not sent or pause is None:
                    error.sent = sent
                    raise
            await asyncio.sleep(pause)

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        data: Any = None,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A request whose answer is a success; its body is yet to be read.

        Raises:
            ServerUnreachable: The server is not there, or went away meanwhile.
            WrongServer: It is another one than meant, or wants another token.
            InvalidWorkflow: With the server's problems, where it says 422.
            ServerError: It refused for another reason.
        """
        await self._check()
        async with self._send(method, path, data, query, headers) as response:
            yield response

    @asynccontextmanager
    async def socket(
        self, path: str, query: Mapping[str, str | int]
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A websocket; raises the same as a request."""
        await self._check()
        opening = self._opened().ws_connect(
            self.address.base + path,
            params=query,
            headers=self._token(),
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=MAX_FRAME_BYTES,
        )
        with self._translated():
            try:
                socket = await asyncio.wait_for(opening, HANDSHAKE_SECONDS)
            except TimeoutError as error:
                said = f"{self.address.base} does not open a websocket"
                raise ServerUnreachable(_away(said)) from error
            async with socket:
                yield socket

    async def pieces(self, path: str) -> AsyncIterator[bytes]:
        """The body of a GET, bit by bit; raises the same as a request."""
        async with self.request("GET", path) as response:
            async for piece in response.content.iter_chunked(PIECE_BYTES):
                yield piece

    async def close(self) -> None:
        """Close every connection; there is no way back."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            # Transports are gone one turn of the loop later, those with TLS a little later.
            await asyncio.sleep(0.05 if self.address.base.startswith("https") else 0)

    @asynccontextmanager
    async def _send(
        self,
        method: str,
        path: str,
        data: Any = None,
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        with self._translated():
            async with self._opened().request(
                method,
                self.address.base + path,
                data=data,
                params=query,
                headers={**self._token(), **(headers or {})},
                allow_redirects=False,
            ) as response:
                if not 200 <= response.status < 300:
                    address, content = self.address, await response.read()
                    raise refusal(
                        address.base, address.token, response.status, response.headers, content
                    )
                yield response

    async def _check(self) -> None:
        """Find out once that this is a server to talk to."""
        if self._checked:
            return
        async with self._checking:
            if self._checked:
                return
            base = self.address.base
            try:
                async with self._send("GET", "/healthz") as response:
                    content = parsed(await response.read())
            except NotFound:
                raise no_server(base) from None
            except ServerUnreachable as error:
                if isinstance(error.__cause__, aiohttp.ClientResponseError):
                    raise no_server(base) from None  # not even HTTP
                raise
            check_version(base, content)
            self._checked = True

    def _opened(self) -> aiohttp.ClientSession:
        if self._closed:
            raise ClientClosed(Problem("client_closed", "the client was closed"))
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers={"User-Agent": f"graphgen/{__version__}"},
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _token(self) -> dict[str, str]:
        token = self.address.token
        return {"Authorization": f"Bearer {token}"} if token else {}

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Errors of the network as ours. Those of files that are read or written meanwhile
        are no ``ClientError``, and pass."""
        try:
            yield
        except aiohttp.ClientError as error:
            sent = not isinstance(
                error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
            )
            raise ServerUnreachable(self._unreachable(error), sent) from error

    def _unreachable(self, error: aiohttp.ClientError) -> Problem:
        base = self.address.base
        match error:
            case aiohttp.ClientConnectorDNSError():
                return _away(f"{base}: there is no host of that name")
            case aiohttp.ClientSSLError():
                return _away(f"{base}: its certificate or its TLS can't be used: {error}")
            case aiohttp.ClientConnectorError():
                return _away(f"nothing answers at {base}: {error.strerror or error}")
            case TimeoutError():
                return _away(f"{base} does not answer in time")
        said = str(error) or type(error).__name__
        return _away(f"the connection to {base} was cut: {said}")


def encoded(body: Any) -> bytes:
    """A body as JSON.

    Raises:
        InvalidWorkflow: It holds what JSON can't.
    """
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidWorkflow(
            Problem(
                "value_not_allowed",
                f"this can't be sent to a server: {error}",
                hint="a server takes JSON data: no infinities, no objects but paths",
            )
        ) from None


def _away(message: str) -> Problem:
    return Problem(
        "server_unreachable", message, hint="is graphgen serve running there, at this port?"
    )
