"""Nodes that turn prompts into conditionings."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from graphgen import Batch, Context, NodeError, node

from .prompt import PromptError, parse
from .types import Conditioning, TextEncoder

MAX_CHARACTERS = 20_000


def _alike(text: str, encoder: TextEncoder, clip_skip: int) -> Hashable:
    keys = tuple(ref.key for ref in encoder.encoders)
    return keys, encoder.skip, encoder.pooled_width is None, clip_skip


def _encode_texts(calls: Sequence[Mapping[str, Any]]) -> list[Conditioning | BaseException]:
    texts, first = [call["text"] for call in calls], calls[0]
    return encode_prompts(texts, first["encoder"], first["clip_skip"], first["ctx"])


@node(
    "diffusion/encode_text",
    title="Encode text",
    device=True,
    economy=("offload", "split"),
    batch=Batch(key=_alike, run=_encode_texts),
)
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
    outcome = encode_prompts([text], encoder, clip_skip, ctx)[0]
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def encode_prompts(
    texts: Sequence[str], encoder: TextEncoder, clip_skip: int, ctx: Context
) -> list[Conditioning | BaseException]:
    """Encode prompts as one batch; each gets its conditioning, or what is wrong with it."""
    import torch

    from ._encoding import Chunks, Encoded, PromptTooLongError, chunk, encode_together

    outcomes: dict[int, Conditioning | BaseException] = {}
    spans = {}
    for index, text in enumerate(texts):
        try:
            spans[index] = parse(text)
        except PromptError as error:
            outcomes[index] = NodeError(str(error), port="text", code="bad_prompt")
    encoded: dict[int, list[Encoded]] = {}
    for ref in encoder.encoders:
        ctx.check_cancelled()
        with ctx.use(ref) as loaded, torch.no_grad():
            chunks: dict[int, Chunks] = {}
            for index, prompt in spans.items():
                try:
                    chunks[index] = chunk(loaded, prompt)
                except PromptTooLongError as error:
                    outcomes[index] = NodeError(str(error), port="text", code="bad_prompt")
            if not chunks:
                break
            made = encode_together(
                loaded,
                list(chunks.values()),
                encoder.skip + clip_skip,
                normalise=encoder.skip == 0,
                at_once=ctx.rows,
            )
        for index, one in zip(chunks, made, strict=True):
            encoded.setdefault(index, []).append(one)
    for index, parts in encoded.items():
        if index not in outcomes:
            states = torch.cat([part.states for part in parts], dim=-1)
            pooled = parts[-1].pooled if encoder.pooled_width else None
            # Each its own memory: a slice would keep that of the whole batch.
            outcomes[index] = Conditioning(states, None if pooled is None else pooled.clone())
    return [outcomes[index] for index in range(len(texts))]
