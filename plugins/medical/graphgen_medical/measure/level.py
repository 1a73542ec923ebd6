"""The noise of a scan without anyone choosing a place for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from graphgen import Context, NodeError, node
from pydantic import Field

from ..checks import need_hounsfield
from ..tiles import pick_slices
from ..types import HOUNSFIELD, Report, Volume
from .nodes import Noise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WINDOW = 6.0  # mm
TISSUE = (-20.0, 120.0)  # HU: water, muscle, organs, blood
BIN, MOST = 0.25, 2000.0  # HU, of the histogram of standard deviations
FEWEST = 100  # windows


@node("medical/noise_level", title="Noise in soft tissue")
def noise_level(
    volume: Volume,
    low: Annotated[float, Field(description="Mean of a window that counts, HU.")] = TISSUE[0],
    high: Annotated[float, Field(description="Mean of a window that counts, HU.")] = TISSUE[1],
    slices: Annotated[
        int, Field(ge=0, description="How many are looked at, evenly spaced; 0: all.")
    ] = 16,
    *,
    ctx: Context,
) -> Noise:
    """The noise of a scan, found by itself: the standard deviation that is most frequent among
    windows of 6 mm whose mean is soft tissue.

    Windows with an edge in them vary more and lie beside the peak. Source: Christianson et al.,
    "Automated technique to measure noise in clinical CT examinations", AJR 205 (2015), who take
    the mode of local standard deviations as the "global noise level"; there soft tissue is found
    voxel by voxel, here by the window's mean, so that strong noise does not hide it.

    Hounsfield units: read, and not changed.
    """
    import numpy as np

    need_hounsfield(volume, "finding soft tissue")
    dx, dy, _ = volume.spacing
    edges = (max(3, round(WINDOW / dy)), max(3, round(WINDOW / dx)))
    bins = round(MOST / BIN) + 1
    counts, sums = np.zeros(bins), np.zeros(bins)  # of windows, of their means
    picked = pick_slices(volume.data.shape[0], slices)
    for done, index in enumerate(picked, 1):
        mean, deviation = _local(volume.data[index].cpu().numpy(), edges)
        tissue = (mean >= low) & (mean <= high)
        place = (deviation[tissue].clip(0, MOST) / BIN).astype(np.int64)
        counts += np.bincount(place, minlength=bins)
        sums += np.bincount(place, mean[tissue], minlength=bins)
        ctx.progress(done, len(picked))
    windows = int(counts.sum())
    if windows < FEWEST:
        raise NodeError(
            f"there is no place of {WINDOW:g} mm with a mean of {low:g} to {high:g} HU",
            hint="choose another range, or measure a rectangle: Noise in a region",
            port="low",
            code="no_tissue",
        )
    peak = _peak(counts)
    near = slice(int(peak * 0.9), int(peak * 1.1) + 1)
    noise, average = peak * BIN, float(sums[near].sum() / counts[near].sum())
    note = (
        f"The most frequent standard deviation among {windows:,} windows of {edges[1]} x {edges[0]}"
        f" pixels ({edges[1] * dx:.1f} x {edges[0] * dy:.1f} mm) with a mean of {low:g} to "
        f"{high:g} HU, in {len(picked)} {'slice' if len(picked) == 1 else 'slices'}."
    )
    rows = (("Mean", average, HOUNSFIELD), ("Noise (SD)", noise, HOUNSFIELD))
    return Noise(Report("Noise in soft tissue", rows, (note,)), average, noise)


def _local(
    picture: NDArray[np.float32], edges: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of the window around each pixel that has a whole one."""
    import numpy as np
    from scipy import ndimage

    values = picture.astype(np.float64)
    half = [edge // 2 for edge in edges]
    height, width = picture.shape
    inside = (slice(half[0], height - half[0]), slice(half[1], width - half[1]))
    mean = ndimage.uniform_filter(values, edges)[inside]
    square = ndimage.uniform_filter(values**2, edges)[inside]
    return mean, np.sqrt(np.maximum(square - mean**2, 0))


def _peak(counts: NDArray[np.float64]) -> float:
    """Where a histogram is highest, in bins, smoothed by a fifth of the place so that few
    windows do."""
    import numpy as np
    from scipy import ndimage

    place = float(counts.argmax())
    for _ in range(2):
        smooth = ndimage.gaussian_filter1d(counts, max(1.0, place / 10), mode="constant")
        place = float(np.argmax(smooth))
    return place + 0.5
