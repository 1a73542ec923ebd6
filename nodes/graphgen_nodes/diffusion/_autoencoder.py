"""Running an autoencoder: pictures in one piece, or in tiles that fade into each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from graphgen import Context

from ..upscale.tiling import Span, weights
from ._noise import draw
from .types import VAE

Run = Callable[[torch.Tensor], torch.Tensor]
MIN_CELLS = 8  # of a tile's edge
MAX_PIXELS = 1024 * 1024  # as many at once, for the memory of a batch


def decode(samples: torch.Tensor, vae: VAE, tile: int, ctx: Context) -> torch.Tensor:
    """Pixels in 0..1, float32, of latents; on the run's device."""
    with _network(vae, ctx) as network:

        def run(latents: torch.Tensor) -> torch.Tensor:
            mean, std = _statistics(network, latents)
            pixels = network.decode(latents / std + mean, return_dict=False)[0]
            return (pixels / 2 + 0.5).clamp(0, 1).float()

        latents = ctx.to_device(samples).to(network.dtype)
        return _in_parts(latents, run, tile, vae.scale, down=False, ctx=ctx)


def encode(
    pixels: torch.Tensor,
    vae: VAE,
    tile: int,
    generators: list[torch.Generator] | None,
    ctx: Context,
) -> torch.Tensor:
    """Latents, float32, of RGB pixels in 0..1; on the run's device.

    Args:
        pixels: ``[batch, 3, height, width]``, a whole number of cells.
        vae: The autoencoder.
        tile: Edge of a tile in pixels.
        generators: One per picture, to draw from the posterior; None takes its mode.
        ctx: Of the node.
    """
    with _network(vae, ctx) as network:

        def run(part: torch.Tensor) -> torch.Tensor:
            encoded = network.encode(part * 2 - 1)
            if not hasattr(encoded, "latent_dist"):  # AutoencoderTiny has no posterior
                return encoded.latents.float()
            return encoded.latent_dist.parameters.float()

        pixels = ctx.to_device(pixels).to(network.dtype)
        moments = _in_parts(pixels, run, tile, vae.scale, down=True, ctx=ctx)
        latents = moments[:, : vae.latent_channels]
        if generators is not None and moments.shape[1] == 2 * vae.latent_channels:
            spread = (moments[:, vae.latent_channels :].clamp(-30, 20) / 2).exp()
            noise = draw(generators, tuple(latents.shape[1:])).to(latents.device)
            latents = latents + spread * noise
        mean, std = _statistics(network, latents)
        return (latents - mean) * std


@contextmanager
def _network(vae: VAE, ctx: Context) -> Iterator[Any]:
    dtype = torch.float32 if vae.float32 and ctx.dtype == torch.float16 else ctx.dtype
    with ctx.use(vae.weights, dtype) as network:
        yield network


def _statistics(network: Any, like: torch.Tensor) -> tuple[Any, Any]:
    """Mean, and factor to unit variance, of the autoencoder's own latents."""
    config = network.config
    mean, std = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is not None and std is not None:
        shape = (1, -1, 1, 1)
        tensor = torch.tensor([mean, std], device=like.device, dtype=like.dtype)
        return tensor[0].view(shape), config.scaling_factor / tensor[1].view(shape)
    return getattr(config, "shift_factor", None) or 0.0, config.scaling_factor


def _in_parts(
    values: torch.Tensor, run: Run, tile: int, scale: int, *, down: bool, ctx: Context
) -> torch.Tensor:
    """Run over a batch a few pictures at a time, and over large pictures in tiles.

    Args:
        values: The batch, pixels or latents.
        run: From a part of the batch to its result.
        tile: Edge in pixels of the largest picture to run over in one piece.
        scale: Pixels per latent cell.
        down: Whether it runs from pixels to latents.
        ctx: Of the node.
    """
    height, width = (size if down else size * scale for size in values.shape[2:])
    largest = max(height, width)
    edge = ctx.tile(min(tile, largest), MIN_CELLS * scale, scale)
    compute: Run = run
    if height * width > tile * tile or edge < min(tile, largest):
        step = ctx.rows(1)
        compute = partial(_tiled, run=run, tile=edge // scale, scale=scale, down=down, ctx=ctx)
    else:
        step = ctx.rows(min(len(values), max(1, MAX_PIXELS // (height * width))))
    if step >= len(values):
        return compute(values)
    made: torch.Tensor | None = None
    for start in range(0, len(values), step):
        ctx.check_cancelled()
        part = compute(values[start : start + step])
        if made is None:  # filled in place: to put parts together takes the memory twice
            made = part.new_empty(len(values), *part.shape[1:])
        made[start : start + step] = part
        del part
    assert made is not None
    return made


def _tiled(
    values: torch.Tensor, run: Run, tile: int, scale: int, down: bool, ctx: Context
) -> torch.Tensor:
    """Run over overlapping tiles, in latent cells, and fade them into each other."""
    overlap = tile // 4
    before, after = (scale, 1) if down else (1, scale)
    cells = [size // before for size in values.shape[2:]]
    rows, columns = (_even_tiles(size, tile, overlap) for size in cells)
    row_weights, column_weights = (weights(axis, overlap, after) for axis in (rows, columns))
    total: torch.Tensor | None = None
    done = 0
    for row, row_weight in zip(rows, row_weights, strict=True):
        for column, column_weight in zip(columns, column_weights, strict=True):
            part = run(
                values[
                    ...,
                    row.start * before : row.end * before,
                    column.start * before : column.end * before,
                ]
            )
            if total is None:
                total = part.new_zeros(1, part.shape[1], cells[0] * after, cells[1] * after)
            part *= (row_weight[:, None] * column_weight).to(part.device)
            total[
                ...,
                row.start * after : row.end * after,
                column.start * after : column.end * after,
            ] += part
            del part  # not held while the next one is computed
            done += 1
            ctx.progress(done, len(rows) * len(columns))
    assert total is not None
    return total


def _even_tiles(size: int, tile: int, overlap: int) -> list[Span]:
    """Tiles of equal size, evenly apart: an autoencoder normalizes over what it sees, and a
    narrow tile at the border would come out in other colours."""
    if size <= tile:
        return [Span(0, size)]
    count = -(-(size - tile) // (tile - overlap)) + 1
    return [Span(round(i * (size - tile) / (count - 1)), tile) for i in range(count)]
