"""Making and changing masks; 1 is where something is done."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from graphgen import NodeError, node

from .types import Image, Mask

if TYPE_CHECKING:
    import torch

_COLOURS = ("red", "green", "blue")
_SUBSAMPLES = 8


@node("image/mask_from_image", title="Mask from image")
def mask_from_image(
    image: Image,
    channel: Annotated[
        Literal["luminance", "alpha", "red", "green", "blue"],
        Field(description="What becomes the mask."),
    ] = "luminance",
) -> Mask:
    """Make masks from the brightness, the alpha or one colour channel of pictures.

    Luminance is luma: 0.2126 R + 0.7152 G + 0.0722 B of the sRGB values. A picture without
    alpha is opaque; all colour channels of a grey one are equal.
    """
    from ._pixels import luma, with_channels

    if channel == "luminance":
        return Mask(luma(image.pixels))
    if channel == "alpha":
        return Mask(with_channels(image.pixels, 4)[:, 3:].contiguous())
    index = _COLOURS.index(channel)
    return Mask(with_channels(image.pixels, 3)[:, index : index + 1].contiguous())


@node("image/mask_shape", title="Mask of a shape")
def mask_shape(
    width: Annotated[int, Field(ge=1, le=16384, description="Of the mask, in pixels.")] = 512,
    height: Annotated[int, Field(ge=1, le=16384, description="Of the mask, in pixels.")] = 512,
    shape: Annotated[Literal["rectangle", "ellipse"], Field(description="What to draw.")] = (
        "rectangle"
    ),
    left: Annotated[float, Field(description="Left edge of the shape, in pixels.")] = 0.0,
    top: Annotated[float, Field(description="Upper edge of the shape, in pixels.")] = 0.0,
    right: Annotated[float, Field(description="Right edge of the shape, in pixels.")] = 512.0,
    bottom: Annotated[float, Field(description="Lower edge of the shape, in pixels.")] = 512.0,
) -> Mask:
    """A rectangle, or the ellipse inside it: 1 within and 0 without.

    Pixels that an edge goes through have the part of them that is covered: exactly for the
    rectangle, to 1/64 for the ellipse. What reaches beyond the mask is left off.
    """
    import torch

    if right <= left or bottom <= top:
        port = "right" if right <= left else "bottom"
        raise NodeError(f"the shape is empty: {left} to {right} by {top} to {bottom}", port=port)
    if shape == "rectangle":
        x, y = torch.arange(width, dtype=torch.float64), torch.arange(height, dtype=torch.float64)
        across = ((x + 1).clamp_max(right) - x.clamp_min(left)).clamp(0, 1)
        down = ((y + 1).clamp_max(bottom) - y.clamp_min(top)).clamp(0, 1)
        covered = down[:, None] * across[None, :]
    else:
        covered = torch.zeros(height, width, dtype=torch.float32)
        for step in range(_SUBSAMPLES**2):
            offset_y, offset_x = divmod(step, _SUBSAMPLES)
            x = torch.arange(width) + (offset_x + 0.5) / _SUBSAMPLES
            y = torch.arange(height) + (offset_y + 0.5) / _SUBSAMPLES
            across = ((x - (left + right) / 2) / ((right - left) / 2)) ** 2
            down = ((y - (top + bottom) / 2) / ((bottom - top) / 2)) ** 2
            covered += across[None, :] + down[:, None] <= 1
        covered /= _SUBSAMPLES**2
    return Mask(covered.float()[None, None])


@node("image/mask_invert", title="Invert mask")
def mask_invert(mask: Mask) -> Mask:
    """One minus the mask."""
    return Mask(1 - mask.values)


@node("image/mask_grow", title="Grow or shrink mask")
def mask_grow(
    mask: Mask,
    radius: Annotated[
        int,
        Field(ge=-512, le=512, description="Pixels to grow by; less than 0 shrinks."),
    ] = 8,
) -> Mask:
    """Grow masks by a disc, or shrink them: greyscale dilation and erosion (Serra, "Image
    Analysis and Mathematical Morphology", 1982). The edge of the picture doesn't eat into
    a mask that reaches it.
    """
    if radius >= 0:
        return Mask(dilate(mask.values, radius))
    return Mask(1 - dilate(1 - mask.values, -radius))


@node("image/mask_feather", title="Feather mask")
def mask_feather(
    mask: Mask,
    radius: Annotated[
        float, Field(ge=0, le=512, description="Pixels: standard deviation of the Gaussian.")
    ] = 8.0,
) -> Mask:
    """Soften the edges of masks with a Gaussian blur; half of the softness lies on each side."""
    from .filters import convolve, gaussian_kernel

    return Mask(convolve(mask.values, gaussian_kernel(radius)).clamp(0, 1))


@node("image/mask_threshold", title="Threshold mask")
def mask_threshold(
    mask: Mask,
    level: Annotated[float, Field(ge=0, le=1, description="This and more becomes 1.")] = 0.5,
) -> Mask:
    """Make masks hard: 1 where they reach the level, 0 elsewhere."""
    return Mask((mask.values >= level).float())


@node("image/mask_combine", title="Combine masks")
def mask_combine(
    first: Mask,
    second: Mask,
    operation: Annotated[
        Literal["union", "intersect", "subtract", "difference"],
        Field(
            description="union: in either; intersect: in both; subtract: in the first only; "
            "difference: in one of the two."
        ),
    ] = "union",
) -> Mask:
    """Combine masks of one size, as fuzzy sets: maximum, minimum, minimum with the inverse,
    and absolute difference (Zadeh, "Fuzzy sets", 1965). A batch of one is used for all.
    """
    import torch

    from ._pixels import same_batch

    if first.values.shape[2:] != second.values.shape[2:]:
        sizes = " and ".join(f"{m.shape[3]} x {m.shape[2]}" for m in (first.values, second.values))
        raise NodeError(
            f"the masks differ in size: {sizes}",
            hint="resize the pictures that they are made of",
            port="second",
        )
    a, b = same_batch(first.values, second.values, "second")
    if operation == "union":
        return Mask(torch.maximum(a, b))
    if operation == "intersect":
        return Mask(torch.minimum(a, b))
    if operation == "subtract":
        return Mask(torch.minimum(a, 1 - b))
    return Mask((a - b).abs())


def dilate(values: torch.Tensor, radius: int) -> torch.Tensor:
    """The maximum over a disc around each pixel; nothing beyond the edge counts.

    Row by row of the disc, from its end to its middle: rows only widen, so each is had from
    the one before with a small horizontal maximum, and a disc costs no more than its radius.
    """
    import torch
    from torch.nn import functional

    result, row, half = values.clone(), values, 0
    height = values.shape[2]
    for distance in range(radius, -1, -1):
        wanted = math.isqrt(radius * radius - distance * distance)
        if wanted > half:
            step, half = wanted - half, wanted
            row = functional.max_pool2d(row, (1, 2 * step + 1), stride=1, padding=(0, step))
        if distance < height:
            up, down = result[:, :, : height - distance], result[:, :, distance:]
            up.copy_(torch.maximum(up, row[:, :, distance:]))
            down.copy_(torch.maximum(down, row[:, :, : height - distance]))
    return result
