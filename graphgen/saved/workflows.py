"""Saved workflows of a workspace: ``NAME.json``, and what it was before beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ..outputs import write_problem
from ..problems import GraphgenError, Problem
from ..workflow import Workflow
from ..workspace import atomic_file
from .files import File, SavedWorkflow, Stamp, described, is_inside, look_at
from .history import History, Revision
from .names import check_name, is_name
from .problems import SaveConflict, UnknownWorkflow

HISTORY_FOLDER = ".history"
LOCK_SECONDS = 30.0
SETTLED_SECONDS = 0.1
"""A file this young may change again without a change of its time."""


Revisions = list[Revision]
Entries = list[SavedWorkflow]


class _Known(NamedTuple):
    """A file that was looked into, and what was found."""

    stamp: Stamp
    entry: SavedWorkflow


class Renamed(NamedTuple):
    """What became of a workflow under its new name.

    Attributes:
        revision: Of the workflow, under its new name.
        offset: By how much the numbers of all its earlier revisions rose.
        title: The name in the document, if the revision was made by giving it another one.
    """

    revision: int
    offset: int
    title: str | None = None


class SavedWorkflows:
    """Reads and writes the saved workflows of a folder.

    Every save is kept below ``.history/NAME/``. A file that was edited by hand is noticed
    when it is next looked at, and becomes a revision of its own. Deleted and renamed ones
    keep their history. Threads and processes may work on one folder together.

    Args:
        folder: Made with the first save.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._lock = threading.RLock()
        self._file_lock: Any = None
        self._known: dict[str, _Known] = {}

    # Reading

    def list(self) -> Entries:
        """What is saved, by name. Damaged files are listed with their problem."""
        entries = []
        with self._lock:
            for name in self._names():
                try:
                    entries.append(self._look(name))
                except UnknownWorkflow:  # deleted by hand in this moment
                    continue
        return entries

    def read(self, name: str) -> tuple[Workflow, int]:
        """The workflow and its revision.

        Raises:
            UnknownWorkflow: There is none of that name.
            InvalidWorkflow: The file is damaged, or the name can't be.
        """
        name = check_name(name)
        with self._lock:
            data, entry = self._read(name)
        return Workflow.parse_json(data, f"the saved workflow {name!r}"), entry.revision

    def history(self, name: str) -> Revisions:
        """Every revision, the newest first; also of a deleted workflow.

        Raises:
            UnknownWorkflow: There never was one of that name.
            InvalidWorkflow: The name can't be.
        """
        name = check_name(name)
        with self._lock:
            self._current(name)
            revisions = self._history(name).revisions()
        if not revisions:
            raise UnknownWorkflow(name)
        return revisions

    def read_revision(self, name: str, revision: int) -> Workflow:
        """A workflow as it was saved then; also of a deleted one.

        Raises:
            UnknownWorkflow: There is no such revision.
            InvalidWorkflow: It was damaged when it was kept, or the name can't be.
        """
        name = check_name(name)
        with self._lock:
            self._current(name)
            try:
                data = self._history(name).path(revision).read_bytes()
            except OSError:
                raise UnknownWorkflow(name, revision) from None
        return Workflow.parse_json(data, f"revision {revision} of {name!r}")

    def deleted(self) -> Entries:
        """The last save of each workflow of which only the history is left, by name;
        ``restore`` brings one back."""
        with self._lock:
            folder = self.folder / HISTORY_FOLDER
            kept = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
            names = sorted(filter(is_name, kept.difference(self._names())))
            found = [(name, *self._last(name)) for name in names]
        return [described(name, file, number) for name, number, file in found if file]

    # Writing

    def write(self, name: str, workflow: Workflow, expected: int | None = None) -> int:
        """Save a workflow; returns its revision. A save that changes nothing makes none.

        Args:
            expected: The revision that the change was made on, 0 for a new one; None to
                save over whatever is there, which is kept in the history.

        Raises:
            SaveConflict: Another revision is saved than was expected.
            InvalidWorkflow: The name can't be.
            GraphgenError: It can't be written.
        """
        name = check_name(name)
        data = (workflow.to_json() + "\n").encode()
        with self._alone():
            current = self._current(name, keep=True)
            if current and expected != 0 and self._path(name).read_bytes() == data:
                return current
            if expected is not None and expected != current:
                raise SaveConflict(name, current, expected)
            # The file first: if the process ends before the history has it, it is taken for
            # an edit by hand, and nothing is lost.
            with atomic_file(self._path(name)) as temporary:
                temporary.write_bytes(data)
            return self._look(name, keep=True).revision

    def delete(self, name: str, expected: int | None = None) -> None:
        """Delete a workflow; its history stays.

        Raises:
            UnknownWorkflow: There is none of that name.
            SaveConflict: Another revision is saved than was expected.
            InvalidWorkflow: The name can't be.
        """
        name = check_name(name)
        with self._alone():
            current = self._look(name, keep=True).revision
            if expected is not None and expected != current:
                raise SaveConflict(name, current, expected)
            self._path(name).unlink()

    def restore(self, name: str) -> int:
        """Bring a deleted workflow back as it was last saved; returns the revision, which is
        the one that it had.

        Raises:
            UnknownWorkflow: There never was one of that name.
            SaveConflict: There is one of that name.
            InvalidWorkflow: The name can't be.
            GraphgenError: It can't be written.
        """
        name = check_name(name)
        with self._alone():
            current = self._current(name, keep=True)
            if current:
                raise SaveConflict(name, current, 0)
            _, file = self._last(name)
            if file is None:
                raise UnknownWorkflow(name)
            with atomic_file(self._path(name)) as temporary:
                temporary.write_bytes(file.data)
            return self._look(name, keep=True).revision

    def rename(self, name: str, new: str, title: str | None = None) -> Renamed:
        """Give a workflow another name. Its history comes along, behind that of a deleted
        workflow of the new name.

        Args:
            title: The name in the document from now on, which makes a revision; None to
                leave the document as it is.

        Raises:
            UnknownWorkflow: There is none of that name.
            SaveConflict: There is one of the new name.
            InvalidWorkflow: A name can't be, or the file is damaged and gets no title.
        """
        name, new = check_name(name), check_name(new)
        with self._alone():
            current = self._look(name, keep=True).revision
            document = None if title is None else self.read(name)[0]
            offset = 0
            if name != new:
                taken = self._current(new, keep=True)
                if taken:
                    raise SaveConflict(new, taken, 0)
                offset = self._history(name).move_to(self._history(new))
                self._path(name).rename(self._path(new))
            if document is None or document.name == title:
                return Renamed(current + offset, offset)
            titled = document.model_copy(update={"name": title})
            return Renamed(self.write(new, titled), offset, title)

    # Inside

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else writes here, neither threads nor processes."""
        from filelock import FileLock, Timeout

        with self._lock:
            try:
                if self._file_lock is None:
                    folder = self.folder / HISTORY_FOLDER
                    folder.mkdir(parents=True, exist_ok=True)
                    self._file_lock = FileLock(folder / ".lock", thread_local=False)
                with self._file_lock.acquire(timeout=LOCK_SECONDS):
                    yield
            except Timeout:
                problem = Problem("folder_busy", f"another program holds {self.folder}")
                raise GraphgenError(problem) from None
            except OSError as error:
                raise GraphgenError(write_problem(error, self.folder)) from error

    def _names(self) -> Iterator[str]:
        for path in sorted(self.folder.glob("*.json")):
            if is_name(path.stem) and is_inside(path, self.folder):
                yield path.stem

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _history(self, name: str) -> History:
        return History(self.folder / HISTORY_FOLDER / name)

    def _last(self, name: str) -> tuple[int, File | None]:
        """The last revision in the history, and its number; 0 and None if there is none."""
        history = self._history(name)
        number = history.last()
        path = history.path(number)
        return number, look_at(path, self.folder, content=True) if number else None

    def _current(self, name: str, keep: bool = False) -> int:
        """The revision that is saved, 0 if there is none."""
        try:
            return self._look(name, keep).revision
        except UnknownWorkflow:
            return 0

    def _look(self, name: str, keep: bool = False) -> SavedWorkflow:
        known = self._known.get(name)
        if known is not None and self._seen(name).stamp == known.stamp:
            return known.entry
        return self._read(name, keep)[1]

    def _read(self, name: str, keep: bool = False) -> tuple[bytes, SavedWorkflow]:
        """What is saved under a name. What the history has not is brought into it; if that
        can't be done, that is an error only for those who are about to write (``keep``)."""
        file = self._seen(name, content=True)
        history = self._history(name)
        known = self._known.get(name)
        if known is not None and known.stamp == file.stamp:
            return file.data, known.entry
        revision = history.number_of(file.data)
        if not revision:
            try:
                with self._alone():
                    file = self._seen(name, content=True)  # it may have changed meanwhile
                    revision = history.number_of(file.data) or history.add(file.data)
            except GraphgenError as error:
                if keep or isinstance(error, UnknownWorkflow):
                    raise
                return file.data, described(name, file, history.last() + 1)
        entry = described(name, file, revision)
        if time.time() - file.modified > SETTLED_SECONDS:
            self._known[name] = _Known(file.stamp, entry)
        return file.data, entry

    def _seen(self, name: str, content: bool = False) -> File:
        file = look_at(self._path(name), self.folder, content)
        if file is None:
            self._known.pop(name, None)
            raise UnknownWorkflow(name)
        return file
