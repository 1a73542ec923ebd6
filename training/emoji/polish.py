"""A last training of the decoder alone, on noisy latents, as those that the denoiser makes.

The encoder stays, so the latents that the denoiser was trained on stay valid.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from . import loop, parallel, vae
from .data import load_icons
from .optim import Optimizers

OUTSIDE = ("0.conv_out",)  # parameters that AdamW trains
NOISE = 0.3  # the largest spread of the noise on the latents, whose own spread is 1


def train(
    work: Path,
    seconds: float,
    seed: int,
    device: str,
    workers: int = 1,
    batch: int = 32,
    peak: float = 1e-3,
) -> None:
    """Train until the budget is spent and write the decoder into ``work/vae``."""
    torch.manual_seed(seed)
    autoencoder = AutoencoderKL.from_pretrained(work / "vae").to(device)
    pictures = torch.from_numpy(load_icons(work).on_white()) * 2 - 1
    latents = vae.encode(autoencoder, pictures.to(device)).cpu()
    decoder = nn.ModuleList([autoencoder.decoder, autoencoder.post_quant_conv])
    averages = Optimizers(decoder, OUTSIDE).share() if workers > 1 else None
    share = batch // workers
    data = (latents, pictures)
    parallel.run(
        workers, decoder, fit, decoder, averages, data, work, seconds, seed, device, share, peak
    )
    if state := loop.load(work / "polish.pt"):
        decoder.load_state_dict({**decoder.state_dict(), **state["average"]})
    autoencoder.save_pretrained(work / "vae")


def fit(
    team: parallel.Team,
    decoder: nn.ModuleList,
    averages: list[Tensor] | None,
    data: tuple[Tensor, Tensor],
    work: Path,
    seconds: float,
    seed: int,
    device: str,
    batch: int,
    peak: float,
) -> None:
    """Train as one of a team.

    ``averages`` is the optimizer's shared state, ``batch`` what this process takes per step.
    """
    latents, pictures = data
    optimizer = Optimizers(decoder, OUTSIDE)
    if averages is not None:
        optimizer.muon.averages = averages
    average = loop.Average(decoder, 0.999)
    generator = torch.Generator().manual_seed(seed + team.rank)
    budget = loop.Budget(seconds)
    order: list[int] = []
    losses: list[float] = []
    step = 0
    while not team.agree(budget.progress >= 1):
        if len(order) < batch:
            order += torch.randperm(len(latents), generator=generator).tolist()
        rows, order = order[:batch], order[batch:]
        spread = NOISE * torch.rand(batch, 1, 1, 1, generator=generator).square()
        noise = torch.randn(latents[rows].shape, generator=generator) * spread
        with torch.autocast(device, torch.bfloat16):
            output = decoder[0](decoder[1]((latents[rows] + noise).to(device)))
        loss = vae.reconstruction_loss(output, pictures[rows].to(device))
        loss.backward()
        optimizer.step(budget.learning_rate(peak, step, warmup=30), team)
        losses.append(float(loss.detach()))
        step += 1
        if team.rank == 0:
            average.update(decoder, step)
            if step % 50 == 0:
                mean = round(float(np.mean(losses[-50:])), 4)
                loop.log(work, "polish", step=step, loss=mean, s=round(budget.used))
    if team.rank == 0:
        loop.save(work / "polish.pt", average=average.shadow, step=step, used=budget.used)
