"""Nodes between pixels, noise and latents."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from graphgen import Batch, Context, NodeError, node

from ..image.types import Image, Mask
from .types import VAE, DiffusionModel, Latent

Size = Annotated[
    int | None, Field(ge=8, le=16384, description="In pixels; the model's own when not set.")
]
Seed = Annotated[
    int, Field(ge=0, le=2**63 - 1, description="Of the first image; each next one has the next.")
]
Tile = Annotated[
    int,
    Field(
        ge=64,
        le=8192,
        multiple_of=64,
        description="Edge in pixels; pictures of more than its square are computed in tiles.",
    ),
]


@node("diffusion/latent_noise", title="Latent noise", memory=("width", "height", "batch"))
def latent_noise(
    model: DiffusionModel,
    width: Size = None,
    height: Size = None,
    seed: Seed = 0,
    batch: Annotated[int, Field(ge=1, le=1024, description="Images.")] = 1,
    *,
    ctx: Context,
) -> Latent:
    """Draw Gaussian noise ``[batch, channel, height, width]`` to start from.

    Image i is drawn on the CPU from ``seed + i``, so it depends neither on the batch nor
    on the device. Width and height must be multiples of the model's pixels per cell.
    """
    from ._noise import draw

    cells = []
    for name, pixels, native in (
        ("height", height, model.native_size[0]),
        ("width", width, model.native_size[1]),
    ):
        if pixels is not None and pixels % model.scale:
            near = max(1, round(pixels / model.scale)) * model.scale
            raise NodeError(
                f"{model.unet.name} works in cells of {model.scale} pixels, and the {name} "
                f"{pixels} is no multiple of that",
                hint=f"the nearest {name} is {near}",
                port=name,
            )
        cells.append(native if pixels is None else pixels // model.scale)
    seeds = tuple(range(seed, seed + batch))
    shape = (model.latent_channels, *cells)
    return Latent(draw([ctx.generator(s) for s in seeds], shape), model.scale, seeds, noise=True)


@node(
    "diffusion/encode_image",
    title="Encode image",
    device=True,
    memory=("tile",),
    economy=("offload", "tile", "split"),
)
def encode_image(
    image: Image,
    vae: VAE,
    mask: Mask | None = None,
    sampled: Annotated[
        bool, Field(description="Draw from the posterior, in place of its most likely value.")
    ] = False,
    seed: Seed = 0,
    tile: Tile = 1024,
    *,
    ctx: Context,
) -> Latent:
    """Turn pictures into latents, for image to image and inpainting.

    Grey becomes RGB, transparency becomes white, and what does not fill a cell is cut off
    evenly at the borders. The seed is that of the noise that is added later, for the first
    image. The mask (1 is repainted) is only for models made for inpainting, which have
    more input channels; for others it goes to the sampler.
    """
    import torch

    from . import _autoencoder, _pixels

    seeds = tuple(range(seed, seed + image.batch))
    pixels = _pixels.rgb(image.pixels)
    if min(pixels.shape[2:]) < vae.scale:
        raise NodeError(
            f"a picture of {image.width} x {image.height} pixels is smaller than one cell of "
            f"{vae.weights.name}, which is {vae.scale} pixels",
            hint="enlarge it first, such as with image/resize",
            port="image",
        )
    pixels = _pixels.crop(pixels, vae.scale)
    cells: torch.Tensor | None = None
    masked: torch.Tensor | None = None
    with torch.no_grad():
        generators = [ctx.generator(s) for s in seeds] if sampled else None
        samples = _autoencoder.encode(pixels, vae, tile, generators, ctx)
        if mask is not None:
            blank, cells = _pixels.blank(pixels, mask.values, vae.scale)
            masked = _autoencoder.encode(blank, vae, tile, None, ctx)
    return Latent(samples, vae.scale, seeds, mask=cells, masked=masked)


def _alike(latent: Latent, vae: VAE | None, tile: int) -> Hashable | None:
    if vae is None or latent.height * latent.width > tile * tile:
        return None  # next to nothing to do, or one tile after the other
    fits = latent.channels == vae.latent_channels and latent.scale == vae.scale
    return (vae.weights.key, vae.float32, tuple(latent.samples.shape[1:])) if fits else None


def _pictures(latent: Latent, vae: VAE | None, tile: int) -> int:
    return latent.batch


def _decode_together(calls: Sequence[Mapping[str, Any]]) -> list[Image]:
    import torch

    from . import _autoencoder

    first = calls[0]
    ctx, latents = first["ctx"], [call["latent"] for call in calls]
    with torch.no_grad():
        samples = torch.cat([ctx.to_device(latent.samples) for latent in latents])
        pixels = _autoencoder.decode(samples, first["vae"], first["tile"], ctx)
    parts = pixels.split([latent.batch for latent in latents])
    # Each its own memory: a slice would keep that of the whole batch.
    return [Image(part.clone()) for part in parts]


@node(
    "diffusion/decode_latent",
    title="Decode latent",
    device=True,
    memory=("tile",),
    economy=("offload", "tile", "split"),
    batch=Batch(key=_alike, run=_decode_together, rows=_pictures),
)
def decode_latent(
    latent: Latent,
    vae: VAE | None = None,
    tile: Tile = 1024,
    *,
    ctx: Context,
) -> Image:
    """Turn latents into pictures, float32 ``[batch, channel, height, width]`` in 0..1.

    A picture of more than ``tile`` by ``tile`` pixels is decoded in tiles that overlap by a
    quarter and fade into each other. Latents of a model of pixels need no VAE.
    """
    import torch

    from . import _autoencoder

    if vae is None:
        if latent.scale != 1 or latent.channels not in (1, 3, 4):
            raise NodeError(
                f"latents of {latent.channels} channels in cells of {latent.scale} pixels "
                "need a VAE",
                hint="link the VAE of the model that made them",
                port="vae",
            )
        return Image((latent.samples / 2 + 0.5).clamp(0, 1))
    if latent.channels != vae.latent_channels or latent.scale != vae.scale:
        raise NodeError(
            f"{vae.weights.name} decodes latents of {vae.latent_channels} channels in cells of "
            f"{vae.scale} pixels, and this latent has {latent.channels} in cells of {latent.scale}",
            hint="use the VAE of the model that made the latent",
            port="vae",
        )
    with torch.no_grad():
        return Image(_autoencoder.decode(latent.samples, vae, tile, ctx))
