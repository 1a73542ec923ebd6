"""The folder of saved workflows as it is found: what lies there, in which revision, and
what was edited by hand, which is brought into the history."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ..outputs import write_problem
from ..problems import GraphgenError, Problem
from .files import File, SavedWorkflow, Stamp, described, is_inside, look_at
from .history import History
from .names import is_name
from .problems import UnknownWorkflow

HISTORY_FOLDER = ".history"
LOCK_SECONDS = 30.0
SETTLED_SECONDS = 0.1
"""A file this young may change again without a change of its time."""


class _Known(NamedTuple):
    """A file that was looked into, and what was found."""

    stamp: Stamp
    entry: SavedWorkflow


class WorkflowFolder:
    """Finds the workflows of a folder, and keeps what it finds in their histories.

    Args:
        path: Made with the first save.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._file_lock: Any = None
        self._known: dict[str, _Known] = {}

    def entries(self) -> list[SavedWorkflow]:
        """What is saved, by name."""
        found = []
        for name in self.names():
            try:
                found.append(self.look(name))
            except UnknownWorkflow:  # deleted by hand in this moment
                continue
        return found

    def deleted(self) -> list[SavedWorkflow]:
        """The last save of each workflow of which only the history is left, by name."""
        folder = self.path / HISTORY_FOLDER
        kept = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        names = sorted(filter(is_name, kept.difference(self.names())))
        found = [(name, *self.last(name)) for name in names]
        return [described(name, file, number) for name, number, file in found if file]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes here, neither threads nor processes."""
        from filelock import FileLock, Timeout

        with self.lock:
            try:
                if self._file_lock is None:
                    folder = self.path / HISTORY_FOLDER
                    folder.mkdir(parents=True, exist_ok=True)
                    self._file_lock = FileLock(folder / ".lock", thread_local=False)
                with self._file_lock.acquire(timeout=LOCK_SECONDS):
                    yield
            except Timeout:
                problem = Problem("folder_busy", f"another program holds {self.path}")
                raise GraphgenError(problem) from None
            except OSError as error:
                raise GraphgenError(write_problem(error, self.path)) from error

    def names(self) -> Iterator[str]:
        for path in sorted(self.path.glob("*.json")):
            if is_name(path.stem) and is_inside(path, self.path):
                yield path.stem

    def file(self, name: str) -> Path:
        return self.path / f"{name}.json"

    def history(self, name: str) -> History:
        return History(self.path / HISTORY_FOLDER / name)

    def last(self, name: str) -> tuple[int, File | None]:
        """The last revision in the history, and its number; 0 and None if there is none."""
        history = self.history(name)
        number = history.last()
        path = history.path(number)
        return number, look_at(path, self.path, content=True) if number else None

    def current(self, name: str, keep: bool = False) -> int:
        """The revision that is saved, 0 if there is none."""
        try:
            return self.look(name, keep).revision
        except UnknownWorkflow:
            return 0

    def look(self, name: str, keep: bool = False) -> SavedWorkflow:
        known = self._known.get(name)
        if known is not None and self.seen(name).stamp == known.stamp:
            return known.entry
        return self.read(name, keep)[1]

    def read(self, name: str, keep: bool = False) -> tuple[bytes, SavedWorkflow]:
        """What is saved under a name. What the history has not is brought into it; if that
        can't be done, that is an error only for those who are about to write (``keep``)."""
        file = self.seen(name, content=True)
        history = self.history(name)
        known = self._known.get(name)
        if known is not None and known.stamp == file.stamp:
            return file.data, known.entry
        revision = history.number_of(file.data)
        if not revision:
            try:
                with self.alone():
                    file = self.seen(name, content=True)  # it may have changed meanwhile
                    revision = history.number_of(file.data) or history.add(file.data)
            except GraphgenError as error:
                if keep or isinstance(error, UnknownWorkflow):
                    raise
                return file.data, described(name, file, history.last() + 1)
        entry = described(name, file, revision)
        if time.time() - file.modified > SETTLED_SECONDS:
            self._known[name] = _Known(file.stamp, entry)
        return file.data, entry

    def seen(self, name: str, content: bool = False) -> File:
        file = look_at(self.file(name), self.path, content)
        if file is None:
            self._known.pop(name, None)
            raise UnknownWorkflow(name)
        return file
