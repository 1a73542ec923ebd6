"""Lazy inputs: a node that awaits one has it demanded while the node is suspended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arrive import gather
from .ledger import Ledger
from .step import Link

if TYPE_CHECKING:
    import asyncio


class LazyWait:
    """A node's wait for one of its lazy inputs.

    Made on the event loop; registered and told of arrivals in the run's thread.
    """

    def __init__(self, ledger: Ledger, link: Link, loop: asyncio.AbstractEventLoop) -> None:
        self._ledger = ledger
        self._link = link._replace(lazy=False)
        self._loop = loop
        self._missing = 0
        self.future: asyncio.Future[Any] = loop.create_future()

    def register(self) -> list[int]:
        """Wait for the sources that are not at hand; returns them, to be demanded."""
        missing = [s.step for s in self._link.sources if not self._ledger.has(s.step)]
        self._missing = len(missing)
        for needed in missing:
            self._ledger.tell(needed, self)
        if not missing:
            self._deliver()
        return missing

    def arrived(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._deliver()

    def _deliver(self) -> None:
        try:
            value = gather(self._ledger, self._link)
        except Exception as error:
            self._loop.call_soon_threadsafe(self._settle, None, error)
        else:
            self._loop.call_soon_threadsafe(self._settle, value, None)

    def _settle(self, value: Any, error: Exception | None) -> None:
        if self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(value)


async def ready_made(value: Any) -> Any:
    """A lazy input that was given as a literal."""
    return value
