"""``graphgen new-workflow``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..problems import InvalidWorkflow, Problem
from .options import DebugOption, JsonOption, WorkspaceOption
from .report import Report

if TYPE_CHECKING:
    from ..workspace import Workspace

DEFAULT_TEMPLATE = "text_to_image"
EPILOG = """\b
Examples:
  graphgen new-workflow first.json                a file here
  graphgen new-workflow first                     saved in the workspace: graphgen run first
  graphgen new-workflow mend.json --from inpaint  another of those that come with graphgen
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
            help="What to start from: text_to_image, image_to_image, inpaint, unconditional, "
            "upscale, prompt_sweep, variants; or a JSON file, a PNG, a saved workflow.",
        ),
    ] = DEFAULT_TEMPLATE,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Write a workflow to start from. A file that exists is never overwritten.

    Files that it reads are copied into the workspace, so that it runs wherever it lies.
    """
    from .. import templates
    from ..keep import InputKeeper, self_contained
    from ..needs import with_packs
    from .session import open_engine, open_workflow

    report = Report(as_json, debug)
    if source in templates.names():
        source = str(templates.FOLDER / f"{source}.json")
    with open_engine(report, workspace, None) as engine:
        place = engine.workspace
        target = _target(name, place)
        document, _ = open_workflow(source, engine)
        keeper = InputKeeper(place, engine.environment)
        document = self_contained(document, engine.registry, keeper, engine.saved_workflow)
        document = with_packs(document, engine.registry)
    title = target.stem.replace("_", " ").replace("-", " ").strip().capitalize()
    document.model_copy(update={"name": title}).write(target)
    if as_json:
        report.object({"path": str(target), "name": title})
    else:
        report.line(str(target))
    return 0


def _target(name: str, place: Workspace) -> Path:
    from ..workspace import lies_in

    target = Path(name).expanduser()
    if target.suffix.lower() != ".json":
        target = place.workflows / f"{name}.json"
        if not lies_in(target, place.workflows):
            hint = "a path ends in .json"
            raise InvalidWorkflow(Problem("bad_name", f"{name!r} is no name", hint=hint))
    if target.exists():
        hint = "choose another name, or remove it first"
        raise InvalidWorkflow(Problem("file_exists", f"{target} already exists", hint=hint))
    return target
