"""Resampling pictures to another size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from graphgen import Context, NodeError, node

from .types import Image

if TYPE_CHECKING:
    import torch

Filter = Literal["nearest", "bilinear", "bicubic", "lanczos", "area"]
Box = tuple[float, float, float, float]
MAX_EDGE = 32768
_FILTERS = {
    "nearest": "NEAREST",
    "bilinear": "BILINEAR",
    "bicubic": "BICUBIC",
    "lanczos": "LANCZOS",
    "area": "BOX",
}


@node("image/resize", title="Resize image")
def resize(
    image: Image,
    width: Annotated[int, Field(ge=1, le=MAX_EDGE, description="Pixels.")] = 512,
    height: Annotated[int, Field(ge=1, le=MAX_EDGE, description="Pixels.")] = 512,
    mode: Annotated[
        Literal["exact", "fit", "fill", "longest_side"],
        Field(
            description="exact: stretch; fit: as large as fits inside; fill: cover, and cut off "
            "what stands out on both sides; longest_side: it becomes width, height is unused."
        ),
    ] = "exact",
    filter: Annotated[
        Filter, Field(description="lanczos is sharpest; area averages; nearest keeps hard pixels.")
    ] = "lanczos",
    multiple_of: Annotated[
        int,
        Field(ge=1, le=256, description="Round both sides to a multiple of this; 8 suits latents."),
    ] = 1,
    linear_light: Annotated[
        bool, Field(description="Average light instead of sRGB values; see the description.")
    ] = False,
    *,
    ctx: Context,
) -> Image:
    """Resample pictures to another size, antialiased when made smaller.

    Pixel edges are aligned (a pixel is a square, not a point at its corner) and the filter
    is widened by the factor of reduction, so that no detail aliases (Turkowski, "Filters for
    Common Resampling Tasks", 1990). Colour is weighted by alpha: what is transparent doesn't
    bleed in.

    sRGB values are not proportional to light: as in most programs they are averaged as they
    are, which darkens fine bright patterns a little. ``linear_light`` decodes them first (IEC
    61966-2-1), which is right for photographs made much smaller, and can ring more.
    """
    size, box = resize_plan(image.width, image.height, width, height, mode, multiple_of)
    if size[0] * size[1] * image.batch > MAX_EDGE**2:
        raise NodeError(
            f"{image.batch} pictures of {size[0]} x {size[1]} would not fit in memory",
            hint="choose a smaller size, or take fewer at once",
            port="width",
        )
    return Image(resample(image.pixels, size, filter, box, linear_light, ctx))


def resize_plan(
    width: int, height: int, to_width: int, to_height: int, mode: str, multiple_of: int = 1
) -> tuple[tuple[int, int], Box]:
    """The size to make, and the part (left, top, right, bottom) of the picture that goes in."""

    def rounded(value: float) -> int:
        return max(1, round(value / multiple_of)) * multiple_of

    whole: Box = (0.0, 0.0, float(width), float(height))
    if mode in ("fit", "longest_side"):
        factor = to_width / max(width, height)
        if mode == "fit":
            factor = min(to_width / width, to_height / height)
        return (rounded(width * factor), rounded(height * factor)), whole
    size = (rounded(to_width), rounded(to_height))
    if mode == "exact":
        return size, whole
    factor = max(size[0] / width, size[1] / height)
    left, top = (width - size[0] / factor) / 2, (height - size[1] / factor) / 2
    return size, (max(left, 0.0), max(top, 0.0), width - max(left, 0.0), height - max(top, 0.0))


def resample(
    pixels: torch.Tensor,
    size: tuple[int, int],
    filter: str,
    box: Box | None = None,
    linear_light: bool = False,
    ctx: Context | None = None,
) -> torch.Tensor:
    """``[batch, channel, h, w]`` in 0..1 resampled to ``size`` (width, height) by Pillow, in
    float32; ``box`` is the part to take, in pixels. Computed on the CPU."""
    import numpy as np
    import torch
    from PIL import Image as Pillow

    from ._pixels import premultiply, unpremultiply

    method = Pillow.Resampling[_FILTERS[filter]]
    source = pixels.cpu()
    if linear_light:
        source = torch.cat([decode_srgb(source[:, :3]), source[:, 3:]], dim=1)
    planes = premultiply(source).contiguous().numpy()
    batch, channels = planes.shape[:2]
    result = np.empty((batch, channels, size[1], size[0]), dtype=np.float32)
    for index in range(batch):
        if ctx is not None:
            ctx.check_cancelled()
        for channel in range(channels):
            plane = Pillow.fromarray(planes[index, channel])
            result[index, channel] = np.asarray(plane.resize(size, method, box=box))
    resampled = unpremultiply(torch.from_numpy(result))
    if linear_light:
        resampled = torch.cat([encode_srgb(resampled[:, :3]), resampled[:, 3:]], dim=1)
    return resampled


def decode_srgb(values: torch.Tensor) -> torch.Tensor:
    """sRGB values to light, both 0..1 (IEC 61966-2-1)."""
    import torch

    return torch.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055).pow(2.4))


def encode_srgb(light: torch.Tensor) -> torch.Tensor:
    """Light to sRGB values, both 0..1 (IEC 61966-2-1)."""
    import torch

    curve = 1.055 * light.clamp_min(0.0031308).pow(1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, light * 12.92, curve)
