"""What most commands begin with: an engine, and the workflow that the user means."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..collector import collect_as_usual
from ..problems import InvalidWorkflow, Problem
from .report import Report

if TYPE_CHECKING:
    from ..engine import Engine
    from ..workflow import Workflow
    from ..workspace import Workspace


def open_engine(
    report: Report,
    workspace: Path | None,
    models: Sequence[Path] | None,
    **options: Any,
) -> Engine:
    """An engine; packs that were left out are warned of.

    Raises:
        InvalidWorkflow: A folder of models is none.
    """
    from ..engine import Engine

    for folder in models or ():
        if not folder.is_dir():
            problem = Problem("not_a_folder", f"--models {folder} is no folder")
            raise InvalidWorkflow(problem)
    engine = Engine(workspace=workspace, models=models or (), **options)
    for pack in engine.plugins.packs:
        if pack.problem is not None:
            report.warn(pack.problem)
            report.trace(pack.traceback)
    collect_as_usual()
    return engine


def find_workflow(name: str, workspace: Workspace) -> tuple[Workflow, Path]:
    """The workflow of a file, or a saved one by name; with the file it came from.

    Raises:
        InvalidWorkflow: There is none, or it is damaged.
    """
    from ..workflow import Workflow

    path = Path(name)
    if not file_exists(path):
        saved = workspace.saved_workflow(name)
        if saved is not None:
            path = saved
        elif not path.suffix:
            where = f"in {workspace.workflows}"
            raise InvalidWorkflow(unknown_workflow(name, saved_names(workspace), where))
    return Workflow.read(path), path


def open_workflow(name: str, engine: Engine) -> tuple[Workflow, Path]:
    """The same for an engine, which may then read the files beside the workflow's.

    A picture names no files beside itself: who sent it could name any there.
    """
    document, path = find_workflow(name, engine.workspace)
    if path.suffix.lower() != ".png":
        engine.environment.files.roots.insert(0, path.absolute().parent)
    return document, path


def file_exists(path: Path) -> bool:
    """Whether there is a file or a folder of that name."""
    try:
        return path.exists()
    except OSError:  # the name is too long for a file
        return False


def saved_names(workspace: Workspace) -> list[str]:
    """Names of the workflows that are saved in a workspace."""
    folder = workspace.workflows
    found = (path.relative_to(folder) for path in folder.rglob("*.json"))
    # What begins with a dot is the history of saves.
    return sorted(p.with_suffix("").as_posix() for p in found if not p.parts[0].startswith("."))


def unknown_workflow(name: str, known: Sequence[str], where: str) -> Problem:
    """That there is no workflow of a name, neither as a file nor saved.

    Args:
        known: What is saved.
        where: In words.
    """
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    listed = ", ".join(known[:10]) or "none"
    return Problem(
        "missing_file",
        f"there is no workflow {name!r}, neither as a file nor saved {where}",
        hint=f"did you mean {' or '.join(near)}?" if near else f"saved workflows: {listed}",
    )
