"""Runs in the database: one row for each that was accepted, from its queueing to its end."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..problems import Problem
from ..workflow import Workflow
from .database import Database, Statement
from .problems import UnknownRun
from .record import NodeTable, RunRecord, Status

KEPT_DOCUMENTS = 64
_LISTED = (
    "run_id, name, workflow_name, status, priority, created, folder, started, finished, "
    "seconds, attempts, inputs, targets, problems, outputs"
)
_UNUSUAL = "status != 'succeeded'"


class Document(NamedTuple):
    """A workflow as it is stored: equal ones once."""

    key: bytes
    text: str
    workflow: Workflow

    @classmethod
    def of(cls, workflow: Workflow) -> Document:
        text = workflow.to_json(indent=None)
        return cls(hashlib.blake2b(text.encode(), digest_size=16).digest(), text, workflow)


class Unfinished(NamedTuple):
    """A run that is to be run, or was running when the process ended."""

    record: RunRecord
    place: int
    cancelling: bool


class RunStore:
    """The history, in one SQLite file.

    Args:
        path: Made by ``open``, with the folders it is in.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._database = Database(self.path)
        self._documents: OrderedDict[bytes, Workflow] = OrderedDict()

    def open(self) -> None:
        """Open the file; raises ``DatabaseUnusable``, see ``Database.open``."""
        self._database.open()

    def close(self) -> None:
        self._database.close()

    # Reading

    def get(self, run_id: str) -> RunRecord:
        """The record of a run, with its nodes.

        Raises:
            UnknownRun: There is none.
        """
        rows = self._database.read(f"SELECT {_LISTED}, nodes FROM runs WHERE run_id = ?", [run_id])
        if not rows:
            raise UnknownRun(run_id)
        return _record(rows[0])

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
            if not self.has(before):
                raise UnknownRun(before)
            wanted.append("seq < (SELECT seq FROM runs WHERE run_id = ?)")
            values.append(before)
        if status is not None:
            # Said in the words of the index, so that it is used.
            wanted.append(f"status = ?{'' if status == 'succeeded' else f' AND {_UNUSUAL}'}")
            values.append(status)
        if workflow is not None:
            wanted.append("(workflow_name = ? OR name = ?)")
            values += [workflow, workflow]
        rows = self._database.read(
            f"SELECT {_LISTED} FROM runs WHERE {' AND '.join(wanted)} ORDER BY seq DESC LIMIT ?",
            [*values, limit],
        )
        return [_record(row) for row in rows]

    def unfinished(self) -> list[Unfinished]:
        """What waits or was running, in its order."""
        rows = self._database.read(
            f"SELECT {_LISTED}, NULL, place, cancelling FROM runs "
            f"WHERE status IN ('queued', 'running') AND {_UNUSUAL} "
            "ORDER BY priority DESC, place"
        )
        return [Unfinished(_record(row), row[-2], bool(row[-1])) for row in rows]

    def workflow(self, run_id: str) -> Workflow:
        """The document that a run was submitted with.

        Raises:
            UnknownRun: There is no such run.
        """
        rows = self._database.read("SELECT document FROM runs WHERE run_id = ?", [run_id])
        if not rows:
            raise UnknownRun(run_id)
        key = rows[0][0]
        known = self._documents.get(key)
        if known is None:
            ((text,),) = self._database.read("SELECT body FROM documents WHERE key = ?", [key])
            known = Workflow.parse_json(text)
            self._know(key, known)
        return known

    def setting(self, name: str) -> str | None:
        rows = self._database.read("SELECT value FROM settings WHERE name = ?", [name])
        return rows[0][0] if rows else None

    # Writing; what is returned from is committed

    def accept(self, record: RunRecord, place: int, document: Document) -> None:
        """Add a run that waits."""
        statements = []
        if document.key not in self._documents:
            values = (document.key, document.text)
            statements.append(Statement("INSERT OR IGNORE INTO documents VALUES (?, ?)", values))
        statements.append(
            Statement(
                "INSERT INTO runs (run_id, name, workflow_name, document, status, priority, "
                "place, created, folder, inputs, targets) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    record.run_id,
                    record.name,
                    record.workflow_name,
                    document.key,
                    record.status,
                    record.priority,
                    place,
                    record.created,
                    record.folder,
                    _json(record.inputs),
                    None if record.targets is None else _json(record.targets),
                ),
            )
        )
        self._database.write(*statements)
        self._know(document.key, document.workflow)

    def start(self, record: RunRecord) -> None:
        """Note that a run begins, for the record's ``attempts``-th time."""
        self._database.write(
            Statement(
                "UPDATE runs SET status = 'running', started = ?, attempts = ? WHERE run_id = ?",
                (record.started, record.attempts, record.run_id),
            )
        )

    def finish(self, record: RunRecord) -> None:
        """Note how a run ended."""
        nodes = record.nodes
        self._database.write(
            Statement(
                "UPDATE runs SET status = ?, started = ?, finished = ?, seconds = ?, "
                "problems = ?, outputs = ?, nodes = ? WHERE run_id = ?",
                (
                    record.status,
                    record.started,
                    record.finished,
                    record.seconds,
                    _json([_short(problem) for problem in record.problems])
                    if record.problems
                    else None,
                    _json(record.outputs) if record.outputs else None,
                    nodes.text if isinstance(nodes, NodeTable) and nodes.text else None,
                    record.run_id,
                ),
            )
        )

    def put_back(self, runs: Iterable[tuple[str, int, int]]) -> None:
        """Let runs wait again: ids, the attempts that count, and their places."""
        self._database.write(
            *(
                Statement(
                    "UPDATE runs SET status = 'queued', started = NULL, attempts = ?, place = ? "
                    "WHERE run_id = ?",
                    (attempts, place, run_id),
                )
                for run_id, attempts, place in runs
            )
        )

    def cancelling(self, run_id: str) -> None:
        """Note that a running run is asked to stop, so that it is not run again."""
        self._database.write(
            Statement("UPDATE runs SET cancelling = 1 WHERE run_id = ?", (run_id,))
        )

    def place(self, places: Mapping[str, int]) -> None:
        self._database.write(
            *(
                Statement("UPDATE runs SET place = ? WHERE run_id = ?", (place, run_id))
                for run_id, place in places.items()
            )
        )

    def prioritise(self, run_id: str, priority: int) -> None:
        self._database.write(
            Statement("UPDATE runs SET priority = ? WHERE run_id = ?", (priority, run_id))
        )

    def set(self, name: str, value: str) -> None:
        """Keep a setting."""
        self._database.write(
            Statement("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))
        )

    def _know(self, key: bytes, workflow: Workflow) -> None:
        known = self._documents
        known[key] = workflow
        while len(known) > KEPT_DOCUMENTS:
            known.popitem(last=False)


def _record(row: tuple[Any, ...]) -> RunRecord:
    """A record from the columns in ``_LISTED``, and the nodes if they are there."""
    targets, problems, outputs = row[12:15]
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
        nodes=NodeTable((row[15] or "") if len(row) > 15 else ""),
    )


def _short(problem: Problem) -> dict[str, Any]:
    return {name: value for name, value in problem.to_dict().items() if value is not None}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
