"""Some of the slices of a scan."""

from __future__ import annotations

from typing import Annotated

from graphgen import NodeError, node
from pydantic import Field

from .. import geometry
from ..types import Volume


@node("medical/take_slices", title="Take slices")
def take_slices(
    volume: Volume,
    first: Annotated[
        int | None, Field(ge=0, description="From 0; none: so that those taken are in the middle.")
    ] = None,
    count: Annotated[
        int, Field(ge=0, description="How many, one after the other; 0: all that follow.")
    ] = 0,
) -> Volume:
    """Take slices that follow each other, to try something on a few of a large scan.

    What there is less of than asked for is taken whole. Hounsfield units: kept.
    """
    depth = volume.data.shape[0]
    if first is not None and first >= depth:
        raise NodeError(f"there is no slice {first}; the last is {depth - 1}", port="first")
    middle = (depth - min(count, depth)) // 2 if count else 0
    start = middle if first is None else first
    end = min(depth, start + count) if count else depth
    if (start, end) == (0, depth):
        return volume
    affine = geometry.cropped(volume.affine, (0, 0, start))
    step = f"slices {start} to {end - 1} of {depth} taken"
    return volume.derive(volume.data[start:end].clone(), step, affine=affine)
