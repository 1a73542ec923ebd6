"""Moving pixels about without changing them: crop, pad, flip, rotate.

Masks take part by being linked into the image input, where they become grey pictures;
``image/mask_from_image`` makes masks of them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from graphgen import NodeError, node

from .types import Image

if TYPE_CHECKING:
    import torch

MAX_PAD = 16384
Padding = Annotated[int, Field(ge=0, le=MAX_PAD, description="Pixels to add.")]


@node("image/crop", title="Crop image")
def crop(
    image: Image,
    x: Annotated[int, Field(ge=0, description="Left edge, in pixels from the left.")] = 0,
    y: Annotated[int, Field(ge=0, description="Upper edge, in pixels from the top.")] = 0,
    width: Annotated[int, Field(ge=1, description="Pixels.")] = 512,
    height: Annotated[int, Field(ge=1, description="Pixels.")] = 512,
) -> Image:
    """Cut a rectangle out of pictures. What reaches beyond the picture is left off."""
    if x >= image.width:
        raise NodeError(f"x is {x}, but the picture is {image.width} pixels wide", port="x")
    if y >= image.height:
        raise NodeError(f"y is {y}, but the picture is {image.height} pixels high", port="y")
    return Image(image.pixels[:, :, y : y + height, x : x + width].contiguous())


@node("image/pad", title="Pad image")
def pad(
    image: Image,
    left: Padding = 0,
    top: Padding = 0,
    right: Padding = 0,
    bottom: Padding = 0,
    mode: Annotated[
        Literal["constant", "edge", "reflect"],
        Field(
            description="constant: one colour; edge: repeat the outermost pixels; reflect: "
            "mirror the picture, its outermost pixels not doubled."
        ),
    ] = "constant",
    colour: Annotated[
        str, Field(description="Of constant: #rrggbb, #rrggbbaa or a CSS name.")
    ] = "#000000",
) -> Image:
    """Add pixels around pictures.

    A translucent colour makes the result RGBA, a coloured one makes a grey picture RGB.
    """
    import torch

    if mode != "constant":
        rows = source_index(image.height, top, bottom, mode).to(image.pixels.device)
        columns = source_index(image.width, left, right, mode).to(image.pixels.device)
        return Image(image.pixels.index_select(2, rows).index_select(3, columns))

    from ._pixels import colour_channels, colour_pixel, parse_colour, with_channels

    fill = parse_colour(colour, "colour")
    channels = max(image.pixels.shape[1], colour_channels(fill))
    pixels = with_channels(image.pixels, channels)
    shape = (image.batch, channels, image.height + top + bottom, image.width + left + right)
    padded = (
        colour_pixel(fill, channels, pixels)
        .expand(shape)
        .clone(memory_format=torch.contiguous_format)
    )
    padded[:, :, top : top + image.height, left : left + image.width] = pixels
    return Image(padded)


@node("image/flip", title="Flip image")
def flip(
    image: Image,
    axis: Annotated[
        Literal["horizontal", "vertical"],
        Field(description="horizontal: left becomes right; vertical: top becomes bottom."),
    ] = "horizontal",
) -> Image:
    """Mirror pictures along one axis."""
    return Image(image.pixels.flip(3 if axis == "horizontal" else 2))


@node("image/rotate", title="Rotate image")
def rotate(
    image: Image,
    degrees: Annotated[Literal[90, 180, 270], Field(description="Clockwise.")] = 90,
) -> Image:
    """Turn pictures by right angles, exactly; at 90 and 270 width and height change places."""
    import torch

    return Image(torch.rot90(image.pixels, -degrees // 90, dims=(2, 3)).contiguous())


def source_index(length: int, before: int, after: int, mode: str) -> torch.Tensor:
    """For each place of a padded axis, where on the axis its pixel comes from."""
    import torch

    index = torch.arange(-before, length + after)
    if mode == "edge":
        return index.clamp(0, length - 1)
    period = max(2 * (length - 1), 1)  # there and back; a single pixel is its own mirror
    index = index.remainder(period)
    return torch.minimum(index, period - index).clamp_max(length - 1)
