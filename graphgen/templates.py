"""The workflows that come with graphgen, to start from."""

from __future__ import annotations

from pathlib import Path

from .engine.flatten import Saved
from .environment import Environment
from .keep import InputKeeper, self_contained
from .registry import Registry
from .workflow import Workflow
from .workspace import Files, Workspace

# A wheel holds the repository's workflows beside this module.
PACKAGED = Path(__file__).parent / "workflows"
FOLDER = PACKAGED if PACKAGED.is_dir() else Path(__file__).parents[1] / "workflows"
PICTURES = FOLDER / "pictures"


def names() -> list[str]:
    """Names of the templates, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def template(name: str) -> Workflow | None:
    """A template as it is shipped, or None if there is none of that name."""
    return Workflow.read(FOLDER / f"{name}.json") if name in names() else None


def picture(name: str) -> Path | None:
    """A picture of what a template makes, if there is one."""
    path = PICTURES / f"{name}.webp"
    return path if name in names() and path.is_file() else None


def ready(
    workflow: Workflow, workspace: Workspace, registry: Registry, saved: Saved | None = None
) -> Workflow:
    """A template that runs in a workspace: the files that it reads are copied there."""
    environment = Environment(Files([workspace.inputs, FOLDER]))
    return self_contained(workflow, registry, InputKeeper(workspace, environment), saved)
