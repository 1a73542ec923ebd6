"""Enlarging pictures, with a network or without."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from graphgen import Context, ModelName, ModelRef, NodeError, node
from graphgen.fingerprint import file_fingerprint

from ..image.resize import Filter, resample
from ..image.types import Image
from .types import UpscaleModel

if TYPE_CHECKING:
    import torch

LOADER = "spandrel/image"
MAX_PIXELS = 2**30
MIN_TILE = 32
WINDOW = 16  # networks that pad to their windows by themselves don't say so; most are 8 or 16


@node("upscale/load_model", title="Load upscale model", device=True)
def load_model(
    model: Annotated[
        str,
        ModelName(folder="upscale"),
        Field(description="A network that spandrel knows: ESRGAN, Compact, SwinIR, HAT, DAT..."),
    ] = "emoji-x4",
    *,
    ctx: Context,
) -> UpscaleModel:
    """Find a super-resolution or restoration network, and see what it does.

    The kind of network, its scale and its sizes are read off the weights. Pickled files
    (``.pth``, ``.pt``, ``.ckpt``) are read as plain weights only, so they can't run code.
    """
    path = ctx.models.find(model, "upscale")
    fingerprint = file_fingerprint(path)
    if fingerprint is None:
        raise NodeError(f"{path} can't be read", port="model", code="missing_model")
    ref = ModelRef(LOADER, str(path), fingerprint)
    with ctx.use(ref) as network:
        return UpscaleModel(ref, model, int(network.scale), int(network.input_channels))


@node(
    "upscale/upscale",
    title="Upscale image",
    device=True,
    memory=("tile",),
    economy=("tile",),  # spandrel's networks are small beside what they compute with
)
def upscale(
    image: Image,
    model: UpscaleModel,
    tile: Annotated[
        int,
        Field(ge=32, le=4096, multiple_of=8, description="Edge of what is computed at once, px."),
    ] = 512,
    overlap: Annotated[
        int, Field(ge=0, le=512, description="Pixels that neighbouring tiles share.")
    ] = 32,
    factor: Annotated[
        float,
        Field(ge=0, le=16, description="Of the result; 0 is the network's own, else resampled."),
    ] = 0.0,
    *,
    ctx: Context,
) -> Image:
    """Enlarge (or restore) pictures with a network, tile by tile.

    A tile is computed with ``overlap`` pixels of its neighbours around it, and tiles fade into
    each other, so that no seam shows; the outer quarter of an overlap is thrown away. A larger
    tile is faster and takes more memory. Grey and RGB go through any network; alpha is
    resampled (Lanczos), and colours hidden under transparency are filled from around them.
    """
    from ..image._pixels import premultiply, unpremultiply, with_channels
    from ..image.filters import convolve, gaussian_kernel

    if overlap > tile // 2:
        raise NodeError(
            f"an overlap of {overlap} is more than half of a tile of {tile}",
            hint=f"at most {tile // 2}",
            port="overlap",
        )
    _check_size(image, max(model.scale, factor))
    pixels, alpha = image.pixels, None
    if pixels.shape[1] == 4 and model.channels != 4:
        soft = unpremultiply(convolve(premultiply(pixels), gaussian_kernel(2.0)))
        pixels, alpha = pixels[:, :3].where(pixels[:, 3:] > 0, soft[:, :3]), pixels[:, 3:]
    grey = pixels.shape[1] == 1
    if model.channels == 1:  # each colour by itself
        stack = pixels.reshape(-1, 1, *pixels.shape[2:])
        result = run_tiled(stack, model, tile, overlap, ctx)
        result = result.reshape(*pixels.shape[:2], *result.shape[2:])
    else:
        result = run_tiled(with_channels(pixels, model.channels), model, tile, overlap, ctx)
        result = with_channels(result, 1) if grey else result
    if alpha is not None:
        import torch

        size = (result.shape[3], result.shape[2])
        result = torch.cat([result, resample(alpha, size, "lanczos")], dim=1)
    size = _size(image, factor or model.scale)
    if size != (result.shape[3], result.shape[2]):
        result = resample(result, size, "lanczos", ctx=ctx)
    return Image(result)


@node("upscale/resample", title="Enlarge without a model")
def resample_image(
    image: Image,
    factor: Annotated[float, Field(gt=0, le=16, description="Below 1 makes it smaller.")] = 2.0,
    filter: Annotated[
        Filter, Field(description="lanczos is sharpest; area averages; nearest keeps hard pixels.")
    ] = "lanczos",
    *,
    ctx: Context,
) -> Image:
    """Enlarge pictures by resampling (see ``image/resize``); sizes are rounded to whole pixels."""
    _check_size(image, factor)
    return Image(resample(image.pixels, _size(image, factor), filter, ctx=ctx))


def run_tiled(
    pixels: torch.Tensor, model: UpscaleModel, tile: int, overlap: int, ctx: Context
) -> torch.Tensor:
    """``[batch, model.channels, h, w]`` through the network, in float32 on the CPU."""
    import torch

    from . import tiling

    with ctx.use(model.ref) as network:
        multiple = network.size_requirements.multiple_of
        if WINDOW % multiple == 0:
            multiple = WINDOW
        batch, _, height, width = pixels.shape
        if network.tiling.name == "INTERNAL":
            tile, overlap = max(height, width), 0
        else:
            largest = min(tile, max(height, width))
            smaller = ctx.tile(largest, MIN_TILE, multiple)
            if smaller < largest:
                tile, overlap = smaller, min(overlap, smaller // 2)
        rows = tiling.spans(height, tile, overlap, multiple)
        columns = tiling.spans(width, tile, overlap, multiple)
        across = tiling.weights(columns, overlap, model.scale)
        down = tiling.weights(rows, overlap, model.scale)
        shape = (batch, model.channels, height * model.scale, width * model.scale)
        result = torch.zeros(shape, dtype=torch.float32)
        total = batch * len(rows) * len(columns)
        done = 0
        for index in range(batch):
            for row, vertical in zip(rows, down, strict=True):
                for column, horizontal in zip(columns, across, strict=True):
                    ctx.check_cancelled()
                    cut = pixels[
                        index : index + 1, :, row.start : row.end, column.start : column.end
                    ]
                    made = network(cut.to(network.device, network.dtype).contiguous())
                    place = (
                        slice(row.start * model.scale, row.end * model.scale),
                        slice(column.start * model.scale, column.end * model.scale),
                    )
                    made = made[0].float() * vertical[:, None].to(made.device)
                    made *= horizontal.to(made.device)
                    result[index, :, place[0], place[1]] += made.cpu()
                    done += 1
                    ctx.progress(done, total, partial(_preview, result[index : index + 1]))
    return result.clamp_(0, 1)


def _preview(result: torch.Tensor) -> bytes:
    from ..image.codec import PREVIEW_EDGE, preview_png

    stride = max(1, max(result.shape[2:]) // PREVIEW_EDGE)
    return preview_png(result[:, :, ::stride, ::stride])


def _size(image: Image, factor: float) -> tuple[int, int]:
    return max(1, round(image.width * factor)), max(1, round(image.height * factor))


def _check_size(image: Image, factor: float) -> None:
    width, height = _size(image, factor)
    if width * height * image.batch > MAX_PIXELS:
        raise NodeError(
            f"{image.batch} pictures of {width} x {height} would not fit in memory",
            hint="make the picture smaller first, or take fewer at once",
            port="image",
        )
