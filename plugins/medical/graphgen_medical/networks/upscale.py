"""The node that makes slices larger with a network."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from graphgen import Context, ModelName, NodeError, node
from pydantic import Field

from .. import geometry
from ..checks import need_hounsfield_scale
from ..types import Volume
from .greys import HIGHEST, LOWEST, from_grey, to_grey
from .repair import model_ref, preview_slice

if TYPE_CHECKING:
    import torch

LOADER = "spandrel/image"  # of graphgen's upscale pack
MAX_VOXELS = 2**30
LEAST_TILE = 64


@node("medical/upscale", title="Upscale in plane", device=True, memory=("tile",), economy=("tile",))
def upscale(
    volume: Volume,
    factor: Annotated[
        Literal[2, 4], Field(description="How many times as many pixels per row and column.")
    ] = 4,
    method: Annotated[
        Literal["network", "bicubic"], Field(description="bicubic takes no network.")
    ] = "network",
    model: Annotated[
        str,
        ModelName(folder="medical"),
        Field(description="Any network that spandrel knows: Compact, ESRGAN, SPAN, SwinIR..."),
    ] = "ct-x4",
    tile: Annotated[
        int,
        Field(
            ge=LEAST_TILE,
            le=4096,
            multiple_of=8,
            description="Edge of what is computed at once, px.",
        ),
    ] = 512,
    *,
    ctx: Context,
) -> Volume:
    """Make slices 2 or 4 times as wide and high, their pixels that much smaller; the number of
    slices stays.

    A network that enlarges by another factor than wanted is followed by the mean over pixels
    (4 to 2). ``ct-x4`` was trained on CT; its model card says how it compares to bicubic. It
    sharpens what it takes for an edge; it can't know what the scanner did not see.

    Hounsfield units: kept, limited to -1024..3071 by networks; bicubic can overshoot at edges.
    Spacing and position are updated, so the outer edges of the volume stay where they are.
    """
    import torch
    from torch.nn import functional

    need_hounsfield_scale(volume, "enlarging CT")
    depth, height, width = volume.data.shape
    if depth * height * width * factor**2 > MAX_VOXELS:
        raise NodeError(
            f"{depth} slices of {width * factor} x {height * factor} would not fit in memory",
            hint="crop to the body first, or enlarge 2 times",
            port="factor",
        )
    made = torch.empty(depth, height * factor, width * factor)
    affine = geometry.resampled(volume.affine, (factor, factor, 1))
    if method == "bicubic":
        for index, slice in enumerate(volume.data):
            made[index] = functional.interpolate(
                slice[None, None], scale_factor=factor, mode="bicubic"
            )[0, 0]
            ctx.progress(index + 1, depth)
        return volume.derive(made, f"enlarged {factor} times in plane, bicubic", affine=affine)
    tile = ctx.tile(min(tile, max(height, width)), LEAST_TILE, 8)
    # 0 to 1 are 4,096 HU here, of which half precision tells few apart.
    ref = model_ref(ctx, model, LOADER)
    with ctx.use(ref, torch.float32) as network, torch.inference_mode():
        _check_scale(network, factor, model)
        for index, slice in enumerate(volume.data):
            made[index] = _enlarged(network, slice, factor, tile)
            ctx.progress(index + 1, depth, partial(preview_slice, volume, made[index]))
    step = f"enlarged {factor} times in plane by the network {model}"
    return volume.derive(made, step, affine=affine)


def _check_scale(network: Any, factor: int, model: str) -> None:
    scale, channels = int(network.scale), int(network.input_channels)
    if scale % factor or channels not in (1, 3):
        raise NodeError(
            f"{model} enlarges {scale} times and takes {channels} channels",
            hint=f"choose a network that enlarges {factor} times, or a multiple, grey or RGB",
            port="model",
            code="wrong_model",
        )


def _enlarged(network: Any, slice: torch.Tensor, factor: int, tile: int) -> torch.Tensor:
    from torch.nn import functional

    grey = to_grey(slice)[None, None].expand(1, int(network.input_channels), -1, -1)
    grey = grey.to(network.device, network.dtype).contiguous()
    if max(slice.shape) <= tile:
        made = network(grey)
    else:
        from monai.inferers import sliding_window_inference

        made = sliding_window_inference(
            grey, (tile, tile), 1, network, overlap=0.125, mode="gaussian"
        )
    made = made.float().cpu().mean(dim=1, keepdim=True)
    shrink = int(network.scale) // factor
    if shrink > 1:
        made = functional.avg_pool2d(made, shrink)
    return from_grey(made)[0, 0].clamp_(LOWEST, HIGHEST)
