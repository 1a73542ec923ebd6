"""A DICOM series as a volume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..types import HOUNSFIELD, UNSPECIFIED, Volume
from .grid import arrange
from .headers import Series, check_modality, check_one_patient, read_series_headers
from .pixels import AIR, read_pixels
from .slices import slices_of
from .source import source_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def read_series(
    path: Path,
    series: str = "",
    modality: str = "CT",
    correct: bool = False,
    progress: Callable[[int, int], object] = lambda step, total: None,
) -> Volume:
    """Read a series from a folder, a zip archive or a file.

    Args:
        series: Which one, where there are several: number, description or UID.
        modality: What is expected, ``CT``, ``MR``, ``PT``, or ``any``.
        correct: Resample missing or uneven slices and a tilted gantry instead of refusing.
        progress: Told after each slice.

    Raises:
        NodeError: What stands in the way, in words.
    """
    import torch

    found = read_series_headers(path, series, modality)
    check_one_patient(found)
    check_modality(found, modality)
    grid = arrange(slices_of(found.headers), correct)
    hounsfield = found.modality == "CT" and _says_hounsfield(found)
    if modality == "any":
        hounsfield &= all(one.slope is not None or one.lookup for one in grid.slices)
    values = read_pixels(grid.slices, hounsfield=hounsfield, progress=progress)
    outside = AIR if hounsfield else 0.0
    if grid.shifts is not None:
        values = _straightened(values, grid.shifts, outside)
    originals = grid.slices
    if grid.places is not None:
        values = _between(values, grid.places)
        originals = [grid.slices[round(place)] for place in grid.places]
    return Volume(
        torch.from_numpy(values),
        grid.affine,
        modality=found.modality or "OT",
        unit=HOUNSFIELD if hounsfield else UNSPECIFIED,
        source=source_of(found.headers, originals, grid.affine),
        steps=grid.steps,
    )


def _says_hounsfield(series: Series) -> bool:
    """CT is in Hounsfield units unless its rescale type says otherwise (PS3.3 C.11.1)."""
    return str(series.headers[0].get("RescaleType", HOUNSFIELD)).upper() == HOUNSFIELD


def _straightened(
    values: NDArray[Any], shifts: Sequence[tuple[float, float]], outside: float
) -> NDArray[Any]:
    """Each slice moved back to the normal through the first."""
    from scipy import ndimage

    for picture, shift in zip(values, shifts, strict=True):
        picture[...] = ndimage.shift(picture, shift, order=1, mode="constant", cval=outside)
    return values


def _between(values: NDArray[Any], places: Sequence[float]) -> NDArray[Any]:
    """Slices at fractional indices, linearly between their neighbours."""
    import numpy as np

    made = np.empty((len(places), *values.shape[1:]), np.float32)
    for target, place in zip(made, places, strict=True):
        left = min(int(place), len(values) - 2)
        fraction = np.float32(place - left)
        np.multiply(values[left], 1 - fraction, out=target)
        target += fraction * values[left + 1]
    return made
