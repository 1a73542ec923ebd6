"""Saved workflows of a workspace: ``NAME.json``, and what it was before beside it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..outputs import write_problem
from ..problems import GraphgenError, InvalidWorkflow, Problem
from ..workflow import Workflow
from ..workspace import atomic_file
from .history import History, Revision
from .names import check_name
from .problems import SaveConflict, UnknownWorkflow

HISTORY_FOLDER = ".history"
LOCK_SECONDS = 30.0
__all__ = ["Revision", "SavedWorkflow", "SavedWorkflows"]


@dataclass(frozen=True, slots=True)
class SavedWorkflow:
    """One entry of the list.

    Attributes:
        name: Its name in the workspace.
        title: The name in the document, or ``name`` if it has none.
        revision: Its number of saves.
        modified: When it was saved, seconds since the epoch.
        problem: Why it can't be read, if somebody damaged the file.
    """

    name: str
    title: str
    description: str
    revision: int
    modified: float
    problem: Problem | None = None


class _Known(NamedTuple):
    """A file that was looked into, and what was found."""

    stamp: tuple[int, int, int]
    entry: SavedWorkflow


class SavedWorkflows:
    """Reads and writes the saved workflows of a folder.

    Every save is kept under ``.history/NAME/``. A file that was edited by hand is noticed
    when it is next looked at, and becomes a revision of its own. Deleted and renamed ones
    keep their history. Threads and processes may work on one folder together.

    Args:
        folder: Made with the first save.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._lock = threading.RLock()
        self._known: dict[str, _Known] = {}

    def list(self) -> list[SavedWorkflow]:
        """What is saved, by name. Damaged files are listed with their problem."""
        with self._locked():
            entries = []
            for name in self._names():
                try:
                    entries.append(self._entry(name))
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
        with self._locked():
            revision = self._entry(name).revision
            data = self._path(name).read_bytes()
        return Workflow.parse_json(data, f"the saved workflow {name!r}"), revision

    def write(self, name: str, workflow: Workflow, expected: int | None = None) -> int:
        """Save a workflow; returns its revision. A save that changes nothing makes none.

        Args:
            expected: The revision that the change was made on, 0 for a new one; None to
                save over whatever is there.

        Raises:
            SaveConflict: Another revision is saved than was expected.
            InvalidWorkflow: The name can't be.
            GraphgenError: It can't be written.
        """
        name = check_name(name)
        data = (workflow.to_json() + "\n").encode()
        with self._locked():
            current = self._revision(name)
            same = current and self._path(name).read_bytes() == data
            if same and expected != 0:
                return current
            if expected is not None and expected != current:
                raise SaveConflict(name, current, expected)
            # The file first: if the process ends before the history has it, it is taken for
            # an edit by hand, and nothing is lost.
            with atomic_file(self._path(name)) as temporary:
                temporary.write_bytes(data)
            return self._entry(name).revision

    def delete(self, name: str, expected: int | None = None) -> None:
        """Delete a workflow; its history stays, see ``deleted``.

        Raises:
            UnknownWorkflow: There is none of that name.
            SaveConflict: Another revision is saved than was expected.
        """
        name = check_name(name)
        with self._locked():
            current = self._entry(name).revision
            if expected is not None and expected != current:
                raise SaveConflict(name, current, expected)
            self._path(name).unlink()
            self._known.pop(name, None)

    def rename(self, name: str, new: str) -> int:
        """Give a workflow another name; returns its revision under it. Its history comes
        along, behind that of a deleted workflow of the new name.

        Raises:
            UnknownWorkflow: There is none of that name.
            SaveConflict: There is one of the new name.
        """
        name, new = check_name(name), check_name(new)
        with self._locked():
            current = self._entry(name).revision
            if name == new:
                return current
            taken = self._revision(new)
            if taken:
                raise SaveConflict(new, taken, 0)
            self._history(name).move_to(self._history(new))
            self._path(name).rename(self._path(new))
            self._known.pop(name, None)
            return self._entry(new).revision

    def deleted(self) -> list[str]:  # type: ignore[valid-type]
        """Names of the workflows of which only the history is left."""
        with self._locked():
            saved = set(self._names())
            folder = self.folder / HISTORY_FOLDER
            names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
            return sorted(n for n in names if n not in saved and self._history(n).last())

    def history(self, name: str) -> list[Revision]:  # type: ignore[valid-type]
        """Every revision, the newest first; also of a deleted workflow.

        Raises:
            UnknownWorkflow: There never was one of that name.
        """
        name = check_name(name)
        with self._locked():
            self._revision(name)
            revisions = self._history(name).revisions()
        if not revisions:
            raise UnknownWorkflow(name)
        return revisions

    def read_revision(self, name: str, revision: int) -> Workflow:
        """A workflow as it was saved then; also of a deleted one.

        Raises:
            UnknownWorkflow: There is no such revision.
            InvalidWorkflow: It was damaged when it was saved.
        """
        name = check_name(name)
        with self._locked():
            self._revision(name)
            try:
                data = self._history(name).path(revision).read_bytes()
            except OSError:
                raise UnknownWorkflow(name, revision) from None
        return Workflow.parse_json(data, f"revision {revision} of {name!r}")

    # Inside

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone with the folder, among threads and processes."""
        from filelock import FileLock, Timeout

        with self._lock:
            try:
                folder = self.folder / HISTORY_FOLDER
                folder.mkdir(parents=True, exist_ok=True)
                with FileLock(folder / ".lock", timeout=LOCK_SECONDS):
                    yield
            except Timeout:
                problem = Problem("folder_busy", f"another program holds {self.folder}")
                raise GraphgenError(problem) from None
            except OSError as error:
                raise GraphgenError(write_problem(error, self.folder)) from error

    def _names(self) -> Iterator[str]:
        for path in sorted(self.folder.glob("*.json")):
            try:
                if check_name(path.stem) == path.stem and path.is_file():
                    yield path.stem
            except InvalidWorkflow:
                continue

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _history(self, name: str) -> History:
        return History(self.folder / HISTORY_FOLDER / name)

    def _revision(self, name: str) -> int:
        """The revision that is saved, 0 if there is none."""
        try:
            return self._entry(name).revision
        except UnknownWorkflow:
            return 0

    def _entry(self, name: str) -> SavedWorkflow:
        """What is saved under a name; kept in the history first if it is not there yet."""
        path = self._path(name)
        try:
            stat = path.stat()
        except FileNotFoundError:
            self._known.pop(name, None)
            raise UnknownWorkflow(name) from None
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._known.get(name)
        if known is not None and known.stamp == stamp:
            return known.entry
        data = path.read_bytes()
        history = self._history(name)
        revision = history.last()
        if not revision or history.path(revision).read_bytes() != data:
            revision = history.add(data)
        entry = _described(name, data, revision, stat.st_mtime)
        self._known[name] = _Known(stamp, entry)
        return entry


def _described(name: str, data: bytes, revision: int, modified: float) -> SavedWorkflow:
    title, description, problem = name, "", None
    try:
        document: Any = json.loads(data)
        if not isinstance(document, dict) or "nodes" not in document:
            raise ValueError("it is no workflow")
        title = str(document.get("name") or name)
        description = str(document.get("description") or "")
    except (ValueError, RecursionError) as error:
        problem = Problem("not_a_workflow", f"the saved workflow {name!r} is damaged: {error}")
    return SavedWorkflow(name, title, description, revision, modified, problem)
