"""One websocket for all who wait for runs of a server.

It is opened when somebody begins to wait, and closed a while after the last one is done.
When it breaks it is opened again and goes on after the last event that came. Whoever may
have missed something all the same is told so, and asks for the state of their run.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp

from ..problems import GraphgenError
from .events import Event, Frame, event_of, frame_of
from .link import Link

FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS = 0.1, 2.0
LINGER_SECONDS = 5.0
"""How long the websocket stays open for nobody: another run may follow."""


class Follower:
    """Receives the events of one run, once it is said which.

    Attributes:
        gap: Events are missing that will not come any more.
    """

    def __init__(self) -> None:
        self.gap = False
        self._inbox: deque[Event] = deque()
        self._missed = False
        self._news = asyncio.Event()

    async def next(self, seconds: float) -> Event | None:
        """The next event; None if some may have been missed, or if none comes in time."""
        if not self._news.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()
        event = self._inbox.popleft() if self._inbox else None
        if event is None:
            self._missed = False
        if not self._inbox and not self._missed:
            self._news.clear()
        return event

    def put(self, event: Event) -> None:
        self._inbox.append(event)
        self._news.set()

    def miss(self, gap: bool) -> None:
        self._missed = True
        self.gap = self.gap or gap
        self._news.set()


class Watch:
    """Hands the events of a server's runs to those who wait for them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._users = 0
        self._followers: defaultdict[str, set[Follower]] = defaultdict(set)
        self._unnamed: set[Follower] = set()
        self._early: defaultdict[str, list[Event]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._tried = asyncio.Event()
        self._cursor: dict[str, str | int] = {}

    @asynccontextmanager
    async def follower(self) -> AsyncIterator[Follower]:
        """Somebody who waits. What happens from here on is heard if the websocket can be
        opened; if not, they are told that they miss it."""
        follower = Follower()
        self._users += 1
        try:
            await self._open()
            self._unnamed.add(follower)
            yield follower
        finally:
            self._unnamed.discard(follower)
            for run_id in [id for id, those in self._followers.items() if follower in those]:
                self._leave(run_id, follower)
            self._forget_early()
            self._users -= 1
            if not self._users and self._task is not None:
                self._ending = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._stop)

    def follow(self, follower: Follower, run_id: str) -> None:
        """Say which run somebody waits for. What has come for it since they began to wait,
        before they knew its id, is handed out now."""
        for event in self._early.get(run_id, ()):
            follower.put(event)
        self._unnamed.discard(follower)
        self._followers[run_id].add(follower)
        self._forget_early()

    @property
    def connected_once(self) -> bool:
        """Whether there is a place in the stream to go on from, if not a connection."""
        return bool(self._cursor)

    async def close(self) -> None:
        """Close the websocket."""
        task = self._task
        self._stop()
        if task is not None:
            with suppress(asyncio.CancelledError):
                await task

    async def _open(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        await self._tried.wait()

    def _stop(self) -> None:
        """Forget the place in the stream, too: what happens now is nobody's."""
        if self._ending is not None:
            self._ending.cancel()
        if self._task is not None:
            self._task.cancel()
        self._task = self._ending = None
        self._tried.clear()
        self._cursor = {}

    def _leave(self, run_id: str, follower: Follower) -> None:
        self._followers[run_id].discard(follower)
        if not self._followers[run_id]:
            del self._followers[run_id]

    def _forget_early(self) -> None:
        if not self._unnamed:
            self._early.clear()

    async def _listen(self) -> None:
        delay = FIRST_RETRY_SECONDS
        while True:
            try:
                async with self._link.socket("/api/events", self._cursor) as socket:
                    async for message in socket:
                        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                            self._take(message.data)
                            delay = FIRST_RETRY_SECONDS
            except GraphgenError:
                pass  # those who are told that they miss something ask, and hear why
            finally:
                self._tell_missed(gap=False)
                self._tried.set()
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))
            delay = min(delay * 2, LAST_RETRY_SECONDS)

    def _take(self, data: str | bytes) -> None:
        try:
            frame = frame_of(data)
            if frame.get("type") == "hello":
                self._greet(frame)
                return
            if "seq" in frame:
                self._cursor["since"] = int(frame["seq"])
            event = event_of(frame)
        except (KeyError, TypeError, ValueError):
            return  # of a newer server; at the latest, asking shows that a run has ended
        if event is not None:
            for follower in self._followers.get(event.run_id, ()):
                follower.put(event)
            if self._unnamed:
                self._early[event.run_id].append(event)

    def _greet(self, hello: Frame) -> None:
        self._cursor = {"epoch": str(hello["epoch"]), "since": int(hello["seq"])}
        if hello["reset"]:
            self._tell_missed(gap=True)
        self._tried.set()

    def _tell_missed(self, gap: bool) -> None:
        """Tell all that something may have been missed; with a ``gap`` it surely was."""
        for follower in {*self._unnamed, *(one for all in self._followers.values() for one in all)}:
            follower.miss(gap)
