"""Nodes that put conditionings together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from graphgen import NodeError, node

from .types import Conditioning

if TYPE_CHECKING:
    import torch

MAX_TOKENS = 16_384
Pixels = Annotated[int, Field(ge=0, le=65536, description="In pixels.")]


@node("diffusion/combine", title="Combine conditionings")
def combine(first: Conditioning, second: Conditioning) -> Conditioning:
    """Let two prompts guide at once: the denoiser attends to the tokens of both.

    Pooled states (SDXL) are averaged; sizes are those of the first.
    """
    import torch

    _check_widths(first, second)
    states = torch.cat([first.states, second.states.to(first.states.device)], dim=1)
    return Conditioning(states, _mix(first.pooled, second.pooled, 0.5), first.sizes)


@node("diffusion/blend", title="Blend conditionings")
def blend(
    first: Conditioning,
    second: Conditioning,
    weight: Annotated[
        float, Field(ge=0, le=1, description="Share of the second: 0 is the first alone.")
    ] = 0.5,
) -> Conditioning:
    """Average two prompts, state by state, to draw something in between.

    Where one is longer both are repeated to a common length, which for attention is the
    same prompt.
    """
    _check_widths(first, second)
    tokens = math.lcm(first.tokens, second.tokens)
    if tokens > MAX_TOKENS:
        raise NodeError(
            f"conditionings of {first.tokens} and {second.tokens} tokens have no common length "
            f"below {MAX_TOKENS} to blend them at",
            hint="blend prompts of about the same length",
        )
    states = [c.states.repeat(1, tokens // c.tokens, 1) for c in (first, second)]
    mixed = _mix(states[0], states[1], weight)
    assert mixed is not None
    return Conditioning(mixed, _mix(first.pooled, second.pooled, weight), first.sizes)


@node("diffusion/set_sizes", title="Set sizes")
def set_sizes(
    conditioning: Conditioning,
    original_width: Pixels,
    original_height: Pixels,
    target_width: Pixels,
    target_height: Pixels,
    crop_left: Pixels = 0,
    crop_top: Pixels = 0,
) -> Conditioning:
    """Tell SDXL from what pictures to take the look of this prompt's.

    The original size of the training pictures, where they were cropped, and the target
    size (micro-conditioning: Podell et al., arXiv:2307.01952, section 2.2). Without this
    node they are the picture's own size, not cropped. Other models take no notice.
    """
    sizes = (original_height, original_width, crop_top, crop_left, target_height, target_width)
    return Conditioning(conditioning.states, conditioning.pooled, sizes)


def _check_widths(first: Conditioning, second: Conditioning) -> None:
    if first.width != second.width or (first.pooled is None) != (second.pooled is None):
        raise NodeError(
            f"the conditionings come from different text encoders: their states have widths "
            f"{first.width} and {second.width}",
            hint="encode both prompts with the text encoder of one model",
            port="second",
        )


def _mix(
    first: torch.Tensor | None, second: torch.Tensor | None, weight: float
) -> torch.Tensor | None:
    if first is None or second is None:
        return None
    return first * (1 - weight) + second.to(first.device) * weight
