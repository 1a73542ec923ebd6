"""Grey, RGB and RGBA."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from graphgen import NodeError, node

from .types import Image, Mask


@node("image/convert_channels", title="Convert channels")
def convert_channels(
    image: Image,
    channels: Annotated[Literal["grey", "rgb", "rgba"], Field(description="What to make.")] = "rgb",
    background: Annotated[
        str,
        Field(description="Colour that a transparent picture is laid on when it loses its alpha."),
    ] = "#ffffff",
) -> Image:
    """Turn pictures into grey (1 channel), RGB (3) or RGBA (4).

    Grey is luma: 0.2126 R + 0.7152 G + 0.0722 B of the sRGB values (ITU-R BT.709). A picture
    without alpha gets an opaque one.
    """
    import torch

    from ._pixels import colour_pixel, parse_colour, with_channels

    pixels = image.pixels
    if pixels.shape[1] == 4 and channels != "rgba":
        colour = colour_pixel(parse_colour(background, "background"), 3, pixels)
        pixels = torch.lerp(colour.expand_as(pixels[:, :3]), pixels[:, :3], pixels[:, 3:])
    return Image(with_channels(pixels, {"grey": 1, "rgb": 3, "rgba": 4}[channels]))


@node("image/set_alpha", title="Set alpha")
def set_alpha(image: Image, mask: Mask) -> Image:
    """Make a mask the alpha of pictures of the same size: 0 is transparent, 1 is opaque."""
    import torch

    from ._pixels import same_batch, with_channels

    if mask.values.shape[2:] != image.pixels.shape[2:]:
        height, width = mask.values.shape[2:]
        raise NodeError(
            f"the mask is {width} x {height}, the picture {image.width} x {image.height}",
            hint="resize one of them",
            port="mask",
        )
    colour, alpha = same_batch(with_channels(image.pixels, 3), mask.values, "mask")
    return Image(torch.cat([colour, alpha], dim=1))
