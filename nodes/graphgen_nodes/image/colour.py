"""Adjusting colours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from graphgen import node

from .types import Image

if TYPE_CHECKING:
    import torch

Factor = Annotated[float, Field(ge=0, le=10, description="1 leaves it as it is.")]
# Luma weights as the specification rounds them.
_LUMA = (0.213, 0.715, 0.072)
_HUE_SINE = ((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072))


@node("image/adjust_colour", title="Adjust colour")
def adjust(
    image: Image,
    brightness: Factor = 1.0,
    contrast: Factor = 1.0,
    saturation: Factor = 1.0,
    hue: Annotated[float, Field(ge=-360, le=360, description="Degrees round the wheel.")] = 0.0,
) -> Image:
    """Change brightness, contrast, saturation and hue, in this order.

    The formulas are those of ``brightness()``, ``contrast()``, ``saturate()`` and
    ``hue-rotate()`` in W3C Filter Effects Level 1, on sRGB values: brightness multiplies,
    contrast spreads about middle grey, saturation 0 is grey, and hue turns keep luma. Values
    are brought into 0..1 once, at the end. Alpha stays; grey has neither saturation nor hue.
    """
    import torch

    colour, alpha = image.pixels[:, :3], image.pixels[:, 3:]
    colour = (colour * brightness - 0.5) * contrast + 0.5
    if colour.shape[1] == 3 and (saturation != 1 or hue % 360):
        matrix = colour_matrix(saturation, hue).to(colour)
        colour = torch.einsum("oc,bchw->bohw", matrix, colour)
    return Image(torch.cat([colour.clamp(0, 1), alpha], dim=1))


def colour_matrix(saturation: float, hue: float) -> torch.Tensor:
    """The 3 x 3 matrix that scales saturation, then turns the hue by degrees; float64."""
    import torch

    grey = torch.tensor(_LUMA, dtype=torch.float64).expand(3, 3)
    chroma = torch.eye(3, dtype=torch.float64) - grey
    angle = math.radians(hue)
    turn = grey + math.cos(angle) * chroma
    turn = turn + math.sin(angle) * torch.tensor(_HUE_SINE, dtype=torch.float64)
    return turn @ (grey + saturation * chroma)
