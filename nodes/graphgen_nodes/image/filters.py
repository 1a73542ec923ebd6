"""Blurring and sharpening."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from graphgen import node

from .types import Image

if TYPE_CHECKING:
    import torch


@node("image/blur", title="Blur image")
def blur(
    image: Image,
    radius: Annotated[
        float,
        Field(
            ge=0,
            le=512,
            description="Pixels: the standard deviation of gaussian, half the edge of box.",
        ),
    ] = 4.0,
    kind: Annotated[
        Literal["gaussian", "box"], Field(description="gaussian is smooth, box is the plain mean.")
    ] = "gaussian",
) -> Image:
    """Blur pictures with a Gaussian or with the mean of a square.

    The outermost pixels go on beyond the edge, and colour is weighted by alpha. A box of
    radius r is ``2 r + 1`` pixels wide; parts of a pixel count in part.
    """
    from ._pixels import premultiply, unpremultiply

    kernel = gaussian_kernel(radius) if kind == "gaussian" else box_kernel(radius)
    return Image(unpremultiply(convolve(premultiply(image.pixels), kernel)))


@node("image/sharpen", title="Sharpen image")
def sharpen(
    image: Image,
    amount: Annotated[float, Field(ge=0, le=10, description="How much; 0 changes nothing.")] = 1.0,
    radius: Annotated[
        float, Field(ge=0, le=64, description="Pixels: size of the details that get sharper.")
    ] = 1.0,
    threshold: Annotated[
        float,
        Field(ge=0, le=1, description="Differences up to this are left alone, so noise stays."),
    ] = 0.0,
) -> Image:
    """Unsharp masking: add ``amount`` times the difference from a Gaussian blur.

    Alpha stays as it is.
    """
    import torch

    from ._pixels import premultiply, unpremultiply

    kernel = gaussian_kernel(radius)
    soft = unpremultiply(convolve(premultiply(image.pixels), kernel))[:, :3]
    colour, alpha = image.pixels[:, :3], image.pixels[:, 3:]
    detail = colour - soft
    detail = torch.where(detail.abs() > threshold, detail, 0.0)
    return Image(torch.cat([(colour + amount * detail).clamp(0, 1), alpha], dim=1))


def gaussian_kernel(sigma: float) -> torch.Tensor:
    """Weights of a Gaussian out to four standard deviations; float32, their sum is 1."""
    import torch

    reach = math.ceil(4 * sigma)
    if reach == 0:
        return torch.ones(1)
    places = torch.arange(-reach, reach + 1, dtype=torch.float64)
    weights = torch.exp(-0.5 * (places / sigma) ** 2)
    return (weights / weights.sum()).float()


def box_kernel(radius: float) -> torch.Tensor:
    """Equal weights over ``2 radius + 1`` pixels, less at both ends where parts count."""
    import torch

    whole = math.floor(radius)
    part = radius - whole
    weights = torch.ones(2 * whole + 3, dtype=torch.float64)
    weights[0] = weights[-1] = part
    return (weights / weights.sum()).float()


def convolve(pixels: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Convolve along both axes with one odd symmetric kernel; edge pixels are repeated."""
    from torch.nn import functional

    reach = kernel.numel() // 2
    if reach == 0:
        return pixels
    kernel = kernel.to(pixels)
    batch, channels, height, width = pixels.shape
    planes = pixels.reshape(batch * channels, 1, height, width)
    planes = functional.pad(planes, (reach, reach, 0, 0), mode="replicate")
    planes = functional.conv2d(planes, kernel.reshape(1, 1, 1, -1))
    planes = functional.pad(planes, (0, 0, reach, reach), mode="replicate")
    planes = functional.conv2d(planes, kernel.reshape(1, 1, -1, 1))
    return planes.reshape(batch, channels, height, width)
