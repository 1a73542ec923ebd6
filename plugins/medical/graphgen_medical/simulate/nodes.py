"""Nodes that simulate scans with less dose."""

from __future__ import annotations

from typing import Annotated

from graphgen import Context, node
from pydantic import Field

from ..checks import need_hounsfield
from ..types import Volume
from .projection import Filter

CHUNK = 4  # slices at once: the rays are the same for all

Views = Annotated[int, Field(ge=1, le=4096, description="Projections over half a turn.")]
Kernel = Annotated[
    Filter,
    Field(description="Reconstruction filter; ramp is sharpest, hann has least noise."),
]
Seed = Annotated[int, Field(ge=0, lt=2**63, description="Of the noise.")]


@node("medical/simulate_low_dose", title="Simulate low dose")
def simulate_low_dose(
    volume: Volume,
    photons: Annotated[
        float,
        Field(
            ge=10,
            le=1e12,
            description="Leaving the tube per detector bin and view; 1e4 is a tenth or less of "
            "an everyday scan.",
        ),
    ] = 1e4,
    views: Views = 360,
    filter: Kernel = "ramp",
    seed: Seed = 0,
    *,
    ctx: Context,
) -> Volume:
    """Scan each slice again with few photons: its noise and streaks, without the dose.

    Parallel-beam line integrals at 70 keV (water 0.01929 per mm) over half a turn, Poisson
    counts on a detector with bins as wide as a pixel, filtered back-projection. Beam hardening,
    scatter and electronic noise are left out. What the slice holds of noise already stays.

    Hounsfield units: kept, with noise; what is below -1000 HU counts as air, results are not
    clipped. The same seed gives the same noise, slice by slice.
    """
    need_hounsfield(volume, "simulating low dose")
    step = f"simulated low dose: {photons:g} photons, {views} views, {filter} filter, seed {seed}"
    return _scan(volume, views, photons, filter, seed, step, ctx)


@node("medical/simulate_sparse_view", title="Simulate sparse view")
def simulate_sparse_view(
    volume: Volume,
    views: Views = 60,
    photons: Annotated[
        float | None,
        Field(ge=10, le=1e12, description="Per detector bin and view; none: no noise."),
    ] = None,
    filter: Kernel = "ramp",
    seed: Seed = 0,
    *,
    ctx: Context,
) -> Volume:
    """Scan each slice again from few directions: the streaks of a scan with few views.

    Parallel-beam line integrals over half a turn and filtered back-projection; see
    ``medical/simulate_low_dose``. About 1.5 views per pixel of the slice's edge are needed for
    a slice without streaks.

    Hounsfield units: kept, with streaks; what is below -1000 HU counts as air, results are not
    clipped.
    """
    need_hounsfield(volume, "simulating a sparse-view scan")
    noise = "no noise" if photons is None else f"{photons:g} photons, seed {seed}"
    step = f"simulated sparse view: {views} views, {noise}, {filter} filter"
    return _scan(volume, views, photons, filter, seed, step, ctx)


def _scan(
    volume: Volume,
    views: int,
    photons: float | None,
    filter: Filter,
    seed: int,
    step: str,
    ctx: Context,
) -> Volume:
    import torch

    from .scan import scan

    dx, dy, _ = volume.spacing
    made = torch.empty_like(volume.data)
    for start in range(0, len(volume.data), CHUNK):
        chunk = volume.data[start : start + CHUNK]
        generators = [
            ctx.generator((seed * 1_000_003 + start + index) % 2**63) for index in range(len(chunk))
        ]
        made[start : start + CHUNK] = scan(
            chunk, (dx, dy), views, photons, filter, generators, ctx.check_cancelled
        )
        ctx.progress(min(start + CHUNK, len(made)), len(made))
    return volume.derive(made, step)
