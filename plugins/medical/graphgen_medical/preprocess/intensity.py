"""Window, clip and standardise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from graphgen import NodeError, node
from pydantic import Field

from ..checks import need_hounsfield
from ..types import UNSPECIFIED, Volume
from ..windows import WINDOWS

if TYPE_CHECKING:
    import torch

Preset = Literal["lung", "mediastinum", "abdomen", "bone", "brain", "free"]


def limits(preset: Preset, level: float, width: float) -> tuple[float, float]:
    """Lowest and highest value of a window; ``level`` and ``width`` are for ``free``."""
    if preset != "free":
        level, width = WINDOWS[preset]
    return level - width / 2, level + width / 2


@node("medical/window", title="Window")
def window(
    volume: Volume,
    preset: Annotated[
        Preset, Field(description="What should be seen well; free takes level and width.")
    ] = "mediastinum",
    level: Annotated[float, Field(description="Middle of a free window, in HU.")] = 40.0,
    width: Annotated[float, Field(gt=0, description="Of a free window, in HU.")] = 400.0,
) -> Volume:
    """Show a range of values as 0 to 1: black below the window, white above.

    Presets as level/width in HU: lung -600/1500, mediastinum 50/350, abdomen 50/400, bone
    500/2000, brain 40/80. A free window also takes values that are no Hounsfield units, such
    as those of MR.

    Hounsfield units: lost. The values become ``(HU - level) / width + 0.5``, clipped to 0..1.
    """
    if preset != "free":
        need_hounsfield(volume, f"the {preset} window")
    low, high = limits(preset, level, width)
    shown = ((volume.data - low) / (high - low)).clamp_(0, 1)
    step = f"window {preset}: level {(low + high) / 2:g}, width {high - low:g}"
    return volume.derive(shown, step, unit=UNSPECIFIED)


@node("medical/clip", title="Clip")
def clip(
    volume: Volume,
    low: Annotated[float, Field(description="Lower values become this.")] = -1024.0,
    high: Annotated[float, Field(description="Higher values become this.")] = 3071.0,
) -> Volume:
    """Limit values to a range.

    Hounsfield units: kept inside the range; outside, metal for instance, they become its ends.
    """
    if low >= high:
        raise NodeError(
            f"the range from {low:g} to {high:g} is empty", hint="low below high", port="low"
        )
    return volume.derive(volume.data.clamp(low, high), f"clipped to {low:g}..{high:g}")


@node("medical/standardise", title="Standardise")
def standardise(
    volume: Volume,
    method: Annotated[
        Literal["z-score", "range", "percentiles"],
        Field(description="Mean 0 and deviation 1; lowest 0 and highest 1; percentiles 0 and 1."),
    ] = "z-score",
    above: Annotated[
        float | None,
        Field(description="Only voxels above this are looked at, -900 HU for the patient."),
    ] = None,
    lower: Annotated[float, Field(ge=0, lt=50, description="Percentile that becomes 0.")] = 0.5,
    upper: Annotated[float, Field(gt=50, le=100, description="Percentile that becomes 1.")] = 99.5,
) -> Volume:
    """Bring values to a scale that networks and statistics expect.

    Mean, deviation, extremes and percentiles are those of the whole volume, or of its voxels
    above a value. Nothing is clipped but by ``percentiles``, to 0..1.

    Hounsfield units: lost.
    """
    seen = volume.data if above is None else volume.data[volume.data > above]
    if seen.numel() < 2:
        raise NodeError(f"no voxels are above {above:g}", port="above")
    if method == "z-score":
        middle, size = float(seen.double().mean()), float(seen.double().std())
        words = f"standardised: less {middle:.4g}, by {size:.4g}"
    else:
        middle, top = _ends(seen, lower, upper) if method == "percentiles" else _extremes(seen)
        size = top - middle
        words = f"standardised: {middle:.4g}..{top:.4g} to 0..1"
    if size <= 0:
        raise NodeError(
            "all values are the same, so there is nothing to scale to",
            hint="look at the step before",
            port="volume",
        )
    made = (volume.data - middle) / size
    if method == "percentiles":
        made = made.clamp(0, 1)
    return volume.derive(made, words, unit=UNSPECIFIED)


def _extremes(values: torch.Tensor) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _ends(values: torch.Tensor, lower: float, upper: float) -> tuple[float, float]:
    import numpy as np

    low, high = np.percentile(values.numpy(), [lower, upper])
    return float(low), float(high)
