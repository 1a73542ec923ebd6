"""64 slices of 512 x 512: load, window, montage; against SimpleITK's series reader and NumPy.

    python -m benchmarks.series [FOLDER]

Both get the same files, which are in the system's file cache by then, and make the same
picture: every slice at its full size, eight in a row. The figure is the median of the ratios
of runs that follow each other, so that a busy machine slows both.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

from graphgen_medical.load import read_scan
from graphgen_medical.view import montage

DATA = Path(__file__).parents[1] / "data" / "chest"
CENTER, WIDTH, COLUMNS, EDGE = -600.0, 1500.0, 8, 512
ROUNDS = 15


def graphgen(folder: Path) -> Any:
    volume = read_scan(folder)
    sheet = montage(volume, None, "free", CENTER, WIDTH, slices=0, columns=COLUMNS, edge=EDGE)
    return sheet.pixels.numpy()


def simpleitk(folder: Path) -> Any:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    values = SimpleITK.GetArrayFromImage(reader.Execute()).astype(np.float32)
    low = CENTER - WIDTH / 2
    grey = np.clip((values - low) * (255 / WIDTH), 0, 255)
    grey = (grey + 0.5).astype(np.uint8)
    depth, height, width = grey.shape
    rows = grey.reshape(depth // COLUMNS, COLUMNS, height, width)
    return rows.transpose(0, 2, 1, 3).reshape(depth // COLUMNS * height, COLUMNS * width)


def measure(folder: Path, rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of each, and the median of the ratios."""
    if not np.array_equal(graphgen(folder), simpleitk(folder)):
        raise SystemExit("the pictures differ")
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(_seconds(simpleitk, folder))
        ours.append(_seconds(graphgen, folder))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return {
        "graphgen_s": statistics.median(ours),
        "simpleitk_s": statistics.median(theirs),
        "ratio": statistics.median(ratios),
    }


def _seconds(call: Callable[[Path], Any], folder: Path) -> float:
    start = time.perf_counter()
    call(folder)
    return time.perf_counter() - start


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    if not folder.is_dir():
        raise SystemExit(f"{folder} is not there; make data fetches it")
    for name, value in measure(folder).items():
        print(f"{name}: {value:.3f}")
