"""Laying one picture over another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from graphgen import NodeError, node

from .types import Image, Mask

if TYPE_CHECKING:
    import torch

BlendMode = Literal["normal", "multiply", "screen", "overlay", "add", "difference"]


@node("image/composite", title="Composite images")
def composite(
    background: Image,
    foreground: Image,
    mask: Annotated[
        Mask | None,
        Field(
            description="Where the foreground shows, of its size; times its alpha if it has one."
        ),
    ] = None,
    x: Annotated[
        int, Field(ge=-65536, le=65536, description="Left edge of the foreground, in pixels.")
    ] = 0,
    y: Annotated[
        int, Field(ge=-65536, le=65536, description="Upper edge of the foreground, in pixels.")
    ] = 0,
    opacity: Annotated[float, Field(ge=0, le=1, description="0 is unseen, 1 is opaque.")] = 1.0,
    blend: Annotated[
        BlendMode, Field(description="What becomes of the colours where the two overlap.")
    ] = "normal",
) -> Image:
    """Lay a foreground over a background, by its alpha, a mask and an opacity.

    The result has the size of the background, and alpha if that has; what of the foreground
    lies outside is left off. Batches are paired, a batch of one is used for all. The formulas
    are those of W3C Compositing and Blending Level 1, on sRGB values; ``add`` is the sum of
    both colours, at most 1.
    """
    import torch

    from ._pixels import same_batch, with_channels

    if mask is not None and mask.values.shape[2:] != foreground.pixels.shape[2:]:
        height, width = mask.values.shape[2:]
        raise NodeError(
            f"the mask is {width} x {height}, the foreground {foreground.width} x "
            f"{foreground.height}",
            hint="resize one of them",
            port="mask",
        )
    over, under = same_batch(foreground.pixels, background.pixels, "foreground")
    colour_channels = 3 if max(over.shape[1], under.shape[1]) > 1 else 1
    alpha = over[:, 3:] if over.shape[1] == 4 else torch.ones_like(over[:, :1])
    alpha = alpha * opacity
    if mask is not None:
        alpha, values = same_batch(alpha, mask.values, "mask")
        alpha = alpha * values
        alpha, under = same_batch(alpha, under, "mask")
        over = over.expand(alpha.shape[0], -1, -1, -1)
    has_alpha = under.shape[1] == 4
    result = with_channels(under, 4 if has_alpha else colour_channels).clone()
    paste(result, with_channels(over, colour_channels), alpha, x, y, blend)
    return Image(result)


def paste(
    canvas: torch.Tensor,
    colour: torch.Tensor,
    alpha: torch.Tensor,
    x: int,
    y: int,
    blend: str = "normal",
) -> None:
    """Lay ``colour`` with its ``alpha`` (one channel) over ``canvas`` in place, at x, y.

    ``canvas`` has as many channels as ``colour``, or four with an alpha of its own.
    """
    import torch

    height, width = colour.shape[2:]
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + width, canvas.shape[3]), min(y + height, canvas.shape[2])
    if left >= right or top >= bottom:
        return
    inside = (..., slice(top - y, bottom - y), slice(left - x, right - x))
    region, source, alpha = canvas[..., top:bottom, left:right], colour[inside], alpha[inside]
    if canvas.shape[1] == colour.shape[1]:
        region.copy_(torch.lerp(region, blend_colours(region, source, blend), alpha))
        return
    below, below_alpha = region[:, :3], region[:, 3:]
    mixed = blend_colours(below, source, blend)
    shown = torch.lerp(source.expand_as(mixed), mixed, below_alpha)
    total = alpha + below_alpha * (1 - alpha)
    mean = (alpha * shown + (1 - alpha) * below_alpha * below) / total.clamp_min(1e-6)
    region.copy_(torch.cat([torch.where(total > 0, mean, below).clamp(0, 1), total], dim=1))


def blend_colours(below: torch.Tensor, above: torch.Tensor, mode: str) -> torch.Tensor:
    """The colour where two opaque colours overlap: B(Cb, Cs) of the W3C specification."""
    import torch

    if mode == "multiply":
        return below * above
    if mode == "screen":
        return below + above - below * above
    if mode == "overlay":
        return torch.where(below <= 0.5, 2 * below * above, 1 - 2 * (1 - below) * (1 - above))
    if mode == "add":
        return (below + above).clamp_max(1)
    if mode == "difference":
        return (below - above).abs()
    return above.expand_as(below)
