"""Parallel-beam projection and filtered back-projection of slices, in torch.

Both give what scikit-image's ``radon`` and ``iradon`` give (a test compares them), fifteen and
three times as fast, for several slices at once, on pixels that need not be square.

A ray at angle ``a`` and offset ``t`` holds the points with ``x cos a + y sin a = t``, where x
runs to the right and y down the slice, in millimetres from its middle.
The detector has one bin per ``pitch`` millimetres, the smaller of the pixel's edges.

Sources: Joseph, "An improved algorithm for reprojecting rays through pixel images", IEEE TMI
1982; Kak and Slaney, "Principles of Computerized Tomographic Imaging", 1988, chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Filter = Literal["ramp", "shepp-logan", "cosine", "hamming", "hann"]
Tick = Callable[[], object]


def view_angles(views: int) -> list[float]:
    """Evenly spaced angles over half a turn, in radians."""
    return [math.pi * view / views for view in range(views)]


def project(
    slices: torch.Tensor, angles: Sequence[float], spacing: tuple[float, float], tick: Tick = bool
) -> torch.Tensor:
    """Line integrals ``[slice, view, bin]`` of ``[slice, height, width]`` per millimetre.

    Joseph's method: a ray is followed row by row (or column by column, whichever it crosses
    more steeply) with linear interpolation along the row.

    Args:
        slices: Attenuation per millimetre, float32.
        angles: Of the views, in radians.
        spacing: Millimetres per column and per row.
        tick: Called before each view; may raise to stop.
    """
    import torch
    from torch.nn import functional

    count, height, width = slices.shape
    dx, dy = spacing
    pitch = min(dx, dy)
    bins = detector_bins(height, width, spacing)
    offsets = (torch.arange(bins) - (bins - 1) / 2) * pitch
    upright, lying = slices[None], slices.transpose(1, 2).contiguous()[None]
    result = torch.empty(count, len(angles), bins)
    for view, angle in enumerate(angles):
        tick()
        cos, sin = math.cos(angle), math.sin(angle)
        if abs(cos) * dy >= abs(sin) * dx:
            image, along, across, step, run = upright, cos, sin, dy, dx
        else:
            image, along, across, step, run = lying, sin, cos, dx, dy
        rows, columns = image.shape[2:]
        place = ((torch.arange(rows) - (rows - 1) / 2) * step)[:, None]
        grid = torch.empty(1, rows, bins, 2)
        grid[0, ..., 0] = (offsets[None] - place * across) * (2 / (along * run * columns))
        grid[0, ..., 1] = place * (2 / (step * rows))
        sampled = functional.grid_sample(image, grid, align_corners=False)
        result[:, view] = sampled[0].sum(1) * (step / abs(along))
    return result


def reconstruct(
    sinogram: torch.Tensor,
    angles: Sequence[float],
    size: tuple[int, int],
    spacing: tuple[float, float],
    filter: Filter = "ramp",
    tick: Tick = bool,
) -> torch.Tensor:
    """Filtered back-projection: ``[slice, height, width]`` per millimetre.

    Args:
        sinogram: ``[slice, view, bin]`` line integrals, as ``project`` makes them.
        angles: Of the views in radians, evenly spaced over half a turn.
        size: Height and width.
        spacing: Millimetres per column and per row.
        filter: The ramp, or the ramp times a window that trades sharpness for less noise.
        tick: Called before each view; may raise to stop.
    """
    import torch
    from torch.nn import functional

    count, _, bins = sinogram.shape
    height, width = size
    pitch = min(spacing)
    filtered = filter_views(sinogram, filter)
    x = ((torch.arange(width) - (width - 1) / 2) * spacing[0])[None]
    y = ((torch.arange(height) - (height - 1) / 2) * spacing[1])[:, None]
    result = torch.zeros(1, count, height, width)
    grid = torch.zeros(1, height, width, 2)
    for view, angle in enumerate(angles):
        tick()
        grid[0, ..., 0] = (x * math.cos(angle) + y * math.sin(angle)) * (2 / (bins * pitch))
        row = filtered[None, :, view, None, :]
        result += functional.grid_sample(row, grid, align_corners=False)
    return result[0] * (math.pi / (2 * len(angles) * pitch))


def detector_bins(height: int, width: int, spacing: tuple[float, float]) -> int:
    """Bins that see the whole slice from every side."""
    return math.ceil(math.hypot(width * spacing[0], height * spacing[1]) / min(spacing))


def filter_views(sinogram: torch.Tensor, filter: Filter) -> torch.Tensor:
    """Every view times twice the ramp, in units of one per bin."""
    import torch

    bins = sinogram.shape[-1]
    length = max(64, 2 ** math.ceil(math.log2(2 * bins)))
    response = ramp(length) * window(filter, length // 2 + 1)
    spectrum = torch.fft.rfft(sinogram, n=length)
    return torch.fft.irfft(spectrum * response.to(sinogram), n=length)[..., :bins]


def ramp(length: int) -> torch.Tensor:
    """Twice the band-limited ramp as made from its samples in space (Kak and Slaney, 3.29),
    which keeps the mean right; the plain ramp would darken the slice."""
    import torch

    place = torch.fft.fftfreq(length, 1 / length, dtype=torch.float64)
    kernel = torch.where(place.remainder(2) == 1, -1 / (math.pi * place) ** 2, 0.0)
    kernel[0] = 0.25
    return 2 * torch.fft.rfft(kernel).real


def window(filter: Filter, count: int) -> torch.Tensor:
    """What the ramp is multiplied with, from frequency 0 up to half a cycle per bin."""
    import torch

    place = torch.linspace(0, 1, count, dtype=torch.float64)
    match filter:
        case "ramp":
            return torch.ones_like(place)
        case "shepp-logan":
            return torch.sinc(place / 2)
        case "cosine":
            return torch.cos(place * math.pi / 2)
        case "hamming":
            return 0.54 + 0.46 * torch.cos(place * math.pi)
        case "hann":
            return 0.5 + 0.5 * torch.cos(place * math.pi)
