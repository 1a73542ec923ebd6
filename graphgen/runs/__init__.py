"""Runs that last: a queue and a history in SQLite, which a killed process does not lose."""

from .entrance import Accepted
from .events import QueueChanged, RunEnded, RunQueued
from .problems import DatabaseUnusable, QueueClosed, QueueFull, RunConflict, UnknownRun
from .queue import RunQueue
from .record import NodeTable, RunRecord
from .repeats import Key
from .store import RunStore
from .submission import Submission

__all__ = [
    "Accepted",
    "DatabaseUnusable",
    "Key",
    "NodeTable",
    "QueueChanged",
    "QueueClosed",
    "QueueFull",
    "RunConflict",
    "RunEnded",
    "RunQueue",
    "RunQueued",
    "RunRecord",
    "RunStore",
    "Submission",
    "UnknownRun",
]
