"""Hounsfield units for networks that work on pictures in 0..1."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

LOWEST, HIGHEST = -1024.0, 3071.0
"""HU that are 0 and 1 inside a network for pictures: the range of 12-bit CT."""


def to_grey(hounsfield: torch.Tensor) -> torch.Tensor:
    """0..1, clipped."""
    return ((hounsfield - LOWEST) / (HIGHEST - LOWEST)).clamp(0, 1)


def from_grey(grey: torch.Tensor) -> torch.Tensor:
    """Hounsfield units."""
    return grey * (HIGHEST - LOWEST) + LOWEST
