"""A slice scanned again: projected, seen by a noisy detector, reconstructed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attenuation import to_attenuation, to_hounsfield
from .projection import Filter, Tick, project, reconstruct, view_angles

if TYPE_CHECKING:
    import torch


def scan(
    slices: torch.Tensor,
    spacing: tuple[float, float],
    views: int,
    photons: float | None,
    filter: Filter,
    generators: list[torch.Generator],
    tick: Tick = bool,
) -> torch.Tensor:
    """Slices in HU as filtered back-projection shows them, float32.

    Args:
        slices: ``[slice, height, width]`` in HU.
        spacing: Millimetres per column and per row.
        views: Over half a turn.
        photons: Leaving the tube towards each detector bin in each view; None: no noise.
        filter: Of the reconstruction.
        generators: One per slice, so that its noise does not depend on the others.
    """
    angles = view_angles(views)
    sinogram = project(to_attenuation(slices), angles, spacing, tick)
    if photons is not None:
        sinogram = count_photons(sinogram, photons, generators)
    height, width = slices.shape[1:]
    made = reconstruct(sinogram, angles, (height, width), spacing, filter, tick)
    return to_hounsfield(made)


def count_photons(
    sinogram: torch.Tensor, photons: float, generators: list[torch.Generator]
) -> torch.Tensor:
    """The line integrals that a detector reads which counts single photons.

    The count behind a line integral p is Poisson with mean ``photons exp(-p)`` (Beer and
    Lambert); a bin that counted nothing is read as one photon.
    """
    import torch

    read = torch.empty_like(sinogram)
    for index, generator in enumerate(generators):
        counts = torch.poisson(photons * torch.exp(-sinogram[index]), generator=generator)
        read[index] = torch.log(photons / counts.clamp_min(1.0))
    return read
