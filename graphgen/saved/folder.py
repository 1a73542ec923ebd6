"""The folder of saved workflows as it is found: what lies there, in which revision, and
what was edited by hand, which is brought into the history."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from ..outputs import write_problem
from ..problems import GraphgenError, Problem
from ..workspace import link_fault
from .files import File, SavedWorkflow, Stamp, described, look_at, unreadable
from .history import History, Revision
from .names import is_name
from .problems import UnknownWorkflow, UnreadableWorkflow

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
        """What is saved, by name; what can't be read with the problem."""
        found = []
        for name in self.names():
            try:
                found.append(self.look(name))
            except UnknownWorkflow:  # deleted by hand in this moment
                continue
            except UnreadableWorkflow as error:
                found.append(unreadable(name, self.file(name), error.problems[0]))
        return found

    def deleted(self) -> list[SavedWorkflow]:
        """The last save of each workflow of which only the history is left, by name."""
        folder = self.path / HISTORY_FOLDER
        kept = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        found = []
        for name in sorted(filter(is_name, kept.difference(self.names()))):
            try:
                number, file = self.last(name)
            except UnreadableWorkflow as error:
                found.append(unreadable(name, folder / name, error.problems[0]))
            else:
                found += [described(name, file, number)] if file else []
        return found

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
        """Of all files, also of those that can't be read."""
        for path in sorted(self.path.glob("*.json")):
            if is_name(path.stem) and _is_listed(path):
                yield path.stem

    def file(self, name: str) -> Path:
        return self.path / f"{name}.json"

    def history(self, name: str) -> History:
        return History(self.path / HISTORY_FOLDER / name)

    def is_kept(self, name: str) -> bool:
        """Whether there is a history of that name, be it one that can't be read."""
        try:
            return self.history(name).last() > 0
        except OSError:
            return True

    def last(self, name: str) -> tuple[int, File | None]:
        """The last revision in the history, and its number; 0 and None if there is none.

        Raises:
            UnreadableWorkflow: It can't be read.
        """
        history = self.history(name)
        try:
            number = history.last()
            path = history.path(number)
            return number, look_at(path, self.path, content=True) if number else None
        except OSError as error:
            raise UnreadableWorkflow(name, _reason(error)) from None

    def current(self, name: str, keep: bool = False) -> int:
        """The revision that is saved, 0 if there is none.

        Raises:
            UnreadableWorkflow: There is one, and nobody can tell which.
        """
        try:
            return self.look(name, keep).revision
        except UnknownWorkflow:
            return 0
        except UnreadableWorkflow as error:
            if error.link:
                return 0
            raise

    def look(self, name: str, keep: bool = False) -> SavedWorkflow:
        known = self._known.get(name)
        if known is not None and self.seen(name).stamp == known.stamp:
            return known.entry
        return self.read(name, keep)[1]

    def read(self, name: str, keep: bool = False) -> tuple[bytes, SavedWorkflow]:
        """What is saved under a name. What the history has not is brought into it; if that
        can't be done, that is an error only for those who are about to write (``keep``).

        Raises:
            UnknownWorkflow: There is none.
            UnreadableWorkflow: There is a file, but it can't be read.
        """
        file = self.seen(name, content=True)
        history = self.history(name)
        known = self._known.get(name)
        if known is not None and known.stamp == file.stamp:
            return file.data, known.entry
        try:
            file, revision = self._numbered(name, file)
        except (UnknownWorkflow, UnreadableWorkflow):
            raise
        except GraphgenError:
            if keep:
                raise
            return file.data, described(name, file, _next(history))
        entry = described(name, file, revision)
        if time.time() - file.modified > SETTLED_SECONDS:
            self._known[name] = _Known(file.stamp, entry)
        return file.data, entry

    def _numbered(self, name: str, file: File) -> tuple[File, int]:
        """The file and its revision, which is made if the history has not its content."""
        history = self.history(name)
        try:
            revision = history.number_of(file.data)
        except OSError as error:
            raise GraphgenError(write_problem(error, history.folder)) from error
        if not revision:
            with self.alone():
                file = self.seen(name, content=True)  # it may have changed meanwhile
                revision = history.number_of(file.data) or history.add(file.data)
        return file, revision

    def notice(self, name: str) -> None:
        """Bring what was edited by hand into the history, if it can be."""
        with suppress(UnknownWorkflow, UnreadableWorkflow):
            self.look(name)

    def revisions(self, name: str) -> list[Revision]:
        """Everything in the history, the newest first.

        Raises:
            UnreadableWorkflow: It can't be read.
        """
        try:
            return self.history(name).revisions()
        except OSError as error:
            raise UnreadableWorkflow(name, _reason(error)) from None

    def seen(self, name: str, content: bool = False) -> File:
        """The file of a name.

        Raises:
            UnknownWorkflow: There is none.
            UnreadableWorkflow: There is one, but it can't be read.
        """
        path = self.file(name)
        try:
            file = look_at(path, self.path, content)
            fault = None if file else link_fault(path, self.path)
        except OSError as error:
            self._known.pop(name, None)
            raise UnreadableWorkflow(name, _reason(error)) from None
        if file is None:
            self._known.pop(name, None)
            raise UnreadableWorkflow(name, fault, link=True) if fault else UnknownWorkflow(name)
        return file


def _is_listed(path: Path) -> bool:
    try:
        return path.is_symlink() or path.is_file()
    except OSError:  # nobody may ask
        return True


def _next(history: History) -> int:
    """The number that the next revision would have, as far as one can see."""
    try:
        return history.last() + 1
    except OSError:
        return 1


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
