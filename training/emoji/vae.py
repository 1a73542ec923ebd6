"""The autoencoder: 64x64 RGB pictures to and from 8x8 latents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor
from torch.nn import functional as F

from . import loop
from .data import SIZE, load_icons
from .optim import Optimizers

CHANNELS = (16, 32, 64, 128)
LATENT_CHANNELS = 16
# RGB to luma and two opponent colours (ITU-R BT.601, YCbCr without offsets).
OPPONENT = torch.tensor([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]])


def build() -> AutoencoderKL:
    """Return an untrained autoencoder; it downsamples by eight and has no attention."""
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * len(CHANNELS),
        up_block_types=("UpDecoderBlock2D",) * len(CHANNELS),
        block_out_channels=CHANNELS,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        mid_block_add_attention=False,
        sample_size=SIZE,
        scaling_factor=1.0,
        force_upcast=False,
    )


def augment(rgba: Tensor, generator: torch.Generator) -> Tensor:
    """Turn premultiplied uint8 [batch, 64, 64, 4] into pictures [batch, 3, 64, 64] in -1..1.

    Half of the pictures stay as they are on white; the others are mirrored, moved, scaled,
    recoloured and laid on a plain colour, each by chance.
    """
    picture = rgba.permute(0, 3, 1, 2).float() / 255.0
    batch = picture.shape[0]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.empty(batch, *shape).uniform_(low, high, generator=generator)

    changed = uniform(0, 1) < 0.5
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    scale = uniform(0.9, 1.5)
    affine = torch.zeros(batch, 2, 3)
    affine[:, 0, 0] = scale * mirror
    affine[:, 1, 1] = scale
    affine[:, :, 2] = uniform(-0.3, 0.3, 2)
    grid = F.affine_grid(affine, list(picture.shape), align_corners=False)
    moved = F.grid_sample(picture, grid, align_corners=False)
    alpha = moved[:, 3:]
    colour = (moved[:, :3] * uniform(0.7, 1.1, 3, 1, 1)).clamp(max=1.0)
    white = uniform(0, 1, 1, 1, 1) < 0.4
    background = torch.where(white, torch.ones(()), uniform(0, 1, 3, 1, 1))
    moved = colour + (1 - alpha) * background
    plain = picture[:, :3] + 1 - picture[:, 3:]
    return torch.where(changed[:, None, None, None], moved, plain).clamp(0, 1) * 2 - 1


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """Charbonnier and squared error in RGB; absolute error in opponent colours at three sizes."""
    error = output.float() - target
    loss = (error.square() + 1e-4).sqrt().mean() + 4.0 * error.square().mean()
    opponent = torch.einsum("oc,bchw->bohw", OPPONENT.to(error.device), error)
    for factor, weight in ((1, 0.5), (2, 1.0), (4, 1.0)):
        loss = loss + weight * F.avg_pool2d(opponent, factor).abs().mean()
    return loss


def train(
    work: Path,
    seconds: float,
    seed: int,
    device: str,
    batch: int = 16,
    peak: float = 3e-3,
    kl_weight: float = 1e-6,
) -> None:
    """Train on every icon until the budget is spent; resume from ``work/vae.pt``."""
    icons = load_icons(work)
    rgba = torch.from_numpy(icons.rgba)
    white = torch.from_numpy(icons.on_white()) * 2 - 1
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    vae = build().to(device)
    optimizer = Optimizers(vae, outside=("encoder.conv_in", "decoder.conv_out"))
    average = loop.Average(vae, 0.999)
    step, used = 0, 0.0
    if state := loop.load(work / "vae.pt"):
        vae.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average.shadow = {name: value.to(device) for name, value in state["average"].items()}
        generator.set_state(state["generator"])
        step, used = state["step"], state["used"]
    budget = loop.Budget(seconds, used)
    order: list[int] = []
    running: list[float] = []
    while budget.progress < 1:
        if len(order) < batch:
            order += torch.randperm(len(rgba), generator=generator).tolist()
        rows, order = order[:batch], order[batch:]
        target = augment(rgba[rows], generator).to(device)
        with torch.autocast(device, torch.bfloat16):
            posterior = vae.encode(target).latent_dist
            output = vae.decode(posterior.sample()).sample
        loss = reconstruction_loss(output, target) + kl_weight * posterior.kl().mean()
        loss.backward()
        optimizer.step(budget.learning_rate(peak, step))
        average.update(vae, step)
        running.append(float(loss.detach()))
        step += 1
        if step % 200 == 0 or budget.progress >= 1:
            loop.save(
                work / "vae.pt",
                model=vae.state_dict(),
                optimizer=optimizer.state_dict(),
                average=average.shadow,
                generator=generator.get_state(),
                step=step,
                used=budget.used,
            )
            shadow = build().to(device)
            average.copy_to(shadow)
            psnr = reconstruction_psnr(shadow, white[::13].to(device))
            mean = float(np.mean(running[-200:]))
            loop.log(
                work,
                "vae",
                step=step,
                loss=round(mean, 4),
                psnr=round(psnr, 2),
                s=round(budget.used),
            )


@torch.no_grad()
def encode(vae: AutoencoderKL, pictures: Tensor, batch: int = 64) -> Tensor:
    """Return the posterior's mode, [picture, 16, 8, 8], of pictures in -1..1."""
    parts = [pictures[start : start + batch] for start in range(0, len(pictures), batch)]
    return torch.cat([vae.encode(part).latent_dist.mode() for part in parts])


@torch.no_grad()
def reconstruct(vae: AutoencoderKL, pictures: Tensor, batch: int = 64) -> Tensor:
    """Encode to the posterior's mode and decode: [batch, 3, height, width] in -1..1."""
    latents = encode(vae, pictures)
    parts = [latents[start : start + batch] for start in range(0, len(latents), batch)]
    return torch.cat([vae.decode(part).sample for part in parts]).clamp(-1, 1)


def reconstruction_psnr(vae: AutoencoderKL, pictures: Tensor) -> float:
    """Mean over pictures of the peak signal-to-noise ratio, in dB."""
    error = (reconstruct(vae, pictures) - pictures) / 2
    return float((-10 * error.square().mean(dim=(1, 2, 3)).log10()).mean())


@torch.no_grad()
def write(work: Path) -> None:
    """Write the averaged autoencoder as ``work/vae``, its latents brought to mean 0 and spread 1.

    Mean and spread of each latent channel, over all icons, are folded into the 1x1 convolutions
    beside the latents; that is exact and leaves reconstructions as they were.
    """
    state = loop.load(work / "vae.pt")
    if state is None:
        raise FileNotFoundError(work / "vae.pt")
    vae = build()
    vae.load_state_dict({**state["model"], **state["average"]})
    pictures = torch.from_numpy(load_icons(work).on_white()) * 2 - 1
    latents = encode(vae, pictures)
    mean, spread = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    before, after = vae.quant_conv, vae.post_quant_conv
    before.weight[:LATENT_CHANNELS] /= spread[:, None, None, None]
    before.bias[:LATENT_CHANNELS] = (before.bias[:LATENT_CHANNELS] - mean) / spread
    before.bias[LATENT_CHANNELS:] -= 2 * spread.log()
    after.bias += after.weight[:, :, 0, 0] @ mean
    after.weight *= spread[None, :, None, None]
    vae.save_pretrained(work / "vae")
    print("latent spread", spread.tolist(), "PSNR", reconstruction_psnr(vae, pictures))
