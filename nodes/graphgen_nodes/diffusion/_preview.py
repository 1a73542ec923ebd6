"""Small pictures of what a sampler is at, from its estimate of the clean latent.

A picture of few cells is decoded. A larger one is projected: a linear map from latent
channels to colours, fitted once per VAE to what it makes of smooth random latents. The
projection shows composition and colours, a cell per pixel, at next to no cost.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from graphgen import Context, devices

from . import _autoencoder
from ._denoise import Step
from .types import VAE, DiffusionModel

DECODED_CELLS = 16 * 16
EDGE = 256  # of a preview, at most
_projections: dict[tuple[str, str], torch.Tensor] = {}


class Previews:
    """The previews of a batch of walks. Where pictures come from another device they are
    copied while the walks go on, and shown a step later, so that no step waits for them.

    Args:
        scheduler: Of the walk; its noise levels are read before it begins.
        model: What walks.
        ctx: Of the node; previews of a model that does not fit are left out.
    """

    def __init__(self, scheduler: Any, model: DiffusionModel, ctx: Context) -> None:
        self._levels = scheduler.alphas_cumprod.cpu()
        self._kind = scheduler.config.prediction_type
        self._model = model
        self._ctx = ctx
        self._edge = 0
        self._pictures: dict[int, torch.Tensor] = {}
        self._coming: tuple[Sequence[int], torch.Tensor, Any] | None = None
        self._fits = True

    def at(self, step: Step, shown: Mapping[int, int]) -> None:
        """Show some of the walks as they are after a step: which, and their rows of the batch."""
        if not shown or not self._fits:
            return
        self._arrive()
        if self._coming is not None:  # the device is that far behind
            return
        estimate = clean_estimate(step, self._levels, self._kind)
        # Not by a tensor of indices, for which the host would wait.
        latents = torch.cat([estimate[row : row + 1] for row in shown.values()]).float()
        self._edge = self._model.scale * max(latents.shape[2:])
        try:
            pixels = _pixels(latents, self._model, self._ctx)
        except (MemoryError, torch.OutOfMemoryError):
            self._fits = False
            return
        values = (pixels.movedim(1, -1) * 255).round().byte()
        self._coming = (tuple(shown), *_to_host(values))
        self._arrive()

    def png(self, walk: int) -> bytes | None:
        """The preview of a walk that came last, as PNG; None before the first one."""
        picture = self._pictures.get(walk)
        return None if picture is None else _png(picture, self._edge)

    def _arrive(self) -> None:
        if self._coming is not None:
            walks, pictures, copied = self._coming
            if copied is None or copied.query():
                self._pictures = dict(zip(walks, pictures, strict=True))
                self._coming = None


def _to_host(values: torch.Tensor) -> tuple[torch.Tensor, Any]:
    """A copy in host memory, and the event of its arrival; None if it is there."""
    if not devices.copies_follow(str(values.device)):
        return values.cpu(), None
    module: Any = torch.get_device_module(values.device)
    copy, arrived = values.to("cpu", non_blocking=True), module.Event()
    arrived.record(module.current_stream(values.device))
    return copy, arrived


def _pixels(latents: torch.Tensor, model: DiffusionModel, ctx: Context) -> torch.Tensor:
    if model.vae is None:
        return _channels(latents)
    if latents.shape[2] * latents.shape[3] <= DECODED_CELLS:
        return _autoencoder.decode(latents, model.vae, EDGE * EDGE, ctx)
    return project(latents, model.vae, ctx)


def clean_estimate(step: Step, levels: torch.Tensor, kind: str) -> torch.Tensor:
    """What the denoiser takes for the clean latent, whatever the sampler.

    What it sees is always of unit variance, so that the noise level of the timestep says
    how much of it is signal.

    Args:
        levels: Share of the signal's variance by timestep, on the CPU.
        kind: What the denoiser predicts, in diffusers' terms.
    """
    signal = float(levels[round(float(step.timestep))])
    alpha, sigma = math.sqrt(signal), math.sqrt(1 - signal)
    if kind == "v_prediction":
        return alpha * step.scaled - sigma * step.prediction
    if kind == "sample":
        return step.prediction
    return (step.scaled - sigma * step.prediction) / max(alpha, 1e-4)


def project(latents: torch.Tensor, vae: VAE, ctx: Context) -> torch.Tensor:
    """Colours in 0..1 of latents, a pixel per cell."""
    where = vae.weights.key, str(latents.device)
    matrix = _projections.get(where)
    if matrix is None:
        matrix = _projections[where] = _fit(vae, ctx).to(latents.device)
    pixels = torch.einsum("bchw,cr->brhw", latents, matrix[:-1]) + matrix[-1][None, :, None, None]
    return pixels.clamp(0, 1)


def _fit(vae: VAE, ctx: Context) -> torch.Tensor:
    """The linear map, ``[channel + 1, 3]``, that is nearest to the VAE in least squares."""
    generator = ctx.generator(0)
    smooth = torch.randn(8, vae.latent_channels, 4, 4, generator=generator, dtype=torch.float32)
    latents = interpolate(smooth, (16, 16), mode="bicubic")
    latents = latents / latents.std()
    pixels = _autoencoder.decode(latents, vae, EDGE * EDGE, ctx)
    colours = adaptive_avg_pool2d(pixels, (16, 16)).cpu()
    rows = latents.movedim(1, -1).reshape(-1, vae.latent_channels)
    rows = torch.cat([rows, torch.ones(len(rows), 1, dtype=torch.float32)], dim=1)
    return torch.linalg.lstsq(rows, colours.movedim(1, -1).reshape(-1, 3)).solution


def _channels(latents: torch.Tensor) -> torch.Tensor:
    """Pixels of a model of pixels; of other latents without a VAE, their mean as grey."""
    pixels = latents / 2 + 0.5
    if latents.shape[1] not in (1, 3):
        pixels = pixels.mean(1, keepdim=True)
    return pixels.clamp(0, 1).expand(-1, 3, -1, -1)


def _png(pixels: torch.Tensor, edge: int) -> bytes:
    from PIL import Image

    picture = Image.fromarray(pixels.numpy())
    factor = min(edge, EDGE) / max(picture.size)
    if factor != 1:
        size = (round(picture.width * factor), round(picture.height * factor))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    picture.save(stream, "png", compress_level=1)
    return stream.getvalue()
