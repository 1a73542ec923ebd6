"""Histogram equalisation, of the whole volume or locally."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated

from graphgen import Context, NodeError, node
from pydantic import Field

from ..types import UNSPECIFIED, Volume

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

BINS = 4096
Low = Annotated[float, Field(description="Lower values become black, 0.")]
High = Annotated[float, Field(description="Higher values become white, 1.")]
KeepUnits = Annotated[
    bool,
    Field(description="Stretch 0..1 over low..high again, for networks made for HU."),
]


@node("medical/equalise", title="Histogram equalisation")
def equalise(
    volume: Volume,
    low: Low = -1000.0,
    high: High = 400.0,
    above: Annotated[
        float | None,
        Field(description="Only voxels above this are counted, so that air takes no greys."),
    ] = -900.0,
    keep_range: KeepUnits = False,
) -> Volume:
    """Spread the greys so that each is used as often: one curve for the whole volume.

    What scikit-image's ``equalize_hist`` makes with 4096 bins, slice by slice, so that a large
    volume needs no more memory than itself and its result.

    Hounsfield units: lost, also when the result is stretched over low..high again. Only the
    order of values is kept.
    """
    import numpy as np
    import torch

    _check_range(low, high)
    # Anew for each pass: all of them at once would be a volume more.
    counted = partial(_counted, volume, low, high, above)
    ends = [(values.min(), values.max()) for values in counted() if len(values)]
    if not ends:
        raise NodeError(f"no voxels are above {above:g}", port="above")
    reach = (min(ends)[0], max(high for _, high in ends))
    histogram = np.zeros(BINS, np.int64)
    for values in counted():
        histogram += np.histogram(values, BINS, reach)[0]
    edges = np.linspace(*reach, BINS + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    curve = np.cumsum(histogram) / histogram.sum()
    made = torch.empty_like(volume.data)
    for picture, target in zip(volume.data, made, strict=True):
        shown = np.interp(_scaled(picture, low, high).numpy(), centres, curve)
        target.copy_(torch.from_numpy(shown))
    return _derive(volume, made, low, high, keep_range, f"histogram equalised, {low:g}..{high:g}")


@node("medical/clahe", title="Local equalisation (CLAHE)")
def clahe(
    volume: Volume,
    low: Low = -1000.0,
    high: High = 400.0,
    tile: Annotated[int, Field(ge=8, le=1024, description="Edge of a region, in pixels.")] = 64,
    limit: Annotated[
        float, Field(gt=0, le=1, description="How much contrast may grow; 1 is without limit.")
    ] = 0.01,
    keep_range: KeepUnits = False,
    *,
    ctx: Context,
) -> Volume:
    """Spread the greys of each region of a slice by itself, with limited contrast.

    Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994),
    scikit-image's ``equalize_adapthist``, slice by slice.

    Hounsfield units: lost, also when the result is stretched over low..high again: equal
    tissue gets different values in different places.
    """
    import torch
    from skimage.exposure import equalize_adapthist

    _check_range(low, high)
    made = torch.empty_like(volume.data)
    for index, slice in enumerate(volume.data):
        picture = _scaled(slice, low, high)
        if float(picture.max()) > float(picture.min()):
            shown = equalize_adapthist(picture.numpy(), kernel_size=tile, clip_limit=limit)
            made[index] = torch.from_numpy(shown)
        else:
            made[index] = picture  # nothing to see, and scikit-image divides by the range
        ctx.progress(index + 1, len(made))
    return _derive(volume, made, low, high, keep_range, f"CLAHE, tile {tile}, limit {limit:g}")


def _check_range(low: float, high: float) -> None:
    if low >= high:
        raise NodeError(
            f"the range from {low:g} to {high:g} is empty", hint="low below high", port="low"
        )


def _scaled(picture: torch.Tensor, low: float, high: float) -> torch.Tensor:
    return ((picture - low) / (high - low)).clamp_(0, 1)


def _counted(
    volume: Volume, low: float, high: float, above: float | None
) -> Iterator[NDArray[np.float32]]:
    """The values that the curve is made from, slice by slice."""
    for picture in volume.data:
        values = picture if above is None else picture[picture > above]
        yield _scaled(values, low, high).numpy().ravel()


def _derive(
    volume: Volume, data: torch.Tensor, low: float, high: float, keep_range: bool, step: str
) -> Volume:
    if keep_range:
        data = data * (high - low) + low
    return volume.derive(data, step, unit=UNSPECIFIED)
