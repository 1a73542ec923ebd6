"""``graphgen bench``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..problems import GraphgenError, InvalidWorkflow, Problem
from .options import DebugOption, JsonOption
from .report import FAILED, Report

if TYPE_CHECKING:
    from graphgen_benchmarks.measure import Figure

EPILOG = """\b
Each figure is a ratio to a baseline that is measured in the same run, such as dask.get or
the stock diffusers pipeline; red ones have not reached their goal. Let the machine be quiet.
  graphgen bench trivial_nodes startup --quick
  graphgen bench --output figures.json --plot figures.svg
"""
EXTRA = "pip install 'graphgen[bench]'"


def bench(
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PART]...", show_default=False, help="Of the suite; else all."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small sizes and few rounds, to see that it works.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write JSON as it goes.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the ratios, as SVG.")
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Measure speed and memory on this machine, as ratios to baselines.

    A part whose library is not installed, or whose GPU is not there, is left out with a warning.
    """
    from graphgen_benchmarks import suite

    report = Report(as_json, debug)
    unknown = [part for part in parts or () if part not in suite.PARTS]
    if unknown:
        raise InvalidWorkflow(
            Problem("usage", f"no part is named {part}", hint=f"there are {', '.join(suite.PARTS)}")
            for part in unknown
        )
    taken: list[Figure] = []
    missing = False
    for part in parts or suite.PARTS:
        try:
            for figure in suite.figures(part, quick):
                taken.append(figure)
                report.note(f"{figure.name}: {figure.ratio:.2f}")
                if output is not None:  # as it goes, so that a stopped run leaves what it has
                    suite.write(output, taken)
        except suite.Missing as error:
            missing = True
            code, hint = ("missing_library", EXTRA) if error.library else ("no_device", None)
            report.warn(Problem(code, f"{part} is left out: {error}", hint=hint))
    if plot is not None:
        _plot(taken, plot)
    told = suite.document(taken)
    if as_json:
        report.object(told)
    else:
        from rich.console import Console

        Console().print(suite.table(taken))
        report.line(suite.facts(told["machine"]))
    return FAILED if missing and parts else 0


def _plot(taken: list[Figure], picture: Path) -> None:
    try:
        from graphgen_benchmarks.plots import plot
    except ImportError as error:
        raise GraphgenError(Problem("missing_library", str(error), hint=EXTRA)) from error
    if not taken:
        raise GraphgenError(Problem("no_figures", "there are no figures to draw"))
    plot(taken, picture)
