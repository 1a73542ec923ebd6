"""The suite: its parts by name, what they were taken on, and how they are shown."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import psutil
from rich.table import Table

from .accelerator import NoDevice
from .measure import Figure

PARTS = (
    "trivial_nodes",
    "text_to_image",
    "models",
    "queued",
    "sd15",
    "gpu",
    "cache",
    "branches",
    "startup",
    "server",
    "editor",
)
"""Modules of this package; each has ``run(quick)``, which gives its figures one by one."""
PACKAGES = ("graphgen", "torch", "diffusers", "transformers", "pydantic", "dask", "numpy")


class Missing(Exception):
    """A part needs a library that is not installed, or a device that is not there.

    Attributes:
        library: Whether it is a library.
    """

    def __init__(self, message: str, library: bool) -> None:
        super().__init__(message)
        self.library = library


def figures(part: str, quick: bool) -> Iterator[Figure]:
    """Take the figures of a part.

    Raises:
        Missing: A library that only benchmarks need is not there, or a GPU.
    """
    try:
        yield from import_module(f".{part}", __package__).run(quick)
    except ImportError as error:
        raise Missing(str(error), library=True) from error
    except NoDevice as error:
        raise Missing(str(error), library=False) from error


def document(taken: list[Figure]) -> dict[str, Any]:
    """The figures for programs, with the machine's facts."""
    return {"machine": machine(), "figures": [asdict(figure) for figure in taken]}


def write(path: Path, taken: list[Figure]) -> None:
    """Write them as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document(taken), indent=2) + "\n", encoding="utf-8")


def table(taken: list[Figure]) -> Table:
    """The figures for people: green is what reached its goal."""
    made = Table("what", "baseline", "graphgen", "unit", "ratio", "reach")
    for figure in taken:
        reached = figure.reach is None or figure.ratio <= figure.reach
        made.add_row(
            figure.name,
            f"{figure.baseline:.3g}",
            f"{figure.ours:.3g}",
            figure.unit,
            f"[{'green' if reached else 'red'}]{figure.ratio:.2f}[/]",
            "" if figure.reach is None else f"{figure.reach:.2f}",
        )
    return made


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "devices": _devices(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def facts(told: dict[str, Any]) -> str:
    """The machine in one line."""
    parts = [
        told["processor"],
        f"{told['cores']} cores",
        f"{told['memory'] / (1 << 30):.0f} GiB",
        *told["devices"],
        told["system"],
        f"Python {told['python']}",
        *(f"{name} {version}" for name, version in told["packages"].items()),
    ]
    return ", ".join(parts)


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def _devices() -> list[str]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
