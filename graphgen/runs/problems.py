"""What a queue refuses, and what keeps its database from being used."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..problems import GraphgenError, Problem

MAX_PRIORITY = 100


class UnknownRun(GraphgenError):
    """There is no run of that id."""

    def __init__(self, run_id: str) -> None:
        super().__init__(Problem("unknown_run", f"there is no run {run_id!r}"))


class QueueFull(GraphgenError):
    """As many runs wait as the queue takes."""

    def __init__(self, waiting: int) -> None:
        super().__init__(
            Problem(
                "queue_full",
                f"the queue is full: {waiting} runs are waiting",
                hint="submit it again when some of them are done",
            )
        )


class QueueClosed(GraphgenError):
    """The queue takes nothing, because it is closed or closing."""

    def __init__(self) -> None:
        super().__init__(
            Problem("queue_closed", "the queue is closed", hint="submit it again after a restart")
        )


class RunConflict(GraphgenError):
    """What was asked for can't be done to a run in this state.

    Attributes:
        status: The state that the run is in.
    """

    def __init__(self, run_id: str, status: str, what: str) -> None:
        self.status = status
        super().__init__(
            Problem("run_conflict", f"the run {run_id} can't be {what}: it is {status}")
        )


class DatabaseUnusable(GraphgenError):
    """The database can't be opened, read or written; what it holds was not touched."""


def database_error(error: sqlite3.Error, path: Path) -> DatabaseUnusable:
    """The error to raise for one of SQLite's."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        problem = Problem(
            "disk_full", f"there is no room to write {path}", hint="free some space on its disk"
        )
    elif name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        problem = Problem(
            "damaged_database",
            f"the database {path} is damaged: {error}",
            hint="nothing was changed; put a backup in its place, or move it away to begin anew",
        )
    elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        problem = Problem(
            "database_busy",
            f"another program holds the database {path}",
            hint="end that program, or wait until it is done",
        )
    else:
        problem = Problem("database_failed", f"the database {path} can't be used: {error}")
    return DatabaseUnusable(problem)
