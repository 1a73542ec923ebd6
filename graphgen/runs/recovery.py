"""After the process ended: what was running waits again, or is given up."""

from __future__ import annotations

import logging
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..problems import Problem
from .line import Line
from .record import RunRecord
from .store import RunStore

MAX_ATTEMPTS = 3
_log = logging.getLogger("graphgen.runs")


class Recovered(NamedTuple):
    """Waiting runs with their places, and those that ended with the process."""

    waiting: list[tuple[RunRecord, int]]
    ended: list[RunRecord]


def recover(store: RunStore, outputs: Path) -> Recovered:
    """Make the store what it must be when nothing runs yet.

    A run that was interrupted waits again, before all others of its priority. One that was
    being cancelled is cancelled, and one that was interrupted ``MAX_ATTEMPTS`` times has
    failed. What interrupted runs had written is cleared away.
    """
    line = Line()
    waiting: dict[str, RunRecord] = {}
    interrupted: list[str] = []
    ended: list[RunRecord] = []
    for record, place, cancelling in store.unfinished():
        if record.attempts:
            leftovers_of(record, outputs)
        if record.status == "running":
            if cancelling:
                ended.append(_end(store, replace(record, status="cancelled")))
                continue
            if record.attempts >= MAX_ATTEMPTS:
                problems = [_crashed(record)]
                ended.append(_end(store, replace(record, status="failed", problems=problems)))
                continue
            interrupted.append(record.run_id)
            record = replace(record, status="queued", started=None)
        waiting[record.run_id] = record
        line.add(record.run_id, record.priority, place)
    places = line.first_of(interrupted)
    if places:
        line.put(places)
        store.put_back((id, waiting[id].attempts, place) for id, place in places.items())
    return Recovered([(waiting[id], line.place(id)) for id in line], ended)


def leftovers_of(record: RunRecord, outputs: Path) -> None:
    """Clear away what a run wrote before it was interrupted."""
    folder = outputs / record.folder
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


def _end(store: RunStore, record: RunRecord) -> RunRecord:
    now = time.time()
    record = replace(record, finished=now, seconds=now - (record.started or now))
    store.finish(record)
    _log.error("run %s ended as %s when the process did", record.run_id, record.status)
    return record


def _crashed(record: RunRecord) -> Problem:
    return Problem(
        "crashed",
        f"graphgen ended {record.attempts} times while this run was going on",
        hint="look into the log for what ended it, such as too little memory; "
        "submit it again to try once more",
    )
