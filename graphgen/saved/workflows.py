"""Saved workflows of a workspace: ``NAME.json``, and what it was before beside it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ..workflow import Workflow
from ..workspace import atomic_file
from .files import SavedWorkflow
from .folder import WorkflowFolder
from .history import Revision
from .names import check_name
from .problems import SaveConflict, StillSaved, UnknownWorkflow, UnreadableWorkflow

Revisions = list[Revision]
Entries = list[SavedWorkflow]


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
    keep their history, until it is purged. Threads and processes may work on one folder together.

    Args:
        folder: Made with the first save.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self._found = WorkflowFolder(self.folder)

    # Reading

    def list(self) -> Entries:
        """What is saved, by name. Files that are damaged, or can't be read, are listed with
        their problem."""
        with self._found.lock:
            return self._found.entries()

    def read(self, name: str) -> tuple[Workflow, int]:
        """The workflow and its revision.

        Raises:
            UnknownWorkflow: There is none of that name.
            InvalidWorkflow: The file is damaged or can't be read, or the name can't be.
        """
        name = check_name(name)
        with self._found.lock:
            data, entry = self._found.read(name)
        return Workflow.parse_json(data, f"the saved workflow {name!r}"), entry.revision

    def history(self, name: str) -> Revisions:
        """Every revision, the newest first; also of a deleted workflow.

        Raises:
            UnknownWorkflow: There never was one of that name.
            InvalidWorkflow: The name can't be.
        """
        name = check_name(name)
        with self._found.lock:
            self._found.notice(name)
            revisions = self._found.revisions(name)
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
        with self._found.lock:
            self._found.notice(name)
            try:
                data = self._found.history(name).path(revision).read_bytes()
            except OSError:
                raise UnknownWorkflow(name, revision) from None
        return Workflow.parse_json(data, f"revision {revision} of {name!r}")

    def deleted(self) -> Entries:
        """The last save of each workflow of which only the history is left, by name;
        ``restore`` brings one back."""
        with self._found.lock:
            return self._found.deleted()

    # Writing

    def write(self, name: str, workflow: Workflow, expected: int | None = None) -> int:
        """Save a workflow; returns its revision. A save that changes nothing makes none.

        Args:
            expected: The revision that the change was made on, 0 for a new one; None to
                save over whatever is there, which is kept in the history.

        Raises:
            SaveConflict: Another revision is saved than was expected.
            InvalidWorkflow: The name can't be, or what is there can't be read, and so not be
                kept.
            GraphgenError: It can't be written.
        """
        name = check_name(name)
        data = (workflow.to_json() + "\n").encode()
        with self._found.alone():
            current = self._found.current(name, keep=True)
            if current and expected != 0 and self._found.file(name).read_bytes() == data:
                return current
            if expected is not None and expected != current:
                raise SaveConflict(name, current, expected)
            # The file first: if the process ends before the history has it, it is taken for
            # an edit by hand, and nothing is lost.
            with atomic_file(self._found.file(name)) as temporary:
                temporary.write_bytes(data)
            return self._found.look(name, keep=True).revision

    def delete(self, name: str, expected: int | None = None) -> None:
        """Delete a workflow; its history stays until ``purge``.

        Raises:
            UnknownWorkflow: There is none of that name.
            SaveConflict: Another revision is saved than was expected.
            InvalidWorkflow: The name can't be, or what is there can't be read, and so not be
                kept. A link that is not followed is deleted.
        """
        name = check_name(name)
        with self._found.alone():
            try:
                current = self._found.look(name, keep=True).revision
            except UnreadableWorkflow as error:
                if not error.link:
                    raise  # the history could not keep what is in it
                current = 0
            if expected is not None and expected != current:
                raise SaveConflict(name, current, expected)
            self._found.file(name).unlink()

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
        with self._found.alone():
            current = self._found.current(name, keep=True)
            if current:
                raise SaveConflict(name, current, 0)
            _, file = self._found.last(name)
            if file is None:
                raise UnknownWorkflow(name)
            with atomic_file(self._found.file(name)) as temporary:
                temporary.write_bytes(file.data)
            return self._found.look(name, keep=True).revision

    def purge(self, name: str) -> None:
        """Remove the history of a deleted workflow for good.

        Raises:
            UnknownWorkflow: There is none.
            StillSaved: A workflow of that name is saved; ``delete`` it first.
            InvalidWorkflow: The name can't be.
            GraphgenError: It can't be removed.
        """
        name = check_name(name)
        with self._found.alone():
            current = self._found.current(name)
            if current:
                raise StillSaved(name, current)
            if not self._found.is_kept(name):
                raise UnknownWorkflow(name)
            self._found.history(name).remove()

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
        with self._found.alone():
            current = self._found.look(name, keep=True).revision
            document = None if title is None else self.read(name)[0]
            offset = 0
            if name != new:
                taken = self._found.current(new, keep=True)
                if taken:
                    raise SaveConflict(new, taken, 0)
                offset = self._found.history(name).move_to(self._found.history(new))
                self._found.file(name).rename(self._found.file(new))
            if document is None or document.name == title:
                return Renamed(current + offset, offset)
            titled = document.model_copy(update={"name": title})
            return Renamed(self.write(new, titled), offset, title)
