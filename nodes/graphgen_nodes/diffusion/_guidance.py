"""Asking the denoiser, with or without classifier-free guidance (arXiv:2207.12598)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .types import Conditioning


@dataclass(frozen=True)
class Asked:
    """What is asked for some pictures of a batch.

    Attributes:
        positive: What to draw; None for a model without text.
        negative: What to keep away from; None switches guidance off.
        guidance: Guidance scale.
        batch: Pictures.
        size: Height and width of the pictures in pixels.
    """

    positive: Conditioning | None
    negative: Conditioning | None
    guidance: float
    batch: int
    size: tuple[int, int]


class Guided:
    """The denoiser as a function of noisy latents and timestep.

    Both prompts go through it in one batch. Where one prompt is a whole number of times
    longer, the shorter is repeated, which changes nothing: attention over repeated tokens
    is attention over the tokens. Otherwise the prompts go through it one after the other.

    Args:
        unet: The denoiser.
        asked: For the pictures of the batch, in their order; prompts of one kind are equally
            long, and are there for all of them or for none.
        extra: ``[batch, channel, height, width]`` appended to the latents' channels.
        at_once: Given the rows of a batch, how many go through the denoiser at once.
    """

    def __init__(
        self,
        unet: Any,
        asked: Sequence[Asked],
        extra: torch.Tensor | None = None,
        at_once: Callable[[int], int] = int,
    ) -> None:
        self.unet = unet
        # diffusers looks through all parameters for these, which takes milliseconds.
        self.device, self.dtype = unet.device, unet.dtype
        self.at_once = at_once
        self.guided = asked[0].negative is not None
        self.guidance = self._scales(asked)
        self.embedded = self._guidance_embedding(asked)
        kinds = [kind for kind in ("negative", "positive") if getattr(asked[0], kind) is not None]
        groups = [kinds] if kinds else []
        if len(kinds) == 2:
            lengths = [getattr(asked[0], kind).tokens for kind in kinds]
            if max(lengths) % min(lengths):
                groups = [[kind] for kind in kinds]
        self.batch = sum(one.batch for one in asked)
        self.kinds = [len(group) for group in groups]
        self.calls = [self._arguments(group, asked) for group in groups]
        self.extra = None if extra is None else extra.to(self.dtype)

    def __call__(self, scaled: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        latents = scaled.to(self.dtype)
        if self.extra is not None:
            latents = torch.cat([latents, self.extra], dim=1)
        if not self.calls:
            return self._denoised(latents, timestep, {})
        outputs: list[torch.Tensor] = []
        for arguments, copies in zip(self.calls, self.kinds, strict=True):
            batched = latents if copies == 1 else torch.cat([latents] * copies)
            outputs.extend(self._denoised(batched, timestep, arguments).chunk(copies))
        if not self.guided:
            return outputs[0]
        negative, positive = outputs
        return negative + self.guidance * (positive - negative)

    def keep(self, rows: list[int]) -> None:
        """Go on with these rows of the batch."""
        self.calls = [
            _rows(arguments, [kind * self.batch + row for kind in range(kinds) for row in rows])
            for arguments, kinds in zip(self.calls, self.kinds, strict=True)
        ]
        if isinstance(self.guidance, torch.Tensor):
            self.guidance = self.guidance[rows]
        if self.extra is not None:
            self.extra = self.extra[rows]
        self.batch = len(rows)

    def _denoised(
        self, latents: torch.Tensor, timestep: torch.Tensor, arguments: dict[str, Any]
    ) -> torch.Tensor:
        rows = len(latents)
        step = self.at_once(rows)
        if step >= rows:
            return self.unet(latents, timestep, **arguments, return_dict=False)[0].float()
        made: torch.Tensor | None = None
        for start in range(0, rows, step):
            place = slice(start, start + step)
            part = self.unet(
                latents[place], timestep, **_rows(arguments, place), return_dict=False
            )[0]
            if made is None:
                made = torch.empty(rows, *part.shape[1:], device=part.device, dtype=torch.float32)
            made[place] = part
        assert made is not None
        return made

    def _arguments(self, kinds: list[str], asked: Sequence[Asked]) -> dict[str, Any]:
        device, dtype = self.device, self.dtype
        group: list[tuple[Conditioning, Asked]] = [
            (getattr(one, kind), one) for kind in kinds for one in asked
        ]
        tokens = max(c.tokens for c, _ in group)
        rows = [
            c.states.to(device, dtype).repeat(1, tokens // c.tokens, 1).expand(one.batch, -1, -1)
            for c, one in group
        ]
        arguments: dict[str, Any] = {"encoder_hidden_states": torch.cat(rows)}
        if self.embedded is not None:
            arguments["timestep_cond"] = self.embedded.repeat(len(kinds), 1)
        pooled = [(c.pooled, one) for c, one in group if c.pooled is not None]
        if pooled and getattr(self.unet.config, "addition_embed_type", None) == "text_time":
            ids = torch.tensor(
                [
                    c.sizes or (*one.size, 0, 0, *one.size)
                    for c, one in group
                    for _ in range(one.batch)
                ]
            )
            states = [p.to(device, dtype).expand(one.batch, -1) for p, one in pooled]
            arguments["added_cond_kwargs"] = {
                "text_embeds": torch.cat(states),
                "time_ids": ids.to(device, dtype),
            }
        return arguments

    def _scales(self, asked: Sequence[Asked]) -> float | torch.Tensor:
        if len({one.guidance for one in asked}) == 1:
            return asked[0].guidance
        scales = [one.guidance for one in asked for _ in range(one.batch)]
        return torch.tensor(scales, dtype=torch.float32)[:, None, None, None].to(self.device)

    def _guidance_embedding(self, asked: Sequence[Asked]) -> torch.Tensor | None:
        """A distilled model (arXiv:2310.04378) takes the guidance scale as an input."""
        width = getattr(self.unet.config, "time_cond_proj_dim", None)
        if width is None:
            return None
        half = width // 2
        frequencies = torch.exp(
            torch.arange(half, dtype=torch.float32) * (-math.log(10000.0) / (half - 1))
        )
        rows = []
        for one in asked:
            angles = (one.guidance - 1) * 1000.0 * frequencies
            embedding = torch.cat(
                [angles.sin(), angles.cos(), torch.zeros(width % 2, dtype=torch.float32)]
            )
            rows.append(embedding.expand(one.batch, -1))
        return torch.cat(rows).to(self.device, self.dtype)


def _rows(arguments: dict[str, Any], place: slice | list[int]) -> dict[str, Any]:
    """Some rows of everything that the denoiser takes by row."""
    return {
        name: _rows(value, place) if isinstance(value, dict) else value[place]
        for name, value in arguments.items()
    }
