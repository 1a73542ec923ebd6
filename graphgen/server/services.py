"""What the routes work with: one object, kept in the application."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from aiohttp import web

from .catalogue import Catalogue
from .feed import Feed
from .logs import log_event
from .metrics import Metrics
from .packs import PackParts
from .pictures import THUMBNAILS, Thumbnails
from .threads import Threads
from .waiting import Waiting

if TYPE_CHECKING:
    from ..engine import Engine
    from ..runs import RunQueue
    from ..saved import SavedWorkflows
    from .security import Guard

THREADS = 16
EDITOR = Path(__file__).parent / "editor"
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Limits:
    """What the server takes at most.

    Attributes:
        json_bytes: Size of a JSON body, or of a picture to import.
        upload_bytes: Size of an uploaded file.
        pixels: Pixels of a picture that is decoded.
    """

    json_bytes: int = 32 << 20
    upload_bytes: int = 1 << 30
    pixels: int = 100_000_000


@dataclass(frozen=True)
class Services:
    """The parts behind the routes. Packs reach them by ``services(request)``.

    Attributes:
        feed: Hears the queue.
        waiting, metrics: Hear the feed.
        editor: Folder of the built editor.
        threads: For what may block.
    """

    engine: Engine
    queue: RunQueue
    saved: SavedWorkflows
    feed: Feed
    guard: Guard
    limits: Limits
    editor: Path
    waiting: Waiting
    metrics: Metrics
    packs: PackParts
    catalogue: Catalogue
    thumbnails: Thumbnails
    threads: Threads

    @classmethod
    def over(
        cls,
        engine: Engine,
        queue: RunQueue,
        feed: Feed,
        saved: SavedWorkflows,
        guard: Guard,
        limits: Limits | None = None,
        editor: Path = EDITOR,
    ) -> Services:
        """Everything that a server is, over an engine and a queue that ``feed`` hears."""
        limits = limits or Limits()
        queue.previews = False  # until somebody watches
        packs = PackParts.of(engine.plugins)
        parts = cls(
            engine=engine,
            queue=queue,
            saved=saved,
            feed=feed,
            guard=guard,
            limits=limits,
            editor=editor,
            waiting=Waiting(),
            metrics=Metrics(engine, queue),
            packs=packs,
            catalogue=Catalogue(engine, lambda: packs.problems),
            thumbnails=Thumbnails(limits.pixels, engine.workspace.cache / THUMBNAILS),
            threads=Threads(THREADS, feed.mailbox),
        )
        for observer in (parts.waiting, parts.metrics, log_event):
            feed.observe(observer)
        return parts

    async def call(self, function: Callable[P, R], *args: P.args, **options: P.kwargs) -> R:
        """What a function that may block gives, called in another thread."""
        return await self.threads.call(function, *args, **options)

    async def outcome(self, future: Future[R]) -> R:
        """What a future of another thread gives."""
        return await self.threads.outcome(future)


SERVICES = web.AppKey("services", Services)


def services(request: web.Request) -> Services:
    """The parts behind the routes, for a handler."""
    return request.app[SERVICES]
