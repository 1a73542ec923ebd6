"""``Idempotency-Key``: a submission that a client sends again, as it got no answer, is one run.

After the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-
key-header).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from aiohttp import web

from ..runs import Accepted, Key, Submission
from .answers import Refused
from .services import services

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


async def submit_once(request: web.Request, prepare: Callable[[], Submission]) -> Accepted:
    """Submit a run, in another thread, or give the one that was submitted under the key."""
    parts = services(request)
    queue = parts.queue
    key = await _key(request) if HEADER in request.headers else None

    def submit() -> Accepted:
        known = None if key is None else queue.submitted(key)
        record = known or queue.submit(*prepare(), key)
        return Accepted(record, queue.position(record.run_id))

    return await parts.call(submit)


async def submit_document(request: web.Request, submission: Submission) -> Accepted:
    """The same of a document: at once, if it was submitted before."""
    parts = services(request)
    if HEADER not in request.headers:
        accepted = parts.queue.submit_known(submission)
        if accepted is not None:
            return await parts.outcome(accepted)
    return await submit_once(request, lambda: submission)
