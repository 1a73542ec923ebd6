"""Waiting until the disk has the write-ahead log.

SQLite would wait inside of its commit, where it keeps every other writer out. Here it only
hands the log to the system, and those who need to know that the disk has it wait afterwards,
many of them for the same flush.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from ..workspace import sync_names

_to_disk = getattr(os, "fdatasync", os.fsync)  # what SQLite itself calls


class Flush:
    """The log of an open database.

    Args:
        path: Of the database.
        commits: Gives how many commits the log has had so far.
    """

    def __init__(self, path: Path, commits: Callable[[], int]) -> None:
        self._commits = commits
        self._log: int | None = os.open(f"{path}-wal", os.O_RDWR)  # Windows flushes no other
        self._flushing = threading.Lock()
        self._flushed = 0
        sync_names(path.parent)

    def reach(self, commit: int) -> None:
        """Wait until the disk has the log up to a commit, by its number.

        Raises:
            OSError: It does not take it.
        """
        with self._flushing:
            if self._flushed < commit and self._log is not None:
                commits = self._commits()
                _to_disk(self._log)
                self._flushed = commits

    def close(self) -> None:
        """Let go of the file; SQLite flushes it when it is closed."""
        with self._flushing:
            if self._log is not None:
                os.close(self._log)
                self._log = None
