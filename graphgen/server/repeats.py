"""``Idempotency-Key``: a submission that a client sends again, as it got no answer, is one run.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-
key-header).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from ..runs import Key
from .answers import Refused
from .services import services

if TYPE_CHECKING:
    from ..runs import RunRecord

HEADER = "Idempotency-Key"
MAX_CHARACTERS = 255


async def _key(request: web.Request) -> Key:
    """The key of a submission that has one.

    Raises:
        Refused: It can be none.
    """
    name = request.headers[HEADER].strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    if not name or len(name) > MAX_CHARACTERS or not all("!" <= c <= "~" for c in name):
        raise Refused(
            400,
            "bad_request",
            f"{HEADER} has 1 to {MAX_CHARACTERS} visible ASCII characters",
            hint="such as a random UUID",
        )
    digest = hashlib.sha256(request.path_qs.encode("utf-8", "replace"))
    digest.update(b"\0" + await request.read())
    return Key(name, digest.digest())


async def submit_once(request: web.Request, submit: Callable[[Key | None], RunRecord]) -> RunRecord:
    """Submit a run, in another thread, or give the one that was submitted under the key."""
    parts = services(request)
    if HEADER not in request.headers:
        return await parts.call(submit, None)
    key = await _key(request)
    return await parts.call(lambda: parts.queue.submitted(key) or submit(key))
