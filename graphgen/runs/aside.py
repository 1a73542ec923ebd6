"""A thread for those who do not wait: it takes up what they ask for, all at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

from .problems import QueueClosed

_log = logging.getLogger("graphgen.runs")
T = TypeVar("T")


class Aside(Generic[T]):
    """The thread.

    Args:
        work: Called with everything that was asked for since it was last called.
    """

    def __init__(self, work: Callable[[list[T]], None], name: str) -> None:
        self._work = work
        self._asked: SimpleQueue[T | None] = SimpleQueue()
        self._asking = threading.Lock()
        self._open = True
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    def put(self, item: T) -> None:
        """Ask for something.

        Raises:
            QueueClosed: It is closed.
        """
        with self._asking:
            if not self._open:
                raise QueueClosed
            self._asked.put(item)

    def close(self) -> None:
        """Do what was asked for, then end."""
        with self._asking:
            self._open = False
            self._asked.put(None)
        self._thread.join()

    def _serve(self) -> None:
        ends = False
        while not ends:
            items = [self._asked.get()]
            while not self._asked.empty():
                items.append(self._asked.get())
            ends = None in items  # behind which nothing comes
            asked = [item for item in items if item is not None]
            try:
                if asked:
                    self._work(asked)
            except Exception:
                _log.exception("what was asked for was not done")
