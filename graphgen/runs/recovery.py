"""After the process ended: what was running waits again, or is given up."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..problems import Problem
from .carry_out import clear_away
from .line import Entry, Line
from .record import RunRecord, Status
from .store import RunStore

MAX_ATTEMPTS = 3
_log = logging.getLogger("graphgen.runs")


class Recovered(NamedTuple):
    """Who waits, and the runs that ended with the process."""

    line: Line
    ended: list[RunRecord]


def recover(store: RunStore, outputs: Path) -> Recovered:
    """Make the store what it must be when nothing runs yet.

    A run that was interrupted waits again, before all others of its priority. One that was
    being cancelled is cancelled, and one that was interrupted ``MAX_ATTEMPTS`` times has
    failed. What was written for runs that are not over is cleared away.
    """
    line = Line()
    interrupted: list[Entry] = []
    ended: list[RunRecord] = []
    for entry, cancelling in store.unfinished():
        record = entry.record
        clear_away(outputs, record.folder)
        if record.status == "running":
            if cancelling:
                ended.append(_end(store, entry, "cancelled"))
                continue
            if record.attempts >= MAX_ATTEMPTS:
                ended.append(_end(store, entry, "failed", _crashed(record)))
                continue
            interrupted.append(entry)
            entry.record = replace(record, status="queued", started=None)
        line.add(entry)
    if interrupted:
        line.put(line.places_in_front(entry.run_id for entry in interrupted))
        store.put_back(interrupted)
        _log.warning("%d interrupted runs wait again", len(interrupted))
    return Recovered(line, ended)


def _end(store: RunStore, entry: Entry, status: Status, *problems: Problem) -> RunRecord:
    now = time.time()
    record = entry.record
    seconds = now - (record.started or now)
    entry.record = replace(
        record, status=status, finished=now, seconds=seconds, problems=list(problems)
    )
    store.finish(entry)
    _log.warning("the run %s is %s: the process ended", record.run_id, status)
    return entry.record


def _crashed(record: RunRecord) -> Problem:
    return Problem(
        "crashed",
        f"graphgen ended {record.attempts} times while this run was going on",
        hint="look for what ended it, such as too little memory; submit it again to try again",
    )
