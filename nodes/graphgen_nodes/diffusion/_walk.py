"""What the sampling nodes share: checks, and one walk from a latent to a latent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphgen import Context, NodeError

from ..image.types import Mask
from .samplers import SpacingError, build_scheduler
from .types import Conditioning, DiffusionModel, Latent

if TYPE_CHECKING:
    import torch

    from ._denoise import Start, Step


@dataclass(frozen=True)
class Settings:
    """How to walk; the sampling nodes' inputs of the same names."""

    steps: int
    sampler: str
    sigmas: str
    betas: str
    spacing: str
    denoise: float
    seed: int | None


def check_conditioning(model: DiffusionModel, conditioning: Conditioning, port: str) -> None:
    """Raise ``NodeError`` unless the model can attend to the conditioning."""
    if conditioning.width != model.text_width:
        raise NodeError(
            f"{model.unet.name} attends to text states of width {model.text_width}, and the "
            f"{port} conditioning has width {conditioning.width}",
            hint="encode the prompt with the text encoder of the same model",
            port=port,
        )
    if model.pooled_width is not None and (
        conditioning.pooled is None or conditioning.pooled.shape[-1] != model.pooled_width
    ):
        raise NodeError(
            f"{model.unet.name} also takes a pooled text state of width {model.pooled_width}, "
            f"which the {port} conditioning lacks",
            hint="encode the prompt with the text encoder of the same model",
            port=port,
        )


def walk(
    model: DiffusionModel,
    latent: Latent,
    positive: Conditioning | None,
    negative: Conditioning | None,
    guidance: float,
    mask: Mask | None,
    settings: Settings,
    ctx: Context,
) -> Latent:
    """Denoise a latent; what both sampling nodes do."""
    import torch

    from ._denoise import denoise, timesteps_of
    from ._guidance import Guided
    from ._noise import draw
    from ._preview import preview

    _check_latent(model, latent, mask, settings)
    seeds = latent.seeds
    if settings.seed is not None:
        seeds = tuple(range(settings.seed, settings.seed + latent.batch))
    skipped = settings.steps - min(int(settings.steps * settings.denoise), settings.steps)
    if skipped == settings.steps:
        return latent
    scheduler = _scheduler(model, settings)
    generators = [ctx.generator(seed) for seed in seeds]
    # Drawn even where the latent is the noise itself: what follows is another sample.
    noise = draw(generators, tuple(latent.samples.shape[1:]))
    with ctx.use(model.unet) as unet, torch.inference_mode():
        start = _start(latent, noise, skipped, mask, ctx.device)
        size = (latent.height, latent.width)
        extra = None
        if latent.masked is not None and model.in_channels > model.latent_channels:
            extra = _inpainting_input(latent, ctx.device)
        predict = Guided(unet, positive, negative, guidance, latent.batch, size, extra)

        steps = settings.steps - skipped
        evaluations = len(timesteps_of(scheduler, skipped))

        def observe(step: Step) -> None:
            done = step.index * steps // evaluations
            if done > (step.index - 1) * steps // evaluations:
                ctx.progress(done, steps, lambda: preview(step, scheduler, model, ctx))
            else:  # a sampler of second order asks the denoiser twice in one step
                ctx.check_cancelled()

        samples = denoise(scheduler, predict, start, generators, observe)
    # Made outside inference mode, so that later nodes may do with it what they like.
    return Latent(samples.clone(), latent.scale, seeds)


def _check_latent(
    model: DiffusionModel, latent: Latent, mask: Mask | None, settings: Settings
) -> None:
    if latent.channels != model.latent_channels or latent.scale != model.scale:
        raise NodeError(
            f"{model.unet.name} denoises latents of {model.latent_channels} channels in cells of "
            f"{model.scale} pixels, and this latent has {latent.channels} in cells of "
            f"{latent.scale}",
            hint="make the latent with the same model, or with its VAE",
            port="latent",
        )
    if latent.noise and settings.denoise < 1:
        raise NodeError(
            "noise can only be denoised all the way: denoise must be 1",
            hint="for image to image, link diffusion/encode_image here",
            port="denoise",
        )
    if model.in_channels != model.latent_channels:
        expected = 2 * model.latent_channels + 1
        if model.in_channels != expected:
            raise NodeError(
                f"{model.unet.name} reads {model.in_channels} channels, and this node knows "
                f"models that read {model.latent_channels}, or {expected} for inpainting",
                port="model",
            )
        if latent.masked is None:
            raise NodeError(
                f"{model.unet.name} is made for inpainting: it reads {expected} channels, among "
                "them a mask and the rest of the picture",
                hint="link a mask to diffusion/encode_image",
                port="latent",
            )
    if mask is not None:
        if latent.noise:
            raise NodeError(
                "a mask needs a picture to keep the rest of, and this latent is noise",
                hint="for inpainting, link diffusion/encode_image here",
                port="mask",
            )
        if mask.values.shape[0] not in (1, latent.batch):
            raise NodeError(
                f"{mask.values.shape[0]} masks for {latent.batch} pictures",
                hint="give one mask, or one for each picture",
                port="mask",
            )


def _inpainting_input(latent: Latent, device: str) -> torch.Tensor:
    """Mask and masked picture, as models for inpainting read them after the latents."""
    import torch

    assert latent.mask is not None
    assert latent.masked is not None
    mask = latent.mask.to(device).expand(latent.batch, -1, -1, -1)
    return torch.cat([mask, latent.masked.to(device)], dim=1)


def _scheduler(model: DiffusionModel, settings: Settings) -> Any:
    config = dict(model.scheduler)
    # Clipping to -1..1 is for models of pixels; latents go beyond.
    config.setdefault("clip_sample", model.scale == 1)
    # PNDM's Runge-Kutta start is a walk of its own that can't begin halfway.
    halfway_pndm = settings.sampler == "pndm" and settings.denoise < 1
    try:
        scheduler = build_scheduler(
            "plms" if halfway_pndm else settings.sampler,
            config,
            settings.steps,
            settings.betas,
            settings.sigmas,
            settings.spacing,
        )
        scheduler.set_timesteps(settings.steps)
    except SpacingError as error:
        raise NodeError(str(error), port=error.port) from None
    except (ValueError, NotImplementedError) as error:
        raise NodeError(
            f"the sampler {settings.sampler} can't be set up for {model.unet.name}: {error}",
            port="sampler",
        ) from error
    return scheduler


def _start(
    latent: Latent, noise: torch.Tensor, skipped: int, mask: Mask | None, device: str
) -> Start:
    from . import _pixels
    from ._denoise import Start

    samples = latent.samples.to(device)
    if latent.noise:
        return Start(samples)
    cells = None
    if mask is not None:
        height, width = samples.shape[2:]
        cells = _pixels.cells(mask.values.to(device), (height, width))
    return Start(samples, noise.to(device), skipped, cells)
