"""Repair of 64 slices of 512 x 512: how much memory it needs above what was there before.

    python -m benchmarks.repair [FOLDER] [THREADS]

A process of its own loads the series and repairs it on THREADS cores (2) with the pack's network,
without mirror images, which take time and no memory. Told are the highest resident memory above
idle (libraries imported, the series not loaded), seconds, and whether progress came with each
slice.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from graphgen import Context
from graphgen.devices import use_huge_pages
from graphgen.environment import Environment
from graphgen.models.library import ModelLibrary
from graphgen.models.pool import ModelPool

from graphgen_medical import graphgen_models
from graphgen_medical.load import read_scan
from graphgen_medical.networks.loaders import REPAIR, RepairLoader
from graphgen_medical.networks.repair import repair

from .series import DATA


def measure(folder: Path, threads: int = 2, copies: int = 1) -> dict[str, Any]:
    """MiB above idle, seconds and slices, measured in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        made: dict[str, Any] = pool.apply(_measured, (folder, threads, copies))
    return made


def _measured(folder: Path, threads: int, copies: int) -> dict[str, Any]:
    import monai.networks.nets  # noqa: F401  # belongs to idle: it comes with the first network

    use_huge_pages()  # as every engine does
    torch.set_num_threads(threads)
    told: list[int] = []
    context = Context(
        report=lambda step, total, preview: told.append(step),
        environment=Environment(models=ModelLibrary([], graphgen_models())),
        pool=ModelPool({REPAIR: RepairLoader()}),
    )
    idle = _peak()
    volume = read_scan(folder)
    start = time.perf_counter()
    repair(volume, copies=copies, ctx=context)
    seconds = time.perf_counter() - start
    return {
        "slices": len(volume.data),
        "told_of_each_slice": told == list(range(1, len(volume.data) + 1)),
        "seconds": seconds,
        "mib_above_idle": _peak() - idle,
    }


def _peak() -> float:
    """The highest resident memory of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not there; make data fetches it")
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    for name, value in measure(folder, threads).items():
        print(f"{name}: {value:.0f}" if isinstance(value, float) else f"{name}: {value}")
