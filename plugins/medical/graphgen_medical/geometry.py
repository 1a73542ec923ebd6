"""Where voxels lie: affines from voxel indices to patient coordinates.

One convention throughout the pack:

- tensors are ``[depth, height, width]`` = ``[k, j, i]``: slice, row, column
- an affine takes the index ``(i, j, k, 1)`` (column first) of a voxel's centre to
  ``(x, y, z, 1)`` in millimetres in DICOM's patient coordinates, LPS: x grows to the
  patient's left, y to the back (posterior), z to the head (superior); DICOM PS3.3 C.7.6.2
- whatever is given per axis (spacing, size, direction) comes in the order x, y, z, that is
  width, height, depth, as in SimpleITK

NIfTI and nibabel count in RAS; ``lps_to_ras`` turns one into the other, both ways.
Everything here is plain Python: four by four numbers are not worth an import.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Vector = tuple[float, float, float]
Row = tuple[float, float, float, float]
Affine = tuple[Row, Row, Row, Row]

IDENTITY: Affine = (
    (1.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 0.0, 0.0),
    (0.0, 0.0, 1.0, 0.0),
    (0.0, 0.0, 0.0, 1.0),
)
_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))


def as_affine(values: Sequence[Sequence[float]]) -> Affine:
    """A 4x4 of anything (lists, NumPy, torch) as nested tuples of floats.

    Raises:
        ValueError: It is not 4x4, not finite, not invertible, or its last row is not
            ``0 0 0 1``.
    """
    rows = [[float(value) for value in row] for row in values]
    if len(rows) != 4 or any(len(row) != 4 for row in rows):
        raise ValueError(f"an affine is 4x4, got {len(rows)} rows of {[len(r) for r in rows]}")
    if not all(math.isfinite(value) for row in rows for value in row):
        raise ValueError("an affine must be finite")
    if any(abs(a - b) > 1e-9 for a, b in zip(rows[3], (0, 0, 0, 1), strict=True)):
        raise ValueError(f"the last row of an affine is 0 0 0 1, got {rows[3]}")
    affine: Affine = tuple(tuple(row) for row in rows)  # type: ignore[assignment]
    if abs(determinant(affine)) < 1e-12:
        raise ValueError("an affine must be invertible: two of its axes are parallel or empty")
    return affine


def column(affine: Affine, axis: int) -> Vector:
    """Millimetres that one step along index ``axis`` (0 column, 1 row, 2 slice) moves."""
    return (affine[0][axis], affine[1][axis], affine[2][axis])


def origin(affine: Affine) -> Vector:
    """Centre of voxel (0, 0, 0) in LPS millimetres."""
    return column(affine, 3)


def spacing(affine: Affine) -> Vector:
    """Millimetres between voxel centres along width, height and depth."""
    x, y, z = (math.hypot(*column(affine, axis)) for axis in range(3))
    return (x, y, z)


def directions(affine: Affine) -> tuple[Vector, Vector, Vector]:
    """Unit vectors of the width, height and depth axes in LPS."""
    made = []
    for axis in range(3):
        step = column(affine, axis)
        length = math.hypot(*step)
        made.append((step[0] / length, step[1] / length, step[2] / length))
    return (made[0], made[1], made[2])


def compose(origin: Vector, spacing: Vector, directions: Sequence[Vector]) -> Affine:
    """The affine of an origin, a spacing and the unit vectors of the three axes."""
    return as_affine(
        [[directions[axis][r] * spacing[axis] for axis in range(3)] + [origin[r]] for r in range(3)]
        + [[0.0, 0.0, 0.0, 1.0]]
    )


def cross(a: Vector, b: Vector) -> Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def determinant(affine: Affine) -> float:
    """Of the 3x3 part: signed volume of a voxel in cubic millimetres."""
    return dot(column(affine, 0), cross(column(affine, 1), column(affine, 2)))


def apply(affine: Affine, index: Sequence[float]) -> Vector:
    """LPS millimetres of the index ``(i, j, k)``, which may be fractional."""
    i, j, k = index
    x, y, z = (row[0] * i + row[1] * j + row[2] * k + row[3] for row in affine[:3])
    return (x, y, z)


def multiply(a: Affine, b: Affine) -> Affine:
    """``a`` after ``b``."""
    return as_affine(
        [[sum(a[r][n] * b[n][c] for n in range(4)) for c in range(4)] for r in range(4)]
    )


def cropped(affine: Affine, start: Sequence[float]) -> Affine:
    """The affine of a volume that begins at index ``start`` = ``(i, j, k)`` of this one."""
    x, y, z = apply(affine, start)
    moved = [list(row) for row in affine]
    moved[0][3], moved[1][3], moved[2][3] = x, y, z
    return as_affine(moved)


def resampled(affine: Affine, factors: Sequence[float]) -> Affine:
    """The affine after voxels became ``factors`` = ``(x, y, z)`` times as many.

    The edges of the volume stay where they are, so that centres move by part of a voxel:
    the rule of ``align_corners=False`` in torch.
    """
    moved = cropped(affine, [0.5 / factor - 0.5 for factor in factors])
    return as_affine(
        [[row[axis] / factors[axis] for axis in range(3)] + [row[3]] for row in moved[:3]]
        + [[0.0, 0.0, 0.0, 1.0]]
    )


def flipped(affine: Affine, axis: int, size: int) -> Affine:
    """The affine after index ``axis`` (0 column, 1 row, 2 slice) of length ``size`` is
    reversed."""
    start = [0.0, 0.0, 0.0]
    start[axis] = size - 1
    moved = cropped(affine, start)
    return as_affine(
        [[-v if c == axis else v for c, v in enumerate(row)] for row in moved[:3]]
        + [[0.0, 0.0, 0.0, 1.0]]
    )


def permuted(affine: Affine, axes: Sequence[int]) -> Affine:
    """The affine after the index axes are put in the order ``axes``, such as (2, 1, 0)."""
    return as_affine([[row[axis] for axis in axes] + [row[3]] for row in affine])


def lps_to_ras(affine: Affine) -> Affine:
    """From LPS to RAS and back: x and y change sign."""
    return as_affine([[-v for v in affine[0]], [-v for v in affine[1]], affine[2], affine[3]])


def orientation(affine: Affine) -> str:
    """Where each index axis leads, as three letters: ``LPS`` for an axial slice as it is
    usually shown. Of oblique axes, the nearest."""
    letters = ["", "", ""]
    left = {0, 1, 2}
    pairs = [
        (abs(direction[world]), axis, world)
        for axis, direction in enumerate(directions(affine))
        for world in range(3)
    ]
    for _, axis, world in sorted(pairs, reverse=True):
        if not letters[axis] and world in left:
            letters[axis] = _LETTERS[world][0 if affine[world][axis] > 0 else 1]
            left.discard(world)
    return "".join(letters)


def skew_degrees(affine: Affine) -> float:
    """How far the slice axis leans from the normal of the slices, in degrees; a CT that was
    made with a tilted gantry has 1 to 30."""
    x, y, z = directions(affine)
    normal = cross(x, y)
    length = math.hypot(*normal)
    return math.degrees(math.acos(min(1.0, abs(dot(normal, z)) / length)))


def same_grid(a: Affine, b: Affine, tolerance: float = 1e-3) -> bool:
    """Whether two affines agree within ``tolerance`` millimetres in every number."""
    return all(
        abs(p - q) <= tolerance
        for left, right in zip(a, b, strict=True)
        for p, q in zip(left, right, strict=True)
    )
