"""Asking the denoiser, with or without classifier-free guidance (arXiv:2207.12598)."""

from __future__ import annotations

import math
from typing import Any

import torch

from .types import Conditioning


class Guided:
    """The denoiser as a function of noisy latents and timestep.

    Both prompts go through it in one batch. Where one prompt is a whole number of times
    longer, the shorter is repeated, which changes nothing: attention over repeated tokens
    is attention over the tokens. Otherwise the prompts go through it one after the other.

    Args:
        unet: The denoiser.
        positive: What to draw; None for a model without text.
        negative: What to keep away from; None switches guidance off.
        guidance: Guidance scale.
        batch: Pictures.
        size: Height and width of the pictures in pixels.
        extra: ``[batch, channel, height, width]`` appended to the latents' channels.
    """

    def __init__(
        self,
        unet: Any,
        positive: Conditioning | None,
        negative: Conditioning | None,
        guidance: float,
        batch: int,
        size: tuple[int, int],
        extra: torch.Tensor | None = None,
    ) -> None:
        self.unet = unet
        # diffusers looks through all parameters for these, which takes milliseconds.
        self.device, self.dtype = unet.device, unet.dtype
        self.guidance = guidance
        self.guided = negative is not None
        self.embedded = self._guidance_embedding(batch)
        groups = [[c for c in (negative, positive) if c is not None]]
        if len(groups[0]) == 2:
            lengths = [c.tokens for c in groups[0]]
            if max(lengths) % min(lengths):
                groups = [[c] for c in groups[0]]
        self.calls = [self._arguments(group, batch, size) for group in groups if group]
        self.extra = None if extra is None else extra.to(self.dtype)

    def __call__(self, scaled: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        latents = scaled.to(self.dtype)
        if self.extra is not None:
            latents = torch.cat([latents, self.extra], dim=1)
        if not self.calls:
            return self.unet(latents, timestep, return_dict=False)[0].float()
        outputs: list[torch.Tensor] = []
        for arguments in self.calls:
            copies = arguments["encoder_hidden_states"].shape[0] // latents.shape[0]
            batched = latents if copies == 1 else torch.cat([latents] * copies)
            output = self.unet(batched, timestep, **arguments, return_dict=False)[0].float()
            outputs.extend(output.chunk(copies))
        if not self.guided:
            return outputs[0]
        negative, positive = outputs
        return negative + self.guidance * (positive - negative)

    def _arguments(
        self, group: list[Conditioning], batch: int, size: tuple[int, int]
    ) -> dict[str, Any]:
        device, dtype = self.device, self.dtype
        tokens = max(c.tokens for c in group)
        rows = [c.states.repeat(1, tokens // c.tokens, 1).expand(batch, -1, -1) for c in group]
        arguments: dict[str, Any] = {"encoder_hidden_states": torch.cat(rows).to(device, dtype)}
        if self.embedded is not None:
            arguments["timestep_cond"] = self.embedded
        pooled = [c.pooled for c in group if c.pooled is not None]
        if pooled and getattr(self.unet.config, "addition_embed_type", None) == "text_time":
            sizes = [c.sizes or (*size, 0, 0, *size) for c in group]
            ids = torch.tensor([row for row in sizes for _ in range(batch)])
            arguments["added_cond_kwargs"] = {
                "text_embeds": torch.cat([p.expand(batch, -1) for p in pooled]).to(device, dtype),
                "time_ids": ids.to(device, dtype),
            }
        return arguments

    def _guidance_embedding(self, batch: int) -> torch.Tensor | None:
        """A distilled model (arXiv:2310.04378) takes the guidance scale as an input."""
        width = getattr(self.unet.config, "time_cond_proj_dim", None)
        if width is None:
            return None
        half = width // 2
        frequencies = torch.exp(torch.arange(half) * (-math.log(10000.0) / (half - 1)))
        angles = (self.guidance - 1) * 1000.0 * frequencies
        embedding = torch.cat([angles.sin(), angles.cos(), torch.zeros(width % 2)])
        return embedding.expand(batch, -1).to(self.device, self.dtype)
