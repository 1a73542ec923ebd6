"""Runs in the database: one row for each that was accepted, from its queueing to its end."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..problems import Problem
from ..workflow import Workflow
from .compact import to_text
from .database import Database, Statement, Then
from .documents import Document
from .line import Entry
from .problems import UnknownRun
from .recent import Recent
from .record import NodeTable, RunRecord, Status

_LISTED = (
    "run_id, name, workflow_name, status, priority, created, folder, started, finished, "
    "seconds, attempts, inputs, targets, problems, outputs"
)
_WIDTH = _LISTED.count(",") + 1
_UNUSUAL = "status != 'succeeded'"
"""As the index says it; a query that says the same can use it."""


class Unfinished(NamedTuple):
    """A run that is to be run, or was running when the process ended."""

    entry: Entry
    cancelling: bool


class RunStore:
    """The history, in one SQLite file. What writes returns when the disk has it, so that what
    a client was told outlives a power cut; only how far a run has come is not waited for, as
    it is run again then.

    Every method raises ``DatabaseUnusable`` when the file can't be read or written.

    Args:
        path: Made by ``open``, with the folders it is in.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._database = Database(self.path)
        # So that most runs need not read theirs.
        self._recent = Recent[bytes, Workflow]()
        self._numbers = itertools.count(1)

    def open(self) -> None:
        """Open the file, in this process alone; see ``Database.open``."""
        self._database.open()
        try:
            ((last,),) = self._database.read("SELECT COALESCE(MAX(seq), 0) FROM runs")
        except BaseException:
            self.close()
            raise
        self._numbers = itertools.count(last + 1)

    def close(self) -> None:
        self._database.close()

    def next_number(self) -> int:
        """The ``seq`` of the next run."""
        return next(self._numbers)

    # Reading

    def get(self, run_id: str) -> RunRecord:
        """The record of a run, with its nodes.

        Raises:
            UnknownRun: There is none.
        """
        return _record(self._row(f"{_LISTED}, nodes", run_id))

    def has(self, run_id: str) -> bool:
        return bool(self._database.read("SELECT 1 FROM runs WHERE run_id = ?", [run_id]))

    def history(
        self,
        limit: int,
        before: str | None = None,
        status: str | None = None,
        workflow: str | None = None,
    ) -> list[RunRecord]:
        """Records without their nodes, the run that was accepted last first.

        Raises:
            UnknownRun: There is no run ``before``.
        """
        wanted, values = ["1"], []
        if before is not None:
            wanted.append("seq < ?")
            values.append(self._row("seq", before)[0])
        if status is not None:
            wanted.append("status = ?" if status == "succeeded" else f"status = ? AND {_UNUSUAL}")
            values.append(status)
        if workflow is not None:
            wanted.append("(workflow_name = ? OR name = ?)")
            values += [workflow, workflow]
        rows = self._database.read(
            f"SELECT {_LISTED} FROM runs WHERE {' AND '.join(wanted)} ORDER BY seq DESC LIMIT ?",
            [*values, max(0, min(limit, 1 << 31))],
        )
        return [_record(row) for row in rows]

    def unfinished(self) -> list[Unfinished]:
        """What waits or was running, in its order."""
        rows = self._database.read(
            f"SELECT {_LISTED}, NULL, seq, place, document, cancelling FROM runs "
            f"WHERE status IN ('queued', 'running') AND {_UNUSUAL} "
            "ORDER BY priority DESC, place, seq"
        )
        return [Unfinished(Entry(_record(row), *row[-4:-1]), bool(row[-1])) for row in rows]

    def workflow(self, key: bytes) -> Workflow:
        """The document with that hash."""
        known = self._recent.get(key)
        if known is None:
            ((text,),) = self._database.read("SELECT body FROM documents WHERE key = ?", [key])
            known = Workflow.parse_json(text)
            self._remember(Document(key, text, known))
        return known

    def workflow_of(self, run_id: str) -> Workflow:
        """The document that a run was submitted with.

        Raises:
            UnknownRun: There is no such run.
        """
        return self.workflow(self._row("document", run_id)[0])

    def _remember(self, document: Document) -> None:
        self._recent.add(document.key, document.workflow, len(document.text))

    def setting(self, name: str) -> str | None:
        rows = self._database.read("SELECT value FROM settings WHERE name = ?", [name])
        return rows[0][0] if rows else None

    def key(self, name: str, since: float) -> tuple[str, bytes] | None:
        """Id of the run that was submitted under a key, and the digest of its request.

        Args:
            since: Keys from before, seconds since the epoch, are forgotten.
        """
        rows = self._database.read(
            "SELECT run_id, request FROM keys WHERE name = ? AND created >= ?", [name, since]
        )
        return rows[0] if rows else None

    def _row(self, columns: str, run_id: str) -> tuple[Any, ...]:
        rows = self._database.read(f"SELECT {columns} FROM runs WHERE run_id = ?", [run_id])
        if not rows:
            raise UnknownRun(run_id)
        return rows[0]

    # Writing

    def accept(self, entry: Entry, document: Document, *more: Statement) -> None:
        """Add a run, which waits or has begun, and what belongs to it."""
        self._database.write(*self._acceptance(entry, document), *more)
        self._remember(document)

    def accept_soon(self, entry: Entry, document: Document, then: Then) -> None:
        """The same without waiting; ``then`` is told, see ``Database.send``."""

        def told(error: Exception | None) -> None:
            if error is None:
                self._remember(document)
            then(error)

        self._database.send(told, *self._acceptance(entry, document))

    def _acceptance(self, entry: Entry, document: Document) -> list[Statement]:
        record = entry.record
        values = (
            entry.seq,
            record.run_id,
            record.name,
            record.workflow_name,
            entry.document,
            record.status,
            record.priority,
            entry.place,
            record.created,
            record.folder,
            record.started,
            record.attempts,
            to_text(record.inputs),
            None if record.targets is None else to_text(record.targets),
        )
        add = Statement(_ACCEPT, values)
        if document.key in self._recent:
            return [add]
        return [Statement(_KEEP, (document.key, document.text)), add]

    def start(self, entry: Entry) -> None:
        """Note that a run begins, for the record's ``attempts``-th time."""
        self._database.write(_started(entry), durable=False)

    def finish(self, entry: Entry, then: Entry | None = None) -> None:
        """Note how a run ended, and that another begins."""
        if then is None:
            self._database.write(_finished(entry), durable=False)
        else:
            self._database.write(_finished(entry), _started(then), durable=False)

    def cancel(self, entry: Entry) -> None:
        """Note that a run that waited has ended."""
        self._database.write(_finished(entry))

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Let runs wait again, with the attempts and places that they have now."""
        self._database.write(
            *(
                Statement(
                    "UPDATE runs SET status = 'queued', started = NULL, attempts = ?, place = ? "
                    "WHERE seq = ?",
                    (entry.record.attempts, entry.place, entry.seq),
                )
                for entry in entries
            )
        )

    def note_cancelling(self, entry: Entry) -> None:
        """Note that a running run is asked to stop, so that it is not run again."""
        self._database.write(
            Statement("UPDATE runs SET cancelling = 1 WHERE seq = ?", (entry.seq,))
        )

    def place(self, places: Mapping[str, int]) -> None:
        """Note the places of waiting runs, by id."""
        self._database.write(
            *(
                Statement("UPDATE runs SET place = ? WHERE run_id = ?", (place, run_id))
                for run_id, place in places.items()
            )
        )

    def prioritise(self, entry: Entry, priority: int) -> None:
        values = (priority, entry.seq)
        self._database.write(Statement("UPDATE runs SET priority = ? WHERE seq = ?", values))

    def set(self, name: str, value: str) -> None:
        """Keep a setting."""
        self._database.write(
            Statement("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))
        )


_KEEP = "INSERT OR IGNORE INTO documents VALUES (?, ?)"
_ACCEPT = (
    "INSERT INTO runs (seq, run_id, name, workflow_name, document, status, priority, place, "
    "created, folder, started, attempts, inputs, targets) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_START = "UPDATE runs SET status = 'running', started = ?, attempts = ? WHERE seq = ?"
_FINISH = (
    "UPDATE runs SET status = ?, started = ?, finished = ?, seconds = ?, problems = ?, "
    "outputs = ?, nodes = ? WHERE seq = ?"
)


def _started(entry: Entry) -> Statement:
    return Statement(_START, (entry.record.started, entry.record.attempts, entry.seq))


def _finished(entry: Entry) -> Statement:
    record = entry.record
    nodes = record.nodes.text if isinstance(record.nodes, NodeTable) else ""
    values = (
        record.status,
        record.started,
        record.finished,
        record.seconds,
        to_text([_short(problem) for problem in record.problems]) if record.problems else None,
        to_text(record.outputs) if record.outputs else None,
        nodes or None,
        entry.seq,
    )
    return Statement(_FINISH, values)


def _record(row: tuple[Any, ...]) -> RunRecord:
    """A record from the columns in ``_LISTED``, and the nodes if they come behind them."""
    targets, problems, outputs = row[12:_WIDTH]
    status: Status = row[3]
    return RunRecord(
        run_id=row[0],
        name=row[1],
        workflow_name=row[2],
        status=status,
        priority=row[4],
        created=row[5],
        folder=row[6],
        started=row[7],
        finished=row[8],
        seconds=row[9],
        attempts=row[10],
        inputs=json.loads(row[11]),
        targets=None if targets is None else json.loads(targets),
        problems=[Problem(**problem) for problem in json.loads(problems)] if problems else [],
        outputs=json.loads(outputs) if outputs else {},
        nodes=NodeTable(row[_WIDTH] or "") if len(row) > _WIDTH else NodeTable(),
    )


def _short(problem: Problem) -> dict[str, Any]:
    return {name: value for name, value in problem.to_dict().items() if value is not None}
