"""How close enlarged icons come to the truth: peak signal-to-noise ratio on held-out icons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from graphgen_nodes.image.resize import resample

from .data import LARGE, Icons, on_colour, reduce, soften

BLUR, NOISE = 0.6, 0.01


def inputs(icons: Icons, seed: int = 0) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The truth, and the small pictures of two kinds: reduced, and softened as well."""
    count = len(icons.names)
    truth = on_colour(icons.rgba, torch.ones(count, 3))
    clean = reduce(truth).mul(255).round().div(255)
    generator = torch.Generator().manual_seed(seed)
    blur, noise = torch.full((count,), BLUR), torch.full((count,), NOISE)
    return truth, {"clean": clean, "softened": soften(clean, blur, noise, generator)}


def psnr(made: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """For each picture ``-10 log10(mean squared error)`` of RGB in 0..1, in dB."""
    error = (made - truth).square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return -10 * torch.log10(error)


@torch.no_grad()
def enlarge(network: Any, small: torch.Tensor) -> torch.Tensor:
    """Small pictures through the network, a few at a time, as a file would hold them."""
    parts = [small[start : start + 16] for start in range(0, len(small), 16)]
    made = torch.cat([network(part).clamp(0, 1) for part in parts])
    return made.mul(255).round().div(255)


def evaluate(network: Any, icons: Icons) -> dict[str, dict[str, float]]:
    """For each kind of input the mean PSNR of bicubic and Lanczos resampling and the network in
    dB, and for what share of the pictures the network is better than bicubic."""
    truth, kinds = inputs(icons)
    figures = {}
    for kind, small in kinds.items():
        bicubic, lanczos = (
            psnr(resample(small, (LARGE, LARGE), filter), truth)
            for filter in ("bicubic", "lanczos")
        )
        made = psnr(enlarge(network, small), truth)
        figures[kind] = {
            "bicubic": round(float(bicubic.mean()), 2),
            "lanczos": round(float(lanczos.mean()), 2),
            "network": round(float(made.mean()), 2),
            "better": round(float((made > bicubic).float().mean()), 3),
        }
    return figures


def write_card(figures: dict[str, dict[str, float]], facts: dict[str, Any], folder: Path) -> None:
    """The model card, with what was measured, beside the weights."""
    rows = [
        f"| {kind} | {row['bicubic']:.2f} | {row['lanczos']:.2f} | **{row['network']:.2f}** "
        f"| {row['better']:.0%} |"
        for kind, row in figures.items()
    ]
    template = Path(__file__).with_name("model_card.md").read_text()
    card = template.format(rows="\n".join(rows), blur=BLUR, noise=NOISE, **facts)
    (folder / "README.md").write_text(card)
    (folder / "figures.json").write_text(json.dumps({**facts, "psnr": figures}, indent=2) + "\n")
