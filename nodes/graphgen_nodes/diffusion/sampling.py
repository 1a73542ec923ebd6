"""Nodes that draw pictures: from noise, or from an encoded picture, step by step."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from graphgen import Context, NodeError, node

from ..image.types import Mask
from ._walk import Settings, check_conditioning, walk
from .samplers import Betas, SamplerName, Sigmas, Spacing
from .text import encode_prompt
from .types import Conditioning, DiffusionModel, Latent

Steps = Annotated[int, Field(ge=1, le=1000, description="Denoising steps.")]
SamplerPort = Annotated[SamplerName, Field(description="How to walk from noise to picture.")]
BetasPort = Annotated[
    Betas,
    Field(description="Noise schedule of the training; seldom other than the model's."),
]
SigmasPort = Annotated[
    Sigmas,
    Field(description="How the steps are spread over noise levels, where the sampler offers it."),
]
SpacingPort = Annotated[
    Spacing,
    Field(description="How steps are spread over the training's timesteps (arXiv:2305.08891)."),
]
DenoisePort = Annotated[
    float,
    Field(ge=0, le=1, description="Share of the steps that an encoded picture goes through."),
]
SeedPort = Annotated[
    int | None,
    Field(
        ge=0,
        le=2**63 - 1,
        description="Seed of the first image's noise; the latent's own when not set.",
    ),
]


@node("diffusion/sample", title="Sample", device=True, memory=("latent",))
def sample(
    model: DiffusionModel,
    positive: Conditioning,
    latent: Latent,
    negative: Conditioning | None = None,
    mask: Mask | None = None,
    steps: Steps = 30,
    guidance: Annotated[
        float,
        Field(ge=0, le=100, description="Weight of the prompt over the negative; 1 is none of it."),
    ] = 5.0,
    sampler: SamplerPort = "ddim",
    sigmas: SigmasPort = "default",
    betas: BetasPort = "from_model",
    spacing: SpacingPort = "from_model",
    denoise: DenoisePort = 1.0,
    seed: SeedPort = None,
    *,
    ctx: Context,
) -> Latent:
    """Denoise latents under a prompt, with classifier-free guidance (arXiv:2207.12598).

    Noise is walked all the way; to an encoded picture noise is added first, and ``denoise``
    says how much: 0 leaves it, 1 keeps next to nothing of it. With a mask (1 is repainted)
    the rest of the picture is put back, noised as much, after every step. Without a
    negative conditioning the empty prompt is taken.
    """
    settings = Settings(steps, sampler, sigmas, betas, spacing, denoise, seed)
    if model.text_width is None:
        raise NodeError(
            f"{model.unet.name} takes no text",
            hint="use diffusion/unconditional_sample",
            port="model",
        )
    check_conditioning(model, positive, "positive")
    if negative is not None:
        check_conditioning(model, negative, "negative")
    if guidance == 1 or model.distilled:
        negative = None
    elif negative is None:
        negative = _empty_prompt(model, ctx)
    return walk(model, latent, positive, negative, guidance, mask, settings, ctx)


@node(
    "diffusion/unconditional_sample", title="Unconditional sample", device=True, memory=("latent",)
)
def unconditional_sample(
    model: DiffusionModel,
    latent: Latent,
    steps: Steps = 30,
    sampler: SamplerPort = "ddim",
    sigmas: SigmasPort = "default",
    betas: BetasPort = "from_model",
    spacing: SpacingPort = "from_model",
    denoise: DenoisePort = 1.0,
    seed: SeedPort = None,
    *,
    ctx: Context,
) -> Latent:
    """Denoise latents with no prompt; a model that knows text gets the empty prompt."""
    settings = Settings(steps, sampler, sigmas, betas, spacing, denoise, seed)
    empty = None if model.text_width is None else _empty_prompt(model, ctx)
    return walk(model, latent, empty, None, 1.0, None, settings, ctx)


def _empty_prompt(model: DiffusionModel, ctx: Context) -> Conditioning:
    import torch

    if model.zero_empty and model.text_width is not None and model.pooled_width is not None:
        length = model.text_encoder.max_length if model.text_encoder else 77
        return Conditioning(
            torch.zeros(1, length, model.text_width), torch.zeros(1, model.pooled_width)
        )
    if model.text_encoder is None:
        raise NodeError(
            f"{model.unet.name} has no text encoder of its own to encode the empty prompt with",
            hint="link a negative conditioning",
            port="negative",
        )
    return encode_prompt("", model.text_encoder, 0, ctx)
