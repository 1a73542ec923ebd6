"""The workspace: the one folder tree that workflows may read from and runs write to."""

from __future__ import annotations

import os
import secrets
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .problems import InvalidWorkflow, NodeError, Problem

ENVIRONMENT_VARIABLE = "GRAPHGEN_WORKSPACE"
PARTIAL_PREFIX = ".partial-"


def default_workspace() -> Path:
    """``GRAPHGEN_WORKSPACE``, or the user's data folder of this platform."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("graphgen", appauthor=False)


class Workspace:
    """Where models, inputs, outputs, saved workflows and the cache of a user live.

    Folders are made when something is written to them.
    """

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = (Path(root) if root is not None else default_workspace()).absolute()

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def inputs(self) -> Path:
        return self.root / "inputs"

    @property
    def outputs(self) -> Path:
        return self.root / "outputs"

    @property
    def workflows(self) -> Path:
        return self.root / "workflows"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    def saved_workflow(self, name: str) -> Path | None:
        """The file of the workflow that is saved under a name, or None.

        Raises:
            InvalidWorkflow: It is a link that is not followed.
        """
        path = self.workflows / f"{name}.json"
        try:
            if not lies_in(path.parent, self.workflows):
                return None
            fault = link_fault(path, self.workflows)
            found = path.is_file()
        except PermissionError:
            return path  # who reads it will say so
        except (OSError, ValueError):  # no name that the system takes
            return None
        if fault is not None:
            raise InvalidWorkflow(unreadable_workflow(name, fault))
        return path if found else None


class Files:
    """The files that nodes may read: those under the given roots, and those that the
    user of a command line named one by one."""

    def __init__(self, roots: Iterable[Path] = ()) -> None:
        self.roots = [Path(root).absolute() for root in roots]
        self._allowed: Counter[Path] = Counter()
        self._changing = threading.Lock()

    def allow(self, path: Path) -> None:
        """Let nodes read this one file or folder, wherever it lies."""
        self._allow(Counter([Path(path).resolve()]))

    @contextmanager
    def lent(self, paths: Iterable[Path]) -> Iterator[None]:
        """Let nodes read these files and folders until the block ends."""
        lent = Counter(path.resolve() for path in paths)
        self._allow(lent)
        try:
            yield
        finally:
            with self._changing:
                self._allowed = self._allowed - lent

    def _allow(self, paths: Counter[Path]) -> None:
        with self._changing:
            self._allowed = self._allowed + paths  # another one: threads go through the old

    def resolve(self, name: str) -> Path:
        """The file or folder that a workflow means by ``name``.

        Relative names are looked up under each root in turn.

        Raises:
            NodeError: ``missing_file``, or ``outside_workspace`` when the name, or a
                symbolic link on its way, leaves every root.
        """
        try:
            given = Path(name)
            candidates = [given] if given.is_absolute() else [root / given for root in self.roots]
            reals = [candidate.resolve() for candidate in candidates] if name else []
            inside = [real for real in reals if self._inside(real)]
            for real in inside:
                if real.exists():
                    return real
        except (OSError, ValueError, RuntimeError):  # no name that the system takes
            short = name if len(name) <= 80 else f"{name[:77]}..."
            raise NodeError(f"{short!r} is no file name", code="missing_file") from None
        if reals and not inside:
            raise NodeError(
                f"{name!r} lies outside the workspace",
                code="outside_workspace",
                hint=f"copy it into {self.roots[0]}"
                if self.roots
                else "copy it into the workspace",
            )
        looked = ", ".join(str(root) for root in self.roots) or "no folder"
        raise NodeError(
            f"the file {name!r} does not exist",
            code="missing_file",
            hint=f"relative names are looked up in {looked}",
        )

    def _inside(self, real: Path) -> bool:
        if any(real == allowed or allowed in real.parents for allowed in self._allowed):
            return True
        return any(real == root or root in real.parents for root in map(Path.resolve, self.roots))


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a path is a folder's, or one's below it, when every symbolic link on its way is
    followed; what leads in a circle is in none."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def link_fault(path: Path, folder: Path) -> str | None:
    """Why a symbolic link is not followed, in words; None if it leads to something in the
    folder, or is none."""
    if not path.is_symlink():
        return None
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return "it is a link that leads in a circle"
    if not inside:
        return f"it is a link that leads out of {folder}"
    return None if path.exists() else f"it is a link to {os.readlink(path)}, which is not there"


def unreadable_workflow(name: str, reason: str) -> Problem:
    """That the file of a saved workflow is there, but can't be read."""
    return Problem(
        "unreadable_file",
        f"the saved workflow {name!r} can't be read: {reason}",
        hint=f"see to {name}.json, among the saved workflows of the workspace",
    )


def sync_names(folder: Path) -> None:
    """Wait until the disk has the names in a folder, so that they outlive a power cut, where
    the system can be asked for it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def open_partial(folder: Path, suffix: str = "") -> tuple[int, Path]:
    """A new file in a folder, which is made if need be, for what is to be put elsewhere when it
    is whole: a descriptor for reading and writing, and the path.

    It has the rights of any new file. ``tempfile`` gives it fewer, and to find out which there
    should be takes a change of the umask, which all threads of the process would see.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{PARTIAL_PREFIX}{secrets.token_hex(8)}{suffix}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666), path


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` that becomes it when the block ends well.

    On an error nothing is left behind, and what ``target`` was before stays.
    """
    handle, temporary = open_partial(target.parent, target.suffix)
    os.close(handle)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
