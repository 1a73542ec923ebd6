"""One SQLite file: who may open it, and how its writers share commits."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..outputs import write_problem
from ..problems import Problem
from .aside import Aside
from .checkpoints import Checkpoints
from .flush import Flush
from .problems import DatabaseUnusable, QueueClosed, database_error
from .schema import migrate

_log = logging.getLogger("graphgen.runs")
BUSY_SECONDS = 10.0
LOG_BYTES = 16 << 20
"""What is left of the write-ahead log's file when it begins anew."""
STATEMENT_BYTES = 16 << 10
"""What a small statement adds to the write-ahead log, about: a page of each tree it is in."""


Then = Callable[[Exception | None], None]
"""What to call when the disk has a change: with None, or with why it may not have it."""


class Statement(NamedTuple):
    """One change, with the values of its parameters."""

    sql: str
    values: Sequence[Any] = ()


class _Change:
    """What somebody wants written, and what became of it."""

    __slots__ = ("commit", "done", "error", "statements", "then")

    def __init__(self, statements: Sequence[Statement], then: Then | None = None) -> None:
        self.statements = statements
        self.then = then
        self.commit = 0
        self.done = False
        self.error: Exception | None = None


class Database:
    """The file, open in this process alone.

    A change is in the file once ``write`` returns: it survives the end of the process, and a
    power cut, if it is written as durable. Of others the last may be missing then, but never
    one before another that is there. Threads that wait to write at the same time share one
    commit, and those that wait for the disk one flush. Who can't wait has a thread write for
    it, by ``send``.

    Args:
        path: Made when it is opened. The file ``.lock`` beside it keeps other processes out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: Any = None
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._checkpoints: Checkpoints | None = None
        self._flush: Flush | None = None
        self._sent: Aside[_Change] | None = None
        self._commits = 0
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
            self._writer.execute("PRAGMA wal_autocheckpoint = 0")
            self._checkpoints = Checkpoints(self._connect, self._writing)
            self._reader = self._connect()
            self._reader.execute("PRAGMA query_only = ON")
            self._flush = Flush(self.path, lambda: self._commits)
            self._sent = Aside(self._write_all, "graphgen-writer")
        except sqlite3.Error as error:
            self.close()
            raise database_error(error, self.path) from error
        except OSError as error:
            self.close()
            raise DatabaseUnusable(write_problem(error, self.path)) from error
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
        connection.execute("PRAGMA synchronous = NORMAL")  # commits are waited for by Flush
        connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        return connection

    def write(self, *statements: Statement, durable: bool = True) -> None:
        """Make changes, all or none of them; they are committed when this returns.

        Args:
            durable: Wait until the disk has them.

        Raises:
            DatabaseUnusable: They could not be written, and nothing of them was; or the disk
                fails, and may have them or not.
        """
        if not statements:
            return
        change = _Change(statements)
        self._waiting.append(change)
        # Whoever comes to it commits for all who wait; the others find theirs done.
        with self._writing:
            if not change.done:
                batch = self._take_waiting()
                if change not in batch:  # whoever had it in hand was interrupted
                    batch.append(change)
                self._commit(batch)
        if change.error is not None:
            raise self._error(change.error)
        if durable:
            try:
                self._reach(change.commit)
            except OSError as error:
                raise self._error(error) from error

    def send(self, then: Then, *statements: Statement) -> None:
        """Have changes made, all or none of them, without waiting.

        Args:
            then: Told, by a thread that others wait for, when the disk has them.

        Raises:
            QueueClosed: It is not open.
        """
        sent = self._sent
        if sent is None:
            raise QueueClosed
        sent.put(_Change(statements, then))

    def _write_all(self, changes: list[_Change]) -> None:
        with self._writing:
            self._commit([*self._take_waiting(), *changes])
        failure: Exception | None = None
        try:
            self._reach(max(change.commit for change in changes))
        except OSError as raised:
            failure = raised
        for change in changes:
            assert change.then is not None
            error = change.error or failure
            try:
                change.then(None if error is None else self._error(error))
            except Exception:
                _log.exception("who had something written could not be told")

    def _error(self, error: Exception) -> Exception:
        """What those who write are told."""
        if isinstance(error, sqlite3.Error):
            told = database_error(error, self.path)
        elif isinstance(error, OSError):
            told = DatabaseUnusable(write_problem(error, self.path))
        else:
            return error
        told.__cause__ = error
        return told

    def _reach(self, commit: int) -> None:
        flush = self._flush
        if flush is not None:  # else it was closed meanwhile, which brought it to the disk
            flush.reach(commit)

    def _take_waiting(self) -> list[_Change]:
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def _commit(self, batch: list[_Change]) -> None:
        try:
            self._transact([s for change in batch for s in change.statements])
        except Exception as error:
            if len(batch) > 1:  # one of them may be at fault: each for itself
                for change in batch:
                    self._commit([change])
                return
            batch[0].error = error
        else:
            self._commits += 1
        for change in batch:
            change.commit = self._commits
            change.done = True

    def _transact(self, statements: Sequence[Statement]) -> None:
        writer, checkpoints = self._writer, self._checkpoints
        if writer is None or checkpoints is None:
            raise QueueClosed
        checkpoints.wrote(sum(map(_size, statements)))
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
            except UnicodeEncodeError:  # half a character, which nothing in it has
                return []
            except sqlite3.Error as error:
                raise database_error(error, self.path) from error

    def close(self) -> None:
        """Close the file and let other processes have it. Closing twice does nothing."""
        sent, self._sent = self._sent, None
        if sent is not None:
            sent.close()
        with self._reading, self._writing:
            checkpoints, self._checkpoints = self._checkpoints, None
            flush, self._flush = self._flush, None
            if flush is not None:
                flush.close()
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None
        if checkpoints is not None:
            checkpoints.close()
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


def _size(statement: Statement) -> int:
    """Bytes that it adds to the log, about."""
    texts = sum(len(value) for value in statement.values if isinstance(value, str))
    return STATEMENT_BYTES + texts
