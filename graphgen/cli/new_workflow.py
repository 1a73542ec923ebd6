"""``graphgen new-workflow``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..problems import InvalidWorkflow, Problem
from .options import DebugOption, JsonOption, WorkspaceOption
from .report import Report

TEMPLATES = Path(__file__).parent / "templates"
DEFAULT_TEMPLATE = "text_to_image"
EPILOG = """\b
Examples:
  graphgen new-workflow first.json                a file here
  graphgen new-workflow first                     saved in the workspace: graphgen run first
  graphgen new-workflow mine.json --from a.png    the workflow that a picture carries
"""


def new_workflow(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            show_default=False,
            help="A path that ends in .json, or a name under which the workspace saves it.",
        ),
    ],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="WORKFLOW",
            help="What to start from: text_to_image, or a JSON file, a PNG, a saved workflow.",
        ),
    ] = DEFAULT_TEMPLATE,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Write a small workflow to start from. A file that exists is never overwritten."""
    from ..workflow import Workflow
    from ..workspace import Workspace
    from .session import find_workflow

    report = Report(as_json, debug)
    place = Workspace(workspace)
    template = TEMPLATES / f"{source}.json"
    if source == template.stem and template.is_file():
        document = Workflow.read(template)
    else:
        document, _ = find_workflow(source, place)
    target = Path(name).expanduser()
    if target.suffix.lower() != ".json":
        target = place.workflows / f"{name}.json"
        if not target.resolve().is_relative_to(place.workflows.resolve()):
            hint = "a path ends in .json"
            raise InvalidWorkflow(Problem("bad_name", f"{name!r} is no name", hint=hint))
    if target.exists():
        hint = "choose another name, or remove it first"
        raise InvalidWorkflow(Problem("file_exists", f"{target} already exists", hint=hint))
    title = target.stem.replace("_", " ").replace("-", " ").strip().capitalize()
    document.model_copy(update={"name": title}).write(target)
    if as_json:
        report.object({"path": str(target), "name": title})
    else:
        report.line(str(target))
    return 0
