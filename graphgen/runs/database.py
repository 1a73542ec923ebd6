"""One SQLite file: who may open it, and how its writers share commits."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..outputs import write_problem
from ..problems import Problem
from .problems import DatabaseUnusable, QueueClosed, database_error
from .schema import migrate

BUSY_SECONDS = 10.0


class Statement(NamedTuple):
    """One change, with the values of its parameters."""

    sql: str
    values: Sequence[Any] = ()


class _Change:
    """What one thread wants written, and what became of it."""

    __slots__ = ("done", "error", "statements")

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = statements
        self.done = False
        self.error: sqlite3.Error | None = None


class Database:
    """The file, open in this process alone.

    A change is in the file once ``write`` returns: it survives the end of the process, and
    after a power cut the file is whole, though the last changes may be missing. Threads that
    wait to write at the same time share one commit.

    Args:
        path: Made when it is opened. The file ``.lock`` beside it keeps other processes out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: Any = None
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._waiting: deque[_Change] = deque()
        self._writing = threading.Lock()
        self._reading = threading.Lock()

    def open(self) -> None:
        """Open the file, make it if need be, and bring its tables up to date.

        Raises:
            DatabaseUnusable: Another process has it, a newer graphgen wrote it, it is
                damaged, or it can't be written.
        """
        self._acquire()
        try:
            self._writer = self._connect()
            migrate(self._writer, self.path)
            self._reader = self._connect()
            self._reader.execute("PRAGMA query_only = ON")
        except sqlite3.Error as error:
            self.close()
            raise database_error(error, self.path) from error
        except BaseException:
            self.close()
            raise

    def _acquire(self) -> None:
        from filelock import FileLock, Timeout

        lock = FileLock(f"{self.path}.lock", thread_local=False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise DatabaseUnusable(
                Problem(
                    "workspace_in_use",
                    f"another graphgen works on {self.path.parent}",
                    hint="end it, or use another workspace",
                )
            ) from None
        except OSError as error:
            raise DatabaseUnusable(write_problem(error, self.path)) from error
        self._lock = lock

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def write(self, *statements: Statement) -> None:
        """Make changes, all or none of them; they are committed when this returns.

        Raises:
            DatabaseUnusable: They could not be written, and nothing of them was.
        """
        change = _Change(statements)
        self._waiting.append(change)
        # Whoever comes to it commits for all who wait; the others find theirs done.
        with self._writing:
            if not change.done:
                batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
                self._commit(batch)
        if change.error is not None:
            raise database_error(change.error, self.path) from change.error

    def _commit(self, batch: list[_Change]) -> None:
        try:
            self._transact([s for change in batch for s in change.statements])
        except sqlite3.Error as error:
            for change in batch:
                if len(batch) > 1:  # one of them may be at fault: each for itself
                    self._commit([change])
                else:
                    change.error = error
        for change in batch:
            change.done = True

    def _transact(self, statements: Sequence[Statement]) -> None:
        writer = self._writer
        if writer is None:
            raise QueueClosed
        if len(statements) == 1:
            writer.execute(*statements[0])
            return
        writer.execute("BEGIN IMMEDIATE")
        try:
            for sql, values in statements:
                writer.execute(sql, values)
            writer.execute("COMMIT")
        except BaseException:
            writer.rollback()
            raise

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query; what was written before is seen.

        Raises:
            DatabaseUnusable: It can't be read.
        """
        with self._reading:
            if self._reader is None:
                raise QueueClosed
            try:
                return self._reader.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise database_error(error, self.path) from error

    def close(self) -> None:
        """Close the file and let other processes have it. Closing twice does nothing."""
        with self._reading, self._writing:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None
            if self._lock is not None:
                self._lock.release()
                self._lock = None
