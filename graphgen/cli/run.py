"""``graphgen run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..problems import InvalidWorkflow, Problem
from .options import (
    DebugOption,
    DeviceOption,
    DtypeOption,
    JsonOption,
    MaxBatchOption,
    MemoryOptions,
    ModelsOption,
    PackOptions,
    ServerOption,
    SetOption,
    TokenOption,
    WorkflowArgument,
    WorkspaceOption,
)
from .order import Order
from .report import Report

HERE_ONLY = frozenset({"--workspace", "--models", "--device", "--dtype", "--cache-dir"})
HERE_ONLY |= {
    "--cache-memory",
    "--model-memory",
    "--cache-disk",
    "--max-batch",
    "--no-plugins",
    "--plugin",
    "--plugins-dir",
    "--profile",
}
EPILOG = """\b
Examples:
  graphgen run text_to_image.json --set prompt="a red apple" --set seed=3
  graphgen run image_to_image.json --set image=photo.jpg --output pictures
  graphgen run outputs/20251122-051233-text-to-image/image.png --set seed=4
  graphgen run upscale.json --target enlarge --json
  graphgen run text_to_image.json --server http://gpu-box:8765 --set seed=4

\b
Settings (graphgen validate WORKFLOW lists the inputs of a workflow):
  prompt=a red apple     texts are taken as they are
  prompt=@prompt.txt     ... or read from a file; @@ is the character itself
  size=[64, 64]          numbers, true, false, lists and objects are JSON
  image=photo.jpg        inputs that name a file take a path, which is copied into
                         the workspace, so that the saved picture can be repeated
"""


def run(
    context: typer.Context,
    workflow: WorkflowArgument,
    settings: SetOption = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "-t",
            metavar="NODE",
            help="Run only what this node needs, and save its outputs. May be repeated.",
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Where the run's folder is made."),
    ] = Path("outputs"),
    workspace: WorkspaceOption = None,
    models: ModelsOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = "float32",
    cache_dir: Annotated[
        Path | None,
        typer.Option(
            "--cache-dir",
            metavar="DIR",
            help="Keep what nodes made in this folder, for later runs. [default: not kept]",
        ),
    ] = None,
    *,
    kept: MemoryOptions,
    max_batch: MaxBatchOption = 32,
    packs: PackOptions,
    server: ServerOption = None,
    token: TokenOption = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            "--profile",
            metavar="FILE",
            help="Write what took how long: a trace for ui.perfetto.dev or chrome://tracing.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Run a workflow and save its named outputs.

    Each run gets a folder of its own, named after the time and the workflow, with one file
    for each output: pictures as PNG, texts as .txt, numbers and lists as JSON. A batch of
    pictures is image-01.png, image-02.png and so on. Nothing is overwritten. The saved
    paths are printed, the last file on the last line.

    A saved PNG carries its workflow with the inputs of the run: graphgen run picture.png
    repeats it, bit for bit on the same machine.

    Ctrl+C stops the run at the next step and keeps what is done; a second one ends it at
    once.

    With --server the run takes place there, with the models, packs and saved workflows of
    that server. Files that the settings name, or a JSON file beside itself, are sent; what
    the run made is saved here. --workspace, --models, --device, --dtype, what the cache may
    hold and the choice of packs are the server's own then, and --profile is not offered.
    """
    report = Report(as_json, debug)
    given = _named(context)
    order = Order(workflow, settings or [], target, output, quiet, profile)
    order.check_output()
    if server is not None:
        _refuse(given & HERE_ONLY, "is for runs here: a server has its own")
        from .run_there import run_there

        return run_there(report, order, server, token)
    _refuse(given & {"--token"}, "is for a server, and there is no --server")
    from .device import checked_device
    from .run_here import run_here

    options = {"device": checked_device(device), "dtype": dtype, **kept, **packs}
    options["max_batch"] = max_batch
    return run_here(report, order, workspace, models, cache_dir, **options)


def _named(context: typer.Context) -> set[str]:
    """The options that stand on the command line itself, not in variables."""
    found = set()
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE":
            found.add(parameter.opts[0])
    return found


def _refuse(options: set[str], reason: str) -> None:
    if options:
        raise InvalidWorkflow(
            Problem("usage", f"{option} {reason}", hint="leave it out")
            for option in sorted(options)
        )
