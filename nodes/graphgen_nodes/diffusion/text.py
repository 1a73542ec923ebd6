"""Nodes that turn prompts into conditionings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from graphgen import Context, NodeError, node

from .prompt import PromptError, parse
from .types import Conditioning, TextEncoder

if TYPE_CHECKING:
    import torch

MAX_CHARACTERS = 20_000


@node("diffusion/encode_text", title="Encode text", device=True)
def encode_text(
    text: Annotated[
        str,
        Field(
            max_length=MAX_CHARACTERS,
            description="The prompt: (word:1.3), ((word)) and [word] weigh its parts; \\( is text.",
        ),
    ],
    encoder: TextEncoder,
    clip_skip: Annotated[
        int, Field(ge=0, le=11, description="Layers to leave out at the encoder's end.")
    ] = 0,
    *,
    ctx: Context,
) -> Conditioning:
    """Encode a prompt as float32 states ``[1, token, width]``.

    A prompt longer than the encoder reads at once is cut between words and its parts are
    encoded one by one; the denoiser attends to all of them. A weight moves the state of a
    token away from, or towards, the state at its place in the empty prompt. Two encoders
    (SDXL: Podell et al., arXiv:2307.01952) stand side by side, and the pooled state is that
    of the first part.
    """
    return encode_prompt(text, encoder, clip_skip, ctx)


def encode_prompt(text: str, encoder: TextEncoder, clip_skip: int, ctx: Context) -> Conditioning:
    """What ``encode_text`` does."""
    import torch

    from ._encoding import PromptTooLongError, encode

    states: list[torch.Tensor] = []
    pooled: torch.Tensor | None = None
    try:
        spans = parse(text)
        for ref in encoder.encoders:
            ctx.check_cancelled()
            with ctx.use(ref) as loaded, torch.no_grad():
                encoded = encode(
                    loaded, spans, encoder.skip + clip_skip, normalise=encoder.skip == 0
                )
            states.append(encoded.states)
            pooled = encoded.pooled
    except (PromptError, PromptTooLongError) as error:
        raise NodeError(str(error), port="text", code="bad_prompt") from None
    return Conditioning(torch.cat(states, dim=-1), pooled if encoder.pooled_width else None)
