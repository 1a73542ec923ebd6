"""Small pictures of what a sampler is at, from its estimate of the clean latent.

A picture of few cells is decoded. A larger one is projected: a linear map from latent
channels to colours, fitted once per VAE to what it makes of smooth random latents. The
projection shows composition and colours, a cell per pixel, at next to no cost.
"""

from __future__ import annotations

import io
from typing import Any

import torch
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from graphgen import Context

from . import _autoencoder
from ._denoise import Step
from .types import VAE, DiffusionModel

DECODED_CELLS = 16 * 16
EDGE = 256  # of a preview, at most
_projections: dict[str, torch.Tensor] = {}


def preview(step: Step, scheduler: Any, model: DiffusionModel, ctx: Context) -> bytes:
    """The first picture of the batch as PNG."""
    latents = clean_estimate(step, scheduler)[:1].float()
    cells = latents.shape[2] * latents.shape[3]
    if model.vae is None:
        pixels = _channels(latents)
    elif cells <= DECODED_CELLS:
        pixels = _autoencoder.decode(latents, model.vae, EDGE * EDGE, ctx)
    else:
        pixels = project(latents, model.vae, ctx)
    return _png(pixels, model.scale * max(latents.shape[2:]))


def clean_estimate(step: Step, scheduler: Any) -> torch.Tensor:
    """What the denoiser takes for the clean latent, whatever the sampler.

    What it sees is always of unit variance, so that the noise level of the timestep says
    how much of it is signal.
    """
    signal = scheduler.alphas_cumprod[round(float(step.timestep))]
    alpha, sigma = float(signal.sqrt()), float((1 - signal).sqrt())
    kind = scheduler.config.prediction_type
    if kind == "v_prediction":
        return alpha * step.scaled - sigma * step.prediction
    if kind == "sample":
        return step.prediction
    return (step.scaled - sigma * step.prediction) / max(alpha, 1e-4)


def project(latents: torch.Tensor, vae: VAE, ctx: Context) -> torch.Tensor:
    """Colours in 0..1 of latents, a pixel per cell."""
    matrix = _projections.get(vae.weights.key)
    if matrix is None:
        matrix = _projections[vae.weights.key] = _fit(vae, ctx)
    matrix = matrix.to(latents.device)
    pixels = torch.einsum("bchw,cr->brhw", latents, matrix[:-1]) + matrix[-1][None, :, None, None]
    return pixels.clamp(0, 1)


def _fit(vae: VAE, ctx: Context) -> torch.Tensor:
    """The linear map, ``[channel + 1, 3]``, that is nearest to the VAE in least squares."""
    generator = ctx.generator(0)
    smooth = torch.randn(8, vae.latent_channels, 4, 4, generator=generator)
    latents = interpolate(smooth, (16, 16), mode="bicubic")
    latents = latents / latents.std()
    pixels = _autoencoder.decode(latents, vae, EDGE * EDGE, ctx)
    colours = adaptive_avg_pool2d(pixels, (16, 16)).cpu()
    rows = latents.movedim(1, -1).reshape(-1, vae.latent_channels)
    rows = torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
    return torch.linalg.lstsq(rows, colours.movedim(1, -1).reshape(-1, 3)).solution


def _channels(latents: torch.Tensor) -> torch.Tensor:
    """Pixels of a model of pixels; of other latents without a VAE, their mean as grey."""
    pixels = latents / 2 + 0.5
    if latents.shape[1] not in (1, 3):
        pixels = pixels.mean(1, keepdim=True)
    return pixels.clamp(0, 1).expand(-1, 3, -1, -1)


def _png(pixels: torch.Tensor, edge: int) -> bytes:
    from PIL import Image

    values = (pixels[0].movedim(0, -1) * 255).round().byte().cpu().numpy()
    picture = Image.fromarray(values)
    factor = min(edge, EDGE) / max(picture.size)
    if factor != 1:
        size = (round(picture.width * factor), round(picture.height * factor))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    picture.save(stream, "png", compress_level=1)
    return stream.getvalue()
