"""The files of saved workflows, as they are found."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..problems import Problem
from ..workspace import link_fault

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class SavedWorkflow:
    """One entry of the list.

    Attributes:
        name: Its name in the workspace.
        title: The name in the document, or ``name`` if it has none.
        description: From the document.
        revision: Number of its last save; 0 if the file can't be read.
        modified: When the file was written, seconds since the epoch; 0 if nobody may ask.
        problem: Why it can't be used, if the file is damaged or can't be read.
    """

    name: str
    title: str
    description: str
    revision: int
    modified: float
    problem: Problem | None = None


class File(NamedTuple):
    """A file at one moment; its stamp tells it from what it was before."""

    stamp: Stamp
    modified: float
    data: bytes


def look_at(path: Path, folder: Path, content: bool) -> File | None:
    """The file as it is, with its content if that is wanted; None if there is none, or it is a
    link that is not followed.

    Raises:
        OSError: It can't be read.
    """
    try:
        if link_fault(path, folder) or not path.is_file():
            return None
        before, data = None, b""
        # Again if somebody saved in this moment.
        while _stamp(stat := os.stat(path)) != before:
            before, data = _stamp(stat), path.read_bytes() if content else b""
        return File(_stamp(stat), stat.st_mtime, data)
    except FileNotFoundError:  # deleted by hand in this moment
        return None


def _stamp(stat: os.stat_result) -> Stamp:
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def described(name: str, file: File, revision: int) -> SavedWorkflow:
    """The entry of a file."""
    title, description, problem = name, "", None
    try:
        document: Any = json.loads(file.data)
        if not isinstance(document, dict) or "nodes" not in document:
            raise ValueError("it is no workflow")
        title = str(document.get("name") or name)
        description = str(document.get("description") or "")
    except UnicodeDecodeError:
        problem = Problem("not_a_workflow", f"the saved workflow {name!r} is not UTF-8 text")
    except (ValueError, RecursionError) as error:
        problem = Problem("not_a_workflow", f"the saved workflow {name!r} is damaged: {error}")
    return SavedWorkflow(name, title, description, revision, file.modified, problem)


def unreadable(name: str, path: Path, problem: Problem) -> SavedWorkflow:
    """The entry of a file that can't be read."""
    try:
        modified = path.lstat().st_mtime
    except OSError:
        modified = 0.0
    return SavedWorkflow(name, name, "", 0, modified, problem)
