"""Between Hounsfield units and linear attenuation.

The scale is anchored in water at 70 keV, about the mean energy of a 120 kV beam behind the
body: 0.01929 per millimetre (NIST XCOM, Berger et al. 2010). Air is taken as nothing, so
-1000 HU is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

WATER_PER_MM = 0.01929
"""Linear attenuation coefficient of water at 70 keV, per millimetre."""


def to_attenuation(hounsfield: torch.Tensor) -> torch.Tensor:
    """Linear attenuation per millimetre; what is below -1000 HU (the padding outside a round
    field of view) counts as air, since nothing attenuates less than nothing."""
    return (hounsfield.clamp_min(-1000.0) / 1000.0 + 1.0) * WATER_PER_MM


def to_hounsfield(attenuation: torch.Tensor) -> torch.Tensor:
    """Hounsfield units of a linear attenuation per millimetre."""
    return (attenuation / WATER_PER_MM - 1.0) * 1000.0
