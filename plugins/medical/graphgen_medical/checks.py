"""What nodes ask of a volume before they begin."""

from __future__ import annotations

from graphgen import NodeError

from .geometry import Affine, same_grid
from .types import HOUNSFIELD, Volume

SMALLEST_SPREAD = 50.0  # from lowest to highest value; less is a window's 0..1 or a z-score


def need_hounsfield(volume: Volume, what: str, port: str = "volume") -> None:
    """Refuse what is not CT in Hounsfield units.

    Args:
        volume: The input.
        what: Begins the message, such as ``"simulating dose"``.
        port: Name of the input.

    Raises:
        NodeError: ``not_hounsfield``.
    """
    if volume.modality != "CT":
        raise NodeError(
            f"{what} needs CT, but the volume is {volume.modality or 'of no known modality'}",
            hint="its values are no Hounsfield units; load a CT series",
            port=port,
            code="not_hounsfield",
        )
    if volume.unit != HOUNSFIELD:
        last = f" (last step: {volume.steps[-1]})" if volume.steps else ""
        raise NodeError(
            f"{what} needs Hounsfield units, but the values were changed to others{last}",
            hint="put this node before windowing, equalisation or standardising",
            port=port,
            code="not_hounsfield",
        )


def need_hounsfield_scale(volume: Volume, what: str, port: str = "volume") -> None:
    """Refuse what a network made for Hounsfield units can't work on. Values that were equalised
    and stretched over a range of HU again are let through.

    Args:
        volume: The input.
        what: Begins the message, such as ``"repair"``.
        port: Name of the input.

    Raises:
        NodeError: ``not_hounsfield``.
    """
    if volume.modality == "CT" and volume.unit != HOUNSFIELD:
        low, high = float(volume.data.min()), float(volume.data.max())
        if high - low >= SMALLEST_SPREAD:
            return
    need_hounsfield(volume, what, port)


def need_same_grid(
    size: tuple[int, ...], affine: Affine, other_size: tuple[int, ...], other: Affine, port: str
) -> None:
    """Refuse two volumes whose voxels do not lie on each other.

    Args:
        size: ``[depth, height, width]`` of the first.
        affine: Of the first.
        other_size: Of the second.
        other: Of the second.
        port: Name of the second input.

    Raises:
        NodeError: ``different_grid``.
    """
    if tuple(size) != tuple(other_size):
        raise NodeError(
            f"its grid of {list(other_size)} voxels differs from {list(size)}",
            hint="depth, height, width must agree; resample one of them to the other's spacing",
            port=port,
            code="different_grid",
        )
    if not same_grid(affine, other):
        raise NodeError(
            "its voxels lie elsewhere in the patient: origin, spacing or directions differ",
            hint="compare volumes of one scan, or resample one of them",
            port=port,
            code="different_grid",
        )
