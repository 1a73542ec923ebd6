"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from . import bench, cache, models, new_workflow, nodes, plugins, run, serve, validate
from .groups import with_groups

HELP = """Run saved graphs of typed nodes: text to image, upscaling, and what packs bring.

A workflow is a JSON file, a PNG that graphgen saved, or the name of a workflow that is
saved in the workspace.
"""
EPILOG = """\b
Examples:
  graphgen new-workflow first.json         write a workflow to start from
  graphgen validate first.json             see its inputs, outputs and mistakes
  graphgen run first.json --set seed=3     run it; the last line is the file it saved
  graphgen run outputs/*/image.png         repeat a picture
  graphgen serve                           the editor, and the API
  graphgen nodes image/resize              what a node takes and gives
  graphgen plugins list                    the packs that bring nodes

Every command has --help, and --json for programs. Exit status: 0 success, 1 a run or a
file that failed, 2 a workflow or arguments that are wrong, 130 interrupted.
"""

app = typer.Typer(
    name="graphgen",
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog=run.EPILOG)(with_groups(run.run))
app.command("serve", epilog=serve.EPILOG)(with_groups(serve.serve))
app.command("validate", epilog=validate.EPILOG)(with_groups(validate.validate))
app.command("nodes", epilog=nodes.EPILOG)(with_groups(nodes.nodes))
app.add_typer(plugins.app, context_settings={"help_option_names": ["-h", "--help"]})
app.command("models", epilog=models.EPILOG)(models.models)
app.command("cache", epilog=cache.EPILOG)(cache.cache)
app.command("bench", epilog=bench.EPILOG)(bench.bench)
app.command("new-workflow", epilog=new_workflow.EPILOG)(new_workflow.new_workflow)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"graphgen {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass
