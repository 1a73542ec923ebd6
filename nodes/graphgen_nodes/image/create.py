"""Pictures from nothing."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from graphgen import node

from .types import Image

Edge = Annotated[int, Field(ge=1, le=16384, description="Pixels.")]
Count = Annotated[int, Field(ge=1, le=1024, description="Pictures in the batch.")]
Colour = Annotated[str, Field(description="#rrggbb, #rrggbbaa or a CSS name.")]


@node("image/solid", title="Solid colour")
def solid(
    width: Edge = 512, height: Edge = 512, colour: Colour = "#ffffff", batch: Count = 1
) -> Image:
    """Pictures of one colour: RGB, or RGBA where the colour is translucent."""
    import torch

    from ._pixels import colour_pixel, parse_colour

    fill = parse_colour(colour, "colour")
    channels = 4 if fill[3] < 1 else 3
    pixel = colour_pixel(fill, channels, torch.empty(0))
    return Image(pixel.expand(batch, -1, height, width).contiguous())


@node("image/gradient", title="Gradient")
def gradient(
    width: Edge = 512,
    height: Edge = 512,
    start: Colour = "#000000",
    end: Colour = "#ffffff",
    kind: Annotated[
        Literal["linear", "radial"],
        Field(description="linear: across; radial: from the centre to the corners."),
    ] = "linear",
    angle: Annotated[
        float,
        Field(ge=-360, le=360, description="Of linear, in degrees: 0 to the right, 90 down."),
    ] = 0.0,
) -> Image:
    """A picture that goes evenly from one colour to another; RGBA where one is translucent.

    Linear gradients reach both colours in opposite corners (or edges), radial ones have
    ``start`` in the centre and ``end`` in the corners. Colours are mixed in sRGB values.
    """
    import torch

    from ._pixels import colour_pixel, parse_colour

    first, last = parse_colour(start, "start"), parse_colour(end, "end")
    channels = 4 if min(first[3], last[3]) < 1 else 3
    x = (torch.arange(width, dtype=torch.float64) + 0.5 - width / 2)[None, :]
    y = (torch.arange(height, dtype=torch.float64) + 0.5 - height / 2)[:, None]
    if kind == "radial":
        place = torch.hypot(x, y) / math.hypot(width / 2, height / 2)
    else:
        across, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        length = abs(across) * width + abs(down) * height
        place = (x * across + y * down) / length + 0.5
    place = place.clamp(0, 1).float()[None, None]
    from_colour = colour_pixel(first, channels, place).expand(1, channels, height, width)
    return Image(torch.lerp(from_colour, colour_pixel(last, channels, place), place))
