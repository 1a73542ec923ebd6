"""Getting pictures and masks into the shape that an autoencoder takes."""

from __future__ import annotations

import torch
from torch.nn.functional import interpolate


def rgb(pixels: torch.Tensor) -> torch.Tensor:
    """Three channels: grey is repeated, transparency is laid over white."""
    if pixels.shape[1] == 4:
        alpha = pixels[:, 3:]
        return pixels[:, :3] * alpha + (1 - alpha)
    return pixels.expand(-1, 3, -1, -1)


def crop(pixels: torch.Tensor, multiple: int) -> torch.Tensor:
    """The middle of a picture, a multiple in height and width."""
    height, width = (size // multiple * multiple for size in pixels.shape[2:])
    top, left = (pixels.shape[2] - height) // 2, (pixels.shape[3] - width) // 2
    return pixels[:, :, top : top + height, left : left + width]


def cells(mask: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """A mask at the size of the latents: the masked share of each cell."""
    return interpolate(mask, size, mode="area")


def blank(
    pixels: torch.Tensor, mask: torch.Tensor, scale: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The picture with grey where it is to be repainted, and the mask in cells, 0 or 1."""
    height, width = pixels.shape[2:]
    repainted = interpolate(mask.to(pixels.device), (height, width)) > 0.5
    grey = torch.where(repainted, 0.5, pixels)
    return grey, interpolate(repainted.float(), (height // scale, width // scale))
