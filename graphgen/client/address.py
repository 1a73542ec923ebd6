"""Where a server is, and what opens it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

from ..problems import Problem
from .errors import WrongServer

DEFAULT_URL = "http://127.0.0.1:8765"
TOKEN_VARIABLE = "GRAPHGEN_TOKEN"
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Address:
    """A server.

    Attributes:
        base: Its address without a slash at the end, such as ``http://127.0.0.1:8765``.
        token: What it wants to see; empty for none.
    """

    base: str
    token: str = field(default="", repr=False)

    @classmethod
    def read(cls, url: str, token: str | None = None) -> Address:
        """An address as people write it: ``localhost:8765``, or what ``graphgen serve``
        prints, with the token in it.

        Args:
            token: Comes before one in ``url``, and that before ``GRAPHGEN_TOKEN``.

        Raises:
            WrongServer: It is none, or the token can be none.
        """
        text = url.strip()
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise _no_address(url, str(error)) from None
        if parts.scheme not in ("http", "https"):
            raise _no_address(url, f"{parts.scheme}:// is neither http:// nor https://")
        if not host or re.search(r"[\s\x00-\x1f]", text):
            raise _no_address(url, "it names no host")
        if parts.username is not None or parts.password is not None:
            raise _no_address(url, "it has a user name in it")
        query = dict(parse_qsl(parts.query))
        given = token if token is not None else query.pop("token", None)
        if given is None:
            given = os.environ.get(TOKEN_VARIABLE, "")
        if given and not _TOKEN.fullmatch(given):
            raise WrongServer(
                Problem("bad_token", "the token can't be used", hint="it has no spaces in it")
            )
        name = f"[{host}]" if ":" in host else host
        place = name if port is None else f"{name}:{port}"
        path = quote(parts.path.rstrip("/"), safe="/%~")
        return cls(f"{parts.scheme}://{place}{path}", given)


def _no_address(url: str, reason: str) -> WrongServer:
    return WrongServer(
        Problem(
            "bad_address",
            f"{url[:200]!r} is no address of a server: {reason}",
            hint=f"such as {DEFAULT_URL}, which graphgen serve prints",
        )
    )
