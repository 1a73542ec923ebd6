"""The tables, and how a database of an older version becomes one of this."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..problems import Problem
from .problems import DatabaseUnusable


class Migration(NamedTuple):
    """One step from a version to the next; its statements are run in one transaction."""

    name: str
    statements: tuple[str, ...]


MIGRATIONS: tuple[Migration, ...] = (
    Migration(
        "runs, their documents and settings of the queue",
        (
            # Equal documents are kept once, by the hash of their text.
            "CREATE TABLE documents (key BLOB PRIMARY KEY, body TEXT NOT NULL)",
            """CREATE TABLE runs (
                seq INTEGER PRIMARY KEY,
                run_id TEXT NOT NULL UNIQUE,
                name TEXT NOT NULL,
                workflow_name TEXT NOT NULL,
                document BLOB NOT NULL REFERENCES documents (key),
                status TEXT NOT NULL,
                priority INTEGER NOT NULL,
                place INTEGER NOT NULL,
                created REAL NOT NULL,
                folder TEXT NOT NULL,
                started REAL,
                finished REAL,
                seconds REAL,
                attempts INTEGER NOT NULL DEFAULT 0,
                cancelling INTEGER NOT NULL DEFAULT 0,
                inputs TEXT NOT NULL,
                targets TEXT,
                problems TEXT,
                outputs TEXT,
                nodes TEXT
            )""",
            # Small, as most runs have succeeded.
            "CREATE INDEX runs_unusual ON runs (status, seq) WHERE status != 'succeeded'",
            "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        ),
    ),
    Migration(
        "keys of submissions that may come again",
        (
            """CREATE TABLE keys (
                name TEXT PRIMARY KEY,
                request BLOB NOT NULL,
                run_id TEXT NOT NULL,
                created REAL NOT NULL
            ) WITHOUT ROWID""",
            "CREATE INDEX keys_created ON keys (created)",
        ),
    ),
)
_TABLE = """CREATE TABLE IF NOT EXISTS migrations (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied REAL NOT NULL
)"""


def migrate(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Bring a database to the version of this program.

    Args:
        connection: In autocommit mode.
        path: Names the database in errors.

    Raises:
        DatabaseUnusable: A newer graphgen wrote it, or it is another program's.
        sqlite3.Error: It can't be read or written.
    """
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if tables and "migrations" not in tables:
        raise DatabaseUnusable(
            Problem(
                "foreign_database",
                f"{path} is a database of another program",
                hint="move it away, or use another workspace",
            )
        )
    connection.execute(_TABLE)
    (found,) = connection.execute("SELECT COALESCE(MAX(version), 0) FROM migrations").fetchone()
    if found > len(migrations):
        raise DatabaseUnusable(
            Problem(
                "newer_database",
                f"{path} was written by a newer version of graphgen "
                f"(format {found}, this one knows {len(migrations)})",
                hint="update graphgen, or use another workspace",
            )
        )
    for version, migration in enumerate(migrations[found:], start=found + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in migration.statements:
                connection.execute(statement)
            row = (version, migration.name, time.time())
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", row)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
