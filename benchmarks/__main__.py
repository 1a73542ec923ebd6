"""``python -m benchmarks [NAME...] [--quick] [--output FILE]``: a table, and JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from . import (
    branches,
    cache,
    editor,
    models,
    queued,
    sd15,
    server,
    startup,
    text_to_image,
    trivial_nodes,
)
from .measure import Figure

SUITE = {
    "trivial_nodes": trivial_nodes.run,
    "text_to_image": text_to_image.run,
    "models": models.run,
    "queued": queued.run,
    "sd15": sd15.run,
    "cache": cache.run,
    "branches": branches.run,
    "startup": startup.run,
    "server": server.run,
    "editor": editor.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(SUITE)}; all if none is given")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds")
    parser.add_argument("--output", type=Path, help="JSON file to write")
    options = parser.parse_args()
    unknown = set(options.names) - set(SUITE)
    if unknown:
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    for name in options.names or SUITE:
        for figure in SUITE[name](options.quick):
            figures.append(figure)
            print(f"{figure.name}: {figure.ratio:.2f}", file=sys.stderr, flush=True)
            if options.output:  # as it goes, so that a stopped run leaves what it has
                write(options.output, figures)
    show(figures)


def write(path: Path, figures: list[Figure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine(), "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def show(figures: list[Figure]) -> None:
    table = Table("what", "baseline", "graphgen", "unit", "ratio", "reach")
    for figure in figures:
        reached = figure.reach is None or figure.ratio <= figure.reach
        table.add_row(
            figure.name,
            f"{figure.baseline:.3g}",
            f"{figure.ours:.3g}",
            figure.unit,
            f"[{'green' if reached else 'red'}]{figure.ratio:.2f}[/]",
            "" if figure.reach is None else f"{figure.reach:.2f}",
        )
    Console().print(table)


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    packages = ("torch", "diffusers", "transformers", "pydantic", "dask", "numpy")
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "packages": {name: metadata.version(name) for name in packages},
    }


if __name__ == "__main__":
    main()
