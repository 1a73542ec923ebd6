"""SQLite's write-ahead log, brought into the database by a thread of its own.

Left to SQLite, that is done by whoever commits when the log is long, and one run in a
hundred would wait for the disk.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable

_log = logging.getLogger("graphgen.runs")
EACH_BYTES = 4 << 20
"""Written between two checkpoints, about."""
MOST_FRAMES = 8192
"""Pages of 4 KiB in the log, from which on writers are held up so that it begins anew."""


class Checkpoints:
    """The thread.

    Args:
        connect: Gives it a connection.
        writing: Held by whoever writes.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], writing: threading.Lock) -> None:
        self._connection = connect()
        self._writing = writing
        self._due = threading.Event()
        self._closing = False
        self._written = 0
        self._thread = threading.Thread(
            target=self._serve, name="graphgen-checkpoints", daemon=True
        )
        self._thread.start()

    def wrote(self, size: int) -> None:
        """Count bytes that went into the log; called by whoever writes."""
        self._written += size
        if self._written >= EACH_BYTES:
            self._written = 0
            self._due.set()

    def close(self) -> None:
        self._closing = True
        self._due.set()
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        while self._due.wait() and not self._closing:
            self._due.clear()
            try:
                frames, done = self._checkpoint()
                if done < frames and frames > MOST_FRAMES:
                    with self._writing:  # what came in the meantime, and no more comes
                        self._checkpoint()
            except sqlite3.Error as error:  # tried again after the next writes
                _log.warning("the log could not be brought into the database: %s", error)

    def _checkpoint(self) -> tuple[int, int]:
        """Frames in the log, and how many of them the database has now."""
        row = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return row[1], row[2]
