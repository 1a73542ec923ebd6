"""Histogram equalisation, of the whole volume or locally."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from graphgen import Context, NodeError, node
from pydantic import Field

from ..types import UNSPECIFIED, Volume

if TYPE_CHECKING:
    import torch

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

    scikit-image's ``equalize_hist`` over 4096 bins of the range from low to high.

    Hounsfield units: lost, also when the result is stretched over low..high again. Only the
    order of values is kept.
    """
    import torch
    from skimage.exposure import equalize_hist

    scaled = _scaled(volume, low, high)
    counted = None if above is None else (volume.data > above).numpy()
    if counted is not None and not counted.any():
        raise NodeError(f"no voxels are above {above:g}", port="above")
    made = equalize_hist(scaled.numpy(), nbins=BINS, mask=counted)
    data = torch.from_numpy(made).float()
    return _derive(volume, data, low, high, keep_range, f"histogram equalised, {low:g}..{high:g}")


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

    scaled = _scaled(volume, low, high)
    made = torch.empty_like(scaled)
    for index, picture in enumerate(scaled):
        if float(picture.max()) > float(picture.min()):
            shown = equalize_adapthist(picture.numpy(), kernel_size=tile, clip_limit=limit)
            made[index] = torch.from_numpy(shown)
        else:
            made[index] = picture  # nothing to see, and scikit-image divides by the range
        ctx.progress(index + 1, len(made))
    return _derive(volume, made, low, high, keep_range, f"CLAHE, tile {tile}, limit {limit:g}")


def _scaled(volume: Volume, low: float, high: float) -> torch.Tensor:
    if low >= high:
        raise NodeError(
            f"the range from {low:g} to {high:g} is empty", hint="low below high", port="low"
        )
    return ((volume.data - low) / (high - low)).clamp_(0, 1)


def _derive(
    volume: Volume, data: torch.Tensor, low: float, high: float, keep_range: bool, step: str
) -> Volume:
    if keep_range:
        data = data * (high - low) + low
    return volume.derive(data, step, unit=UNSPECIFIED)
