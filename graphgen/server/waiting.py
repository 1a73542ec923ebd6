"""What becomes of runs, for the requests that submitted them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ..runs import RunEnded
from .answers import Refused

if TYPE_CHECKING:
    from ..runs import RunRecord

MAX_WAIT = 3600
REMEMBERED = 1000
"""Runs whose end is remembered for requests that ask after the event."""


class Waiting:
    """Wakes requests when their run has ended; an observer of the feed.

    A request learns that its run was accepted sometimes after the event of its end.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[RunRecord | None]]] = {}
        self._ended: OrderedDict[str, RunRecord] = OrderedDict()

    def __call__(self, event: Any) -> None:
        if type(event) is RunEnded:
            self._ended[event.run_id] = event.record
            if len(self._ended) > REMEMBERED:
                self._ended.popitem(last=False)
            for future in self._waiting.pop(event.run_id, ()):
                if not future.done():
                    future.set_result(event.record)

    async def end_of(self, run_id: str, seconds: float) -> RunRecord | None:
        """The run when it has ended, or None if that takes longer."""
        ended = self._ended.get(run_id)
        if ended is not None or not seconds:
            return ended
        future: asyncio.Future[RunRecord | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run_id, []).append(future)
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            return None
        finally:
            others = self._waiting.get(run_id, [])
            if future in others:
                others.remove(future)
                if not others:
                    del self._waiting[run_id]

    def close(self) -> None:
        """Let nobody wait any longer: the server ends before their runs do."""
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)


def preferred_wait(request: web.Request) -> float | None:
    """Seconds of ``Prefer: wait=SECONDS`` (RFC 7240), if the request has it.

    Raises:
        Refused: It is no number between 0 and ``MAX_WAIT``.
    """
    for header in request.headers.getall("Prefer", ()):
        for preference in header.split(","):
            name, _, value = preference.split(";")[0].partition("=")
            if name.strip().lower() == "wait":
                text = value.strip().strip('"')
                if not (text.isascii() and text.isdigit() and int(text[:9]) <= MAX_WAIT):
                    raise Refused(
                        400,
                        "bad_request",
                        f"Prefer: wait={text[:20]} is no number of seconds from 0 to {MAX_WAIT}",
                    )
                return float(int(text[:9]))
    return None
