"""Waiting for runs to end: by their events, and by asking where those may be missed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from ..engine.events import RunFinished
from ..problems import GraphgenError, Problem
from ..runs.events import RunQueued
from .errors import ServerError, ServerUnreachable, WaitTimeout
from .events import Event, OnEvent
from .run import ServerRun
from .watch import Follower, Watch

PATIENCE_SECONDS = 60.0
"""How long a server may be away while somebody waits for a run on it; it may be started
anew meanwhile, and goes on with the run."""
ASK_SECONDS = 30.0
"""Without news for so long, the server is asked; oftener if it does not answer."""
ASK_AGAIN_SECONDS = 1.0
LAST_SECONDS = 2.0
"""How long the last events of a run that is over may take."""
CANCEL_SECONDS = 5.0
_AWAY = frozenset({502, 503, 504})


class Waiting:
    """Waits for the runs of one server.

    Args:
        watch: Hears of their events.
        get, cancel: Ask the server for a run, and to cancel one.
    """

    def __init__(
        self,
        watch: Watch,
        get: Callable[[str], Awaitable[ServerRun]],
        cancel: Callable[[str], Awaitable[ServerRun]],
    ) -> None:
        self._watch = watch
        self._get = get
        self._cancel = cancel

    async def run(
        self,
        submit: Callable[[], Awaitable[RunQueued]],
        on_event: OnEvent | None,
        timeout: float | None,
    ) -> ServerRun:
        """Submit a run and wait until it has ended.

        If the wait is broken off, by the cancellation of this task or by an exception of
        ``on_event``, the run is cancelled.
        """
        tell = on_event or _nobody
        async with self._watch.follower() as follower:
            accepted = await self._submitted(submit)
            try:
                tell(accepted)
                return await self._until_ended(follower, accepted.run_id, tell, timeout)
            except GraphgenError:
                raise
            except BaseException:
                await self._stop(accepted.run_id)
                raise

    async def wait(self, run_id: str, on_event: OnEvent | None, timeout: float | None) -> ServerRun:
        """Wait until a run has ended that was submitted before."""
        async with self._watch.follower() as follower:
            run = await self._get(run_id)
            if run.ended:
                return run
            return await self._until_ended(follower, run_id, on_event or _nobody, timeout)

    async def _until_ended(
        self, follower: Follower, run_id: str, tell: OnEvent, timeout: float | None
    ) -> ServerRun:
        self._watch.follow(follower, run_id)
        try:
            async with asyncio.timeout(timeout) as limit:
                return await self._ended(follower, run_id, tell)
        except TimeoutError:
            if timeout is not None and limit.expired():
                raise WaitTimeout(run_id, timeout) from None
            raise

    async def _ended(self, follower: Follower, run_id: str, tell: OnEvent) -> ServerRun:
        away_since: float | None = None
        while True:
            event = await follower.next(ASK_SECONDS if away_since is None else ASK_AGAIN_SECONDS)
            if isinstance(event, RunQueued):
                continue  # it was told when the run was accepted
            if event is not None and not isinstance(event, RunFinished):
                tell(event)
                continue
            try:
                run = await self._get(run_id)
            except (ServerUnreachable, ServerError) as error:
                away_since = away_since or time.monotonic()
                if not _may_come_back(error) or time.monotonic() - away_since > PATIENCE_SECONDS:
                    raise _lost(error, run_id) from error
                continue
            away_since = None
            if run.ended:
                tell(event or await self._last(follower, tell) or _end_of(run))
                return run

    async def _last(self, follower: Follower, tell: OnEvent) -> Event | None:
        """The end of a run that is over, as the websocket brings it after what came before:
        the answer to a question may have been quicker, or the connection cut meanwhile."""
        while self._watch.connected_once and not follower.gap:
            event = await follower.next(LAST_SECONDS)
            if event is None or isinstance(event, RunFinished):
                return event
            if not isinstance(event, RunQueued):
                tell(event)
        return None

    async def _submitted(self, submit: Callable[[], Awaitable[RunQueued]]) -> RunQueued:
        """Submit; if this is broken off on the way, no run is left behind."""
        task = asyncio.ensure_future(submit())
        try:
            return await asyncio.shield(task)
        except ServerUnreachable as error:
            if not error.sent:
                raise
            hint = "the run may have been accepted all the same: look at the server's runs"
            raise ServerUnreachable(_with_hint(error, hint)) from error
        except asyncio.CancelledError:
            with suppress(GraphgenError, TimeoutError):
                await self._stop((await asyncio.wait_for(task, CANCEL_SECONDS)).run_id)
            raise

    async def _stop(self, run_id: str) -> None:
        with suppress(GraphgenError, TimeoutError):  # it may have ended, or the server
            await asyncio.wait_for(self._cancel(run_id), CANCEL_SECONDS)


def accepted(content: Mapping[str, Any], sent: float, name: str, priority: int) -> RunQueued:
    """That a run was accepted, from the server's answer to what was sent at that time."""
    return RunQueued(content["run_id"], sent, name, content["position"], priority)


def _may_come_back(error: GraphgenError) -> bool:
    return isinstance(error, ServerUnreachable) or getattr(error, "status", 0) in _AWAY


def _lost(error: GraphgenError, run_id: str) -> GraphgenError:
    if not _may_come_back(error):
        return error
    hint = f"the run {run_id} was accepted, and goes on when the server does"
    return ServerUnreachable(_with_hint(error, hint))


def _with_hint(error: GraphgenError, hint: str) -> list[Problem]:
    return [Problem(problem.code, problem.message, hint=hint) for problem in error.problems]


def _end_of(run: ServerRun) -> Event:
    status, ended = run.status, run.finished or time.time()
    return RunFinished(run.run_id, ended, status, run.seconds or 0.0)


def _nobody(event: Event) -> None:
    pass
