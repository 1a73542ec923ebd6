"""From a prompt to the states that a denoiser attends to: tokens, chunks, weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .prompt import Span

MAX_TOKENS = 4096


class PromptTooLongError(ValueError):
    """A prompt has more tokens than ``MAX_TOKENS``."""


@dataclass
class LoadedEncoder:
    """A text encoder and its tokenizer, as the model pool holds them."""

    model: Any
    tokenizer: Any
    max_length: int
    padding: int


@dataclass
class Chunks:
    """A prompt cut into pieces of the length that the encoder reads: ``[chunk, token]``."""

    ids: torch.Tensor
    attention: torch.Tensor
    weights: torch.Tensor


@dataclass
class Encoded:
    """States of all chunks put one after the other, ``[1, token, width]``, and the pooled
    state of the first chunk, ``[1, width]``, where the encoder has one."""

    states: torch.Tensor
    pooled: torch.Tensor | None


def chunk(encoder: LoadedEncoder, spans: list[Span]) -> Chunks:
    """Tokenize a prompt as one text, weigh each token by where it starts, and cut it.

    A chunk is never cut within a word unless the word alone fills it, and has its own
    start and end marks. The prompt's words become the same tokens whatever their weights.
    """
    tokenizer, max_length = encoder.tokenizer, encoder.max_length
    text = "".join(span.text for span in spans)
    marks = tokenizer("")["input_ids"]
    start, end = marks[:-1], marks[-1:]
    room = max_length - len(marks)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    ids: list[int] = encoded["input_ids"]
    if len(ids) > MAX_TOKENS:
        raise PromptTooLongError(
            f"the prompt has {len(ids)} tokens; at most {MAX_TOKENS} can be encoded"
        )
    weights = _token_weights(spans, [begin for begin, _ in encoded["offset_mapping"]])
    rows, attention, row_weights = [], [], []
    for begin, stop in _cuts(encoded.word_ids(), room):
        row = [*start, *ids[begin:stop], *end]
        empty = max_length - len(row)
        rows.append(row + [encoder.padding] * empty)
        attention.append([1] * len(row) + [0] * empty)
        before, after = len(start), len(end) + empty
        row_weights.append([1.0] * before + weights[begin:stop] + [1.0] * after)
    return Chunks(
        torch.tensor(rows), torch.tensor(attention), torch.tensor(row_weights, dtype=torch.float32)
    )


def _cuts(words: list[int | None], room: int) -> list[tuple[int, int]]:
    cuts = []
    begin = 0
    while len(words) - begin > room:
        stop = begin + room
        while stop > begin and words[stop] is not None and words[stop] == words[stop - 1]:
            stop -= 1
        if stop == begin:
            stop = begin + room
        cuts.append((begin, stop))
        begin = stop
    cuts.append((begin, len(words)))
    return cuts


def _token_weights(spans: list[Span], starts: list[int]) -> list[float]:
    weights = []
    index, stop = 0, len(spans[0].text) if spans else 0
    for start in starts:
        while start >= stop and index + 1 < len(spans):
            index += 1
            stop += len(spans[index].text)
        weights.append(spans[index].weight)
    return weights


def encode(encoder: LoadedEncoder, spans: list[Span], skip: int, *, normalise: bool) -> Encoded:
    """Run the encoder over a prompt; see ``encode_together``."""
    return encode_together(encoder, [chunk(encoder, spans)], skip, normalise=normalise)[0]


def encode_together(
    encoder: LoadedEncoder,
    prompts: Sequence[Chunks],
    skip: int,
    *,
    normalise: bool,
    at_once: Callable[[int], int] = int,
) -> list[Encoded]:
    """Run the encoder over prompts.

    A weight moves a token's state away from (or towards) the state at the same place of the
    empty prompt: ``empty + weight * (state - empty)``. This asks nothing of the encoder, and
    leaves an unweighted prompt exactly as the encoder made it.

    Args:
        encoder: The encoder.
        prompts: What ``chunk`` made of them.
        skip: Layers to leave out at the end; 0 takes the last layer.
        normalise: Whether an earlier layer goes through the encoder's final norm, as the
            last one does.
        at_once: Given a number of chunks, how many go through the encoder at once.
    """

    def run(ids: torch.Tensor, attention: torch.Tensor) -> tuple[torch.Tensor, Any]:
        rows = at_once(len(ids))
        parts = [
            _run(encoder.model, ids[at : at + rows], attention[at : at + rows], skip, normalise)
            for at in range(0, len(ids), rows)
        ]
        states, pooled = zip(*parts, strict=True)
        return torch.cat(states), None if pooled[0] is None else torch.cat(pooled)

    states, pooled = run(
        torch.cat([prompt.ids for prompt in prompts]),
        torch.cat([prompt.attention for prompt in prompts]),
    )
    weights = torch.cat([prompt.weights for prompt in prompts])
    weighted = weights != 1
    if bool(weighted.any()):
        nothing = chunk(encoder, [])
        empty, _ = run(nothing.ids, nothing.attention)
        moved = empty + weights.to(states.device)[..., None] * (states - empty)
        states = torch.where(weighted.to(states.device)[..., None], moved, states)
    encoded, end = [], 0
    for prompt in prompts:
        begin, end = end, end + len(prompt.ids)
        own = states[begin:end].reshape(1, -1, states.shape[-1])
        encoded.append(Encoded(own, None if pooled is None else pooled[begin : begin + 1]))
    return encoded


def _run(
    model: Any, ids: torch.Tensor, attention: torch.Tensor, skip: int, normalise: bool
) -> tuple[torch.Tensor, torch.Tensor | None]:
    device = model.device
    # diffusers' convention: an encoder that was trained to leave padding out says so.
    masked = getattr(model.config, "use_attention_mask", False)
    output = model(
        ids.to(device),
        attention_mask=attention.to(device) if masked else None,
        output_hidden_states=skip > 0,
    )
    if skip == 0:
        states = output.last_hidden_state
    else:
        states = output.hidden_states[-(skip + 1)]
        # transformers 5 flattened CLIPTextModel; in version 4 the norm is one level down.
        norm = getattr(getattr(model, "text_model", model), "final_layer_norm", None)
        if normalise and norm is not None:
            states = norm(states)
    pooled = getattr(output, "text_embeds", None)
    return states.float(), None if pooled is None else pooled.float()
