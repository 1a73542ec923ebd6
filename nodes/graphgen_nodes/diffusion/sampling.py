"""Nodes that draw pictures: from noise, or from an encoded picture, step by step."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any

from pydantic import Field

from graphgen import Batch, Context, NodeError, node

from ..image.types import Mask
from ._checks import check_conditioning
from ._walk import Request, Settings, joins_with, walk, walk_together
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


def _alike(**given: Any) -> Hashable | None:
    model, latent = given["model"], given["latent"]
    guided = given.get("guidance", 1.0) != 1 and not model.distilled
    positive, negative = given.get("positive"), given.get("negative") if guided else None
    settings, mask = _settings(given), given.get("mask")
    return joins_with(model, latent, positive, negative, mask, settings, guided)


def _pictures(**given: Any) -> int:
    return given["latent"].batch


def _sample_together(calls: Sequence[Mapping[str, Any]]) -> list[Any]:
    return _together(calls, _guided)


def _unconditional_together(calls: Sequence[Mapping[str, Any]]) -> list[Any]:
    return _together(calls, _unconditional)


def _together(calls: Sequence[Mapping[str, Any]], request: Callable[..., Request]) -> list[Any]:
    """What the calls return, or raise; the empty prompt is encoded once for all of them."""
    empty: dict[int, Conditioning] = {}
    outcomes: dict[int, Any] = {}
    requests: dict[int, Request] = {}
    for index, call in enumerate(calls):
        try:
            requests[index] = request(call, empty)
        except NodeError as error:
            outcomes[index] = error
    made = walk_together(list(requests.values())) if requests else []
    outcomes.update(zip(requests, made, strict=True))
    return [outcomes[index] for index in range(len(calls))]


@node(
    "diffusion/sample",
    title="Sample",
    device=True,
    memory=("latent",),
    economy=("offload", "split"),
    batch=Batch(key=_alike, run=_sample_together, rows=_pictures),
)
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
    return walk(_guided(locals(), {}))


@node(
    "diffusion/unconditional_sample",
    title="Unconditional sample",
    device=True,
    memory=("latent",),
    economy=("offload", "split"),
    batch=Batch(key=_alike, run=_unconditional_together, rows=_pictures),
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
    return walk(_unconditional(locals(), {}))


def _settings(given: Mapping[str, Any]) -> Settings:
    return Settings(**{field.name: given[field.name] for field in fields(Settings)})


def _guided(given: Mapping[str, Any], empty: dict[int, Conditioning]) -> Request:
    """What a call of ``sample`` asks for.

    Args:
        given: Its arguments.
        empty: The empty prompt by the ids of models, as far as it was encoded.
    """
    model, positive, negative = given["model"], given["positive"], given["negative"]
    if model.text_width is None:
        raise NodeError(
            f"{model.unet.name} takes no text",
            hint="use diffusion/unconditional_sample",
            port="model",
        )
    check_conditioning(model, positive, "positive")
    if negative is not None:
        check_conditioning(model, negative, "negative")
    guidance = given["guidance"]
    if guidance == 1 or model.distilled:
        negative = None
    elif negative is None:
        negative = _empty_prompt(model, given["ctx"], empty)
    latent, mask, ctx = given["latent"], given["mask"], given["ctx"]
    return Request(model, latent, positive, negative, guidance, mask, _settings(given), ctx)


def _unconditional(given: Mapping[str, Any], empty: dict[int, Conditioning]) -> Request:
    """What a call of ``unconditional_sample`` asks for; see ``_guided``."""
    model, ctx = given["model"], given["ctx"]
    positive = None if model.text_width is None else _empty_prompt(model, ctx, empty)
    return Request(model, given["latent"], positive, None, 1.0, None, _settings(given), ctx)


def _empty_prompt(
    model: DiffusionModel, ctx: Context, known: dict[int, Conditioning]
) -> Conditioning:
    import torch

    if id(model) in known:
        return known[id(model)]
    if model.zero_empty and model.text_width is not None and model.pooled_width is not None:
        length = model.text_encoder.max_length if model.text_encoder else 77
        states, pooled = (
            torch.zeros(1, length, model.text_width, dtype=torch.float32),
            torch.zeros(1, model.pooled_width, dtype=torch.float32),
        )
        known[id(model)] = Conditioning(states, pooled)
    elif model.text_encoder is None:
        raise NodeError(
            f"{model.unet.name} has no text encoder of its own to encode the empty prompt with",
            hint="link a negative conditioning",
            port="negative",
        )
    else:
        known[id(model)] = encode_prompt("", model.text_encoder, 0, ctx)
    return known[id(model)]
