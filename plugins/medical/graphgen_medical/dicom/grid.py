"""From slices to a grid: sorted along their normal, checked, with an affine."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from graphgen import NodeError

from ..geometry import Affine, Vector, compose, dot
from .slices import Slice

UNEVEN = 0.01
"""Of the usual distance between slices: what may be rounding."""
UNEVEN_MM = 0.005
TILT_MM = 0.05
"""How far a slice may lie beside the normal through the first."""
PARALLEL = 1e-4


@dataclass(frozen=True)
class Grid:
    """Where the slices of a regular volume come from.

    Attributes:
        slices: Sorted along the normal.
        affine: Of the volume, see ``geometry``.
        shifts: Rows and columns that each slice has to be moved by (gantry tilt), or None.
        places: Where each slice of the volume lies between ``slices``, as a fractional
            index (uneven or missing slices), or None.
        steps: What will be corrected, a sentence each.
    """

    slices: list[Slice]
    affine: Affine
    shifts: list[tuple[float, float]] | None = None
    places: list[float] | None = None
    steps: tuple[str, ...] = ()


def arrange(slices: Sequence[Slice], correct: bool = False) -> Grid:
    """Put the slices of a series in order and find the affine.

    Args:
        correct: Resample what is irregular (missing or uneven slices, a tilted gantry)
            instead of refusing it.

    Raises:
        NodeError: They make no regular volume; the text says why.
    """
    _check_alike(slices)
    _check_positions(slices)
    ordered = sorted(slices, key=lambda one: one.along)
    first = ordered[0]
    distances = [b.along - a.along for a, b in pairwise(ordered)]
    _check_distinct(ordered, distances)
    usual = statistics.median(distances) if distances else first.thickness or 1.0
    irregular = _irregular(ordered, distances, usual)
    places, steps = None, []
    if irregular is None:
        count = len(ordered)
        usual = (ordered[-1].along - first.along) / (count - 1) if count > 1 else usual
    elif not correct:
        raise irregular
    else:
        places = _places(ordered, usual)
        steps.append(f"Resampled to slices {usual:g} mm apart (linear): {irregular}.")
    shifts = _shifts(ordered)
    tilt = _tilt(ordered, shifts)
    if tilt is not None:
        if not correct:
            raise NodeError(
                f"the gantry was tilted by {tilt:.1f} degrees: each slice lies beside the one "
                "before, so the slices make a sheared block and no box",
                hint="set irregular to resample to straighten it (linear, along the slices)",
                port="irregular",
                code="gantry_tilt",
            )
        steps.append(f"Straightened a gantry tilt of {tilt:.1f} degrees (linear).")
    affine = compose(
        first.position or (0.0, 0.0, 0.0),
        (first.spacing[1], first.spacing[0], usual),
        [first.rows, first.columns, first.normal],
    )
    return Grid(ordered, affine, shifts if tilt is not None else None, places, tuple(steps))


def _check_alike(slices: Sequence[Slice]) -> None:
    sizes = Counter(one.size for one in slices)
    if len(sizes) > 1:
        listed = ", ".join(
            f"{count} of {rows} x {columns}" for (rows, columns), count in sizes.most_common()
        )
        raise NodeError(
            f"the series mixes image sizes (rows x columns): {listed}",
            hint="keep the files of one size; the others may be scout views or reformats",
            code="mixed_sizes",
        )
    first = slices[0]
    if any(not _near(one.spacing, first.spacing, 1e-4) for one in slices):
        found = Counter(f"{one.spacing[1]:g} x {one.spacing[0]:g}" for one in slices)
        raise NodeError(
            f"the series mixes pixel sizes (mm): {_counted(found)}",
            hint="keep the files of one reconstruction",
            code="mixed_sizes",
        )
    if any(
        not (_near(one.rows, first.rows, PARALLEL) and _near(one.columns, first.columns, PARALLEL))
        for one in slices
    ):
        raise NodeError(
            "the images of the series are not parallel: their orientations differ, as those of "
            "scout views and of radial or multi-planar series do",
            hint="keep the files of one stack of slices",
            code="not_parallel",
        )


def _check_positions(slices: Sequence[Slice]) -> None:
    without = sum(one.position is None for one in slices)
    if without and len(slices) > 1:
        raise NodeError(
            f"{without} of {len(slices)} images say no position (Image Position (Patient)), so "
            "their order and distance are unknown",
            hint="secondary captures have none; export the original series",
            code="no_positions",
        )


def _check_distinct(ordered: Sequence[Slice], distances: Sequence[float]) -> None:
    same = sum(distance < UNEVEN_MM for distance in distances)
    if same:
        raise NodeError(
            f"{same} images of the series lie at the position of another one: it holds several "
            "phases, echoes or reconstructions",
            hint="keep the files of one of them",
            code="same_position",
        )


def _irregular(
    ordered: Sequence[Slice], distances: Sequence[float], usual: float
) -> NodeError | None:
    tolerance = max(UNEVEN * usual, UNEVEN_MM)
    odd = [index for index, d in enumerate(distances) if abs(d - usual) > tolerance]
    if not odd:
        return None
    gaps = []
    for index in odd:
        times = distances[index] / usual
        if round(times) >= 2 and abs(times - round(times)) < 0.05:
            gaps.append((index, round(times) - 1))
    hint = "add what is missing, or set irregular to resample, which interpolates linearly"
    if len(gaps) == len(odd):
        missing = sum(count for _, count in gaps)
        where = ", ".join(
            f"between {ordered[i].along:g} and {ordered[i + 1].along:g} mm" for i, _ in gaps[:4]
        )
        one = missing == 1
        return NodeError(
            f"{missing} {'slice is' if one else 'slices are'} missing: slices are {usual:g} mm "
            f"apart along their normal, but not {where}",
            hint=hint,
            port="irregular",
            code="missing_slices",
        )
    low, high = min(distances), max(distances)
    return NodeError(
        f"the slices are unevenly spaced: between {low:g} and {high:g} mm apart, mostly {usual:g}",
        hint=hint,
        port="irregular",
        code="uneven_slices",
    )


def _places(ordered: Sequence[Slice], usual: float) -> list[float]:
    """Fractional indices into ``ordered`` of slices ``usual`` apart."""
    along = [one.along for one in ordered]
    count = math.floor((along[-1] - along[0]) / usual + 1e-6) + 1
    places, left = [], 0
    for number in range(count):
        target = along[0] + number * usual
        while left + 2 < len(along) and along[left + 1] <= target:
            left += 1
        fraction = (target - along[left]) / (along[left + 1] - along[left])
        places.append(left + min(max(fraction, 0.0), 1.0))
    return places


def _shifts(ordered: Sequence[Slice]) -> list[tuple[float, float]]:
    """How far each slice lies beside the normal through the first, in rows and columns."""
    first = ordered[0]
    shifts = []
    for one in ordered:
        beside = _minus(one.position, first.position)
        shifts.append(
            (
                dot(beside, first.columns) / first.spacing[0],
                dot(beside, first.rows) / first.spacing[1],
            )
        )
    return shifts


def _tilt(ordered: Sequence[Slice], shifts: Sequence[tuple[float, float]]) -> float | None:
    first, last = ordered[0], ordered[-1]
    rows, columns = first.spacing
    furthest = max(math.hypot(down * rows, across * columns) for down, across in shifts)
    if furthest <= TILT_MM:
        return None
    down, across = shifts[-1]
    beside = math.hypot(down * rows, across * columns)
    return math.degrees(math.atan2(beside or furthest, last.along - first.along))


def _minus(a: Vector | None, b: Vector | None) -> Vector:
    if a is None or b is None:
        return (0.0, 0.0, 0.0)
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _near(a: Sequence[float], b: Sequence[float], tolerance: float) -> bool:
    return all(abs(p - q) <= tolerance for p, q in zip(a, b, strict=True))


def _counted(found: Counter[Any]) -> str:
    return ", ".join(f"{count} of {what}" for what, count in found.most_common())
