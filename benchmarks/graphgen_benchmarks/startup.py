"""What the command line costs before it does anything, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory

from graphgen import templates

from .measure import Figure, clocked, compared

WORKFLOW = templates.FOLDER / "text_to_image.json"
HELP_BASELINE = "import pydantic, typer, rich"
VALIDATE_BASELINE = "import pydantic, typer, rich, networkx"
COMMAND = "import sys; from graphgen.cli import main; sys.exit(main())"


def run(quick: bool) -> Iterator[Figure]:
    rounds = 2 if quick else 11
    with TemporaryDirectory() as folder:
        kept = ["--cache-dir", f"{folder}/cache", "--output", f"{folder}/outputs", "--quiet"]
        rows = (
            ("graphgen --help", HELP_BASELINE, ["--help"], 1.5),
            ("graphgen validate", VALIDATE_BASELINE, ["validate", str(WORKFLOW)], 1.5),
            ("graphgen run, all on disk", VALIDATE_BASELINE, ["run", str(WORKFLOW), *kept], 2.0),
        )
        for name, baseline, arguments, reach in rows:
            _seconds(COMMAND, *arguments)  # bytecode and the picture are written once
            yield compared(
                name,
                lambda baseline=baseline: _seconds(baseline),  # type: ignore[misc]
                lambda arguments=arguments: _seconds(COMMAND, *arguments),  # type: ignore[misc]
                rounds,
                reach,
            )


def _seconds(code: str, *arguments: str) -> float:
    """Processor time of one interpreter, its start included."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    clocked(
        lambda: subprocess.run(
            [sys.executable, "-c", code, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            env=environment,
        )
    )
    after = os.times()
    return (
        after.children_user
        + after.children_system
        - (before.children_user + before.children_system)
    )
