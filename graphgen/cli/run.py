"""``graphgen run``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..problems import InvalidWorkflow, Problem
from .options import (
    DebugOption,
    DeviceOption,
    DtypeOption,
    JsonOption,
    ModelsOption,
    SetOption,
    WorkflowArgument,
    WorkspaceOption,
)
from .report import Interrupted, Report

if TYPE_CHECKING:
    from ..engine import Engine, RunResult
    from ..workflow import Workflow

EPILOG = """\b
Examples:
  graphgen run text_to_image.json --set prompt="a red apple" --set seed=3
  graphgen run image_to_image.json --set image=photo.jpg --output pictures
  graphgen run outputs/20251122-051233-text-to-image/image.png --set seed=4
  graphgen run upscale.json --target enlarge --json

\b
Settings (graphgen validate WORKFLOW lists the inputs of a workflow):
  prompt=a red apple     texts are taken as they are
  prompt=@prompt.txt     ... or read from a file; @@ is the character itself
  size=[64, 64]          numbers, true, false, lists and objects are JSON
  image=photo.jpg        inputs that name a file take a path, which is copied into
                         the workspace, so that the saved picture can be repeated
"""


def run(
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
    """
    from ..inputs import read_settings
    from ..keep import InputKeeper, self_contained
    from ..outputs import OutputSaver
    from ..workflow import embedded
    from .device import checked_device
    from .outcome import tell
    from .session import open_engine, open_workflow

    report = Report(as_json, debug)
    _check_folder(output)
    options = {"device": checked_device(device), "dtype": dtype, "cache_dir": cache_dir}
    with open_engine(report, workspace, models, **options) as engine:
        document, path = open_workflow(workflow, engine)
        keeper = InputKeeper(engine.workspace, engine.environment)
        saved = engine.saved_workflow
        values = read_settings(settings or [], document, engine.registry, keeper.keep, saved)
        document = self_contained(document, engine.registry, keeper, saved)
        result = _run(report, engine, document, values, target, output, quiet)
        saver = OutputSaver(engine.registry.types, output, embedded(document, values))
        saved_run = saver.save(document.name or path.stem, _made(document, result, target))
        return tell(report, result, saved_run, cache_dir)


def _run(
    report: Report,
    engine: Engine,
    document: Workflow,
    values: Mapping[str, Any],
    targets: list[str] | None,
    output: Path,
    quiet: bool,
) -> RunResult:
    from ..engine.context import CancelToken
    from ..engine.events import NodeFailed, RunStarted
    from .progress import progress

    token = CancelToken()
    started = []
    tracebacks = []

    def listen(event: Any) -> None:
        if isinstance(event, RunStarted):
            started.append(event)
        elif isinstance(event, NodeFailed):
            tracebacks.append(event.traceback)

    def interrupt() -> None:
        if not started:
            raise KeyboardInterrupt
        token.cancel()
        # Not through sys.stderr, which may be in the middle of a line.
        os.write(2, b"\nstopping at the next step; Ctrl+C again to end at once\n")

    try:
        # What nodes print must not get between the lines of the result.
        with redirect_stdout(sys.stderr), _on_interrupt(interrupt), progress(quiet) as listener:
            result = engine.run(
                document,
                values,
                targets=targets,
                listeners=[listen, listener],
                token=token,
                outputs=output.absolute(),
            )
    except KeyboardInterrupt:
        raise Interrupted(Problem("cancelled", "stopped before any node was run")) from None
    for text in tracebacks:
        report.trace(text)
    return result


@contextmanager
def _on_interrupt(first: Any) -> Iterator[None]:
    """Call ``first`` on Ctrl+C; the second one ends the process."""

    def end(number: int, frame: Any) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\x1b[?25h\n")  # the progress bar hides the cursor
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)

    def handle(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, end)
        first()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _made(document: Workflow, result: RunResult, targets: list[str] | None) -> dict[str, Any]:
    """What to save: the named outputs, or those of the targets, which in a workflow that
    names none are its last nodes."""
    if targets is None:
        if document.outputs:
            return result.outputs
        targets = [id for id, node in result.nodes.items() if node.outputs]
    return {
        f"{id}.{name}": value for id in targets for name, value in result.nodes[id].outputs.items()
    }


def _check_folder(output: Path) -> None:
    """Find out before the work, not after it, that there is nowhere to save it."""
    existing = next(p for p in (output.absolute(), *output.absolute().parents) if p.exists())
    if not existing.is_dir():
        problem = Problem("not_a_folder", f"--output {output}: {existing} is no folder")
    elif not os.access(existing, os.W_OK):
        problem = Problem("write_failed", f"--output {output}: {existing} can't be written to")
    else:
        return
    raise InvalidWorkflow(problem)
