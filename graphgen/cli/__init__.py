"""The command line. ``main`` is the entry point; each command is a module of its own."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from ..collector import collect_as_usual, collect_seldom


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; errors are shown, not raised.

    0 is success, 1 a run or a file that failed, 2 a workflow or arguments that are wrong,
    130 an interruption.
    """
    collect_seldom()
    # NumPy's threads for matrices sleep at once when they have nothing to do, from the start on.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    import typer

    from .app import app
    from .report import INTERRUPTED, Report

    given = list(sys.argv[1:] if arguments is None else arguments)
    report = Report(as_json="--json" in given, debug="--debug" in given)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    command = typer.main.get_command(app)
    try:
        status = command.main(given, prog_name="graphgen", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except Exception as error:
        status = report.error(error)
    finally:
        collect_as_usual()
    return status if isinstance(status, int) else 0
