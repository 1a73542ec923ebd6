"""Who may talk to the server, and what browsers may do with its answers.

A page from elsewhere that is open in the user's browser can send requests to a local
server. So every request, the websocket's too, must name this server in ``Host`` (against
names that are bound to another address later) and, if a browser sends them, in ``Origin``
and ``Sec-Fetch-Site``. Beyond loopback a token is needed as well.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .answers import Refused

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' blob: data:; connect-src 'self'; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OPEN_PATHS = frozenset({"/healthz"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Whether a host name or address can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass
class Guard:
    """Judges requests.

    Attributes:
        token: What clients have to show; empty for none.
        local: The server is bound to loopback, so that only loopback names may call it.
        port: The port it is bound to.
    """

    token: str = field(default="", repr=False)
    local: bool = True
    port: int = 0

    @property
    def cookie_name(self) -> str:
        """Of its own for each port, since browsers share cookies among those of a host."""
        return f"graphgen-{self.port}"

    @property
    def cookie(self) -> str:
        """What the browser keeps instead of the token itself."""
        return hashlib.sha256(b"graphgen cookie " + self.token.encode()).hexdigest()

    def is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors="replace"), self.token.encode())

    def check_source(self, request: web.Request) -> None:
        """Refuse what another web page, or a name that is not this server's, brings.

        Raises:
            Refused: 403.
        """
        host = request.headers.get("Host", "")
        if not _names(host, self.port if self.local else None):
            raise Refused(
                403,
                "wrong_host",
                f"the header Host: {host[:100]} does not name this server",
                hint=f"open http://127.0.0.1:{self.port}/" if self.local else None,
            )
        origin = request.headers.get("Origin")
        if origin is not None and not _same(origin, host):
            raise Refused(403, "wrong_origin", f"pages of {origin[:100]} can't use this server")
        if request.headers.get("Sec-Fetch-Site", "none") in ("cross-site", "same-site"):
            opened = request.headers.get("Sec-Fetch-Mode") == "navigate"
            if not (opened and request.method in ("GET", "HEAD")):
                raise Refused(403, "wrong_origin", "pages of other sites can't use this server")

    def knows(self, request: web.Request) -> bool:
        """Whether a request shows the token, or none is needed."""
        if not self.token:
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.is_token(given.strip())
        cookie = request.cookies.get(self.cookie_name, "")
        return hmac.compare_digest(cookie.encode(errors="replace"), self.cookie.encode())

    def check(self, request: web.Request) -> None:
        """Refuse who may not be served.

        Raises:
            Refused: 403 or 401.
        """
        self.check_source(request)
        if request.path not in OPEN_PATHS and not self.knows(request):
            raise Refused(
                401,
                "token_needed",
                "this server wants its token",
                hint="send Authorization: Bearer TOKEN, or open the address that "
                "graphgen serve printed",
                headers={"WWW-Authenticate": 'Bearer realm="graphgen"'},
            )


def guarded(guard: Guard) -> Middleware:
    """The middleware that asks the guard before anything else is done."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/":
            guard.check_source(request)  # the page itself asks for the token, or takes it
        else:
            guard.check(request)
        return await handler(request)

    return check


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Before any answer goes out, the websocket's included."""
    headers = response.headers
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers["Server"] = "graphgen"
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-cache"


@lru_cache(maxsize=1000)
def _names(host: str, port: int | None) -> bool:
    """Whether the header ``Host`` names this server: with a port, on loopback."""
    own = _place(f"http://{host}")
    return own is not None and (port is None or (is_loopback(own[0]) and own[1] == port))


def _place(url: str) -> tuple[str, int] | None:
    """Host name and port of an address; None if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None or parts.path or parts.query:
        return None
    return parts.hostname, port or _DEFAULT_PORTS.get(parts.scheme, 0)


@lru_cache(maxsize=1000)
def _same(origin: str, host: str) -> bool:
    scheme = origin.partition(":")[0]
    theirs = _place(origin)
    return (
        scheme in _DEFAULT_PORTS and theirs is not None and theirs == _place(f"{scheme}://{host}")
    )
