"""The denoiser: latents of the concepts, conditioned on caption states, trained on velocity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import BertModel, BertTokenizer

from . import loop, parallel, text, vae
from .concepts import captions, choose
from .data import load_icons
from .optim import Optimizers

CHANNELS = (64, 128, 208)
DROPOUT = 0.1  # share of captions replaced by the empty prompt, for classifier-free guidance
# Weight on the squared error of the clean latents: min(SNR, 5) + 1.  It is min-SNR weighting (Hang
# et al., arXiv:2303.09556) plus one, so that pure noise, where the caption alone decides, counts.
MIN_SNR_GAMMA = 5.0
OUTSIDE = ("conv_in", "conv_out", "time_embedding")  # parameters that AdamW trains
JITTER = 0.15  # noise on the caption's states, in units of their spread, for nearby meanings


def build() -> UNet2DConditionModel:
    """Return an untrained denoiser of 8x8 latents."""
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=vae.LATENT_CHANNELS,
        out_channels=vae.LATENT_CHANNELS,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        block_out_channels=CHANNELS,
        layers_per_block=1,
        norm_num_groups=16,
        attention_head_dim=4,
        cross_attention_dim=384,
    )


def build_scheduler() -> DDIMScheduler:
    """Return the scheduler that the pipeline ships with."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
    )


@torch.no_grad()
def prepare(work: Path) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the training set, made once and kept in ``work/latents.pt``.

    Latents float32 [concept, 16, 8, 8]; caption states float16 [caption, 32, width], the empty
    prompt first; for each caption its concept; and its weight within that concept.
    """
    if state := loop.load(work / "latents.pt"):
        return state["latents"], state["states"], state["owners"], state["weights"]
    icons = load_icons(work)
    concepts = choose(icons)
    autoencoder = AutoencoderKL.from_pretrained(work / "vae")
    pictures = torch.from_numpy(icons.on_white())[[emoji.row for emoji in concepts]] * 2 - 1
    latents = vae.encode(autoencoder, pictures)
    tokenizer = BertTokenizer.from_pretrained(work / "tokenizer")
    encoder = BertModel.from_pretrained(work / "text_encoder").eval()
    texts, owners, weights = [""], [-1], [0.0]
    for index, items in enumerate(captions(concepts, seed=0).values()):
        for caption, weight in items:
            texts.append(caption)
            owners.append(index)
            weights.append(weight)
    states = text.embed(tokenizer, encoder, texts).half()
    data = {"latents": latents, "states": states}
    loop.save(
        work / "latents.pt", **data, owners=torch.tensor(owners), weights=torch.tensor(weights)
    )
    return latents, states, torch.tensor(owners), torch.tensor(weights)


class Captions:
    """Draws a caption for each concept, by weight."""

    def __init__(self, owners: Tensor, weights: Tensor, count: int) -> None:
        self.rows = [torch.nonzero(owners == index)[:, 0] for index in range(count)]
        self.weights = [weights[rows] for rows in self.rows]

    def draw(self, concepts: Tensor, generator: torch.Generator) -> Tensor:
        """Return one caption row per concept; the empty prompt (row 0) by chance."""
        rows = []
        for index in concepts.tolist():
            chosen = torch.multinomial(self.weights[index], 1, generator=generator)
            rows.append(int(self.rows[index][chosen]))
        empty = torch.rand(len(rows), generator=generator) < DROPOUT
        return torch.where(empty, torch.zeros(len(rows), dtype=torch.long), torch.tensor(rows))


def noised(
    latents: Tensor, steps: Tensor, generator: torch.Generator, signal: Tensor
) -> tuple[Tensor, Tensor]:
    """Return noisy latents and velocity at ``steps``; ``signal`` is alphas_cumprod."""
    noise = torch.randn(latents.shape, generator=generator)
    alpha = signal[steps][:, None, None, None].sqrt()
    sigma = (1 - signal[steps])[:, None, None, None].sqrt()
    return alpha * latents + sigma * noise, alpha * noise - sigma * latents


def train(
    work: Path,
    seconds: float,
    seed: int,
    device: str,
    workers: int = 1,
    batch: int = 96,
    peak: float = 2e-3,
) -> None:
    """Train until the budget is spent; resume from ``work/unet.pt``; write ``work/unet``."""
    torch.manual_seed(seed)
    data = prepare(work)
    unet = build().to(device)
    averages = Optimizers(unet, OUTSIDE).share() if workers > 1 else None
    parallel.run(
        workers,
        unet,
        fit,
        unet,
        averages,
        data,
        work,
        seconds,
        seed,
        device,
        batch // workers,
        peak,
    )
    write(work)


def fit(
    team: parallel.Team,
    unet: UNet2DConditionModel,
    averages: list[Tensor] | None,
    data: tuple[Tensor, Tensor, Tensor, Tensor],
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
    latents, states, owners, weights = data
    jitter = JITTER * states[1:].float().std(dim=0).mean()
    sampler = Captions(owners, weights, len(latents))
    signal = build_scheduler().alphas_cumprod
    optimizer = Optimizers(unet, OUTSIDE)
    if averages is not None:
        optimizer.muon.averages = averages
    average = loop.Average(unet, 0.999)
    step, used = 0, 0.0
    if state := loop.load(work / "unet.pt"):
        step, used = state["step"], state["used"]
        if team.rank == 0:
            unet.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            average.shadow = {name: value.to(device) for name, value in state["average"].items()}
    team.wait()
    budget = loop.Budget(seconds, used)
    generator = torch.Generator().manual_seed(seed + 1_000_003 * step + team.rank)
    order: list[int] = []
    losses: list[float] = []

    def checkpoint() -> None:
        loop.save(
            work / "unet.pt",
            model=unet.state_dict(),
            optimizer=optimizer.state_dict(),
            average=average.shadow,
            step=step,
            used=budget.used,
        )

    while not team.agree(budget.progress >= 1):
        if len(order) < batch:
            order += torch.randperm(len(latents), generator=generator).tolist()
        concepts, order = torch.tensor(order[:batch]), order[batch:]
        rows = sampler.draw(concepts, generator)
        offset = torch.randn(len(rows), 1, states.shape[-1], generator=generator)
        condition = states[rows].float() + offset * jitter * (rows > 0)[:, None, None]
        strata = torch.arange(batch) + torch.rand(batch, generator=generator)
        steps = (strata * (len(signal) / batch)).long()
        noisy, velocity = noised(latents[concepts], steps, generator, signal)
        with torch.autocast(device, torch.bfloat16):
            output = unet(noisy.to(device), steps.to(device), condition.to(device)).sample
        error = (output.float() - velocity.to(device)).square().mean(dim=(1, 2, 3))
        snr = (signal[steps] / (1 - signal[steps])).to(device)
        loss = (error * (snr.clamp(max=MIN_SNR_GAMMA) + 1) / (snr + 1)).mean()
        loss.backward()
        optimizer.step(budget.learning_rate(peak, step, warmup=100), team)
        losses.append(float(error.detach().mean()))
        step += 1
        if team.rank > 0:
            continue
        average.update(unet, step)
        if step % 100 == 0:
            mean = round(float(np.mean(losses[-100:])), 4)
            epochs = round(step * batch * team.size / len(latents), 1)
            loop.log(work, "unet", step=step, v_loss=mean, epochs=epochs, s=round(budget.used))
        if step % 50 == 0:
            checkpoint()
    if team.rank == 0:
        checkpoint()


def write(work: Path) -> None:
    """Write the averaged denoiser as ``work/unet``."""
    state = loop.load(work / "unet.pt")
    if state is None:
        raise FileNotFoundError(work / "unet.pt")
    unet = build()
    unet.load_state_dict({**state["model"], **state["average"]})
    unet.save_pretrained(work / "unet")
