"""Draw pictures with the stock pipeline, for evaluation and contact sheets."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
)
from PIL import Image
from torch import Tensor

SAMPLERS: dict[str, Any] = {
    "DDIM": DDIMScheduler,
    "DDPM": DDPMScheduler,
    "DPM++ 2M": DPMSolverMultistepScheduler,
    "Euler": EulerDiscreteScheduler,
}
GUIDANCE = 2.0
STEPS = 30


def load_pipeline(folder: Path, device: str = "cpu") -> StableDiffusionPipeline:
    """Load an exported folder with the stock class, as any user does."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32).to(device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(
    pipeline: StableDiffusionPipeline,
    prompts: list[str],
    seed: int,
    sampler: str = "DDIM",
    steps: int = STEPS,
    guidance: float = GUIDANCE,
    batch: int = 32,
) -> Tensor:
    """Draw one picture per prompt: float32 [prompt, 3, 64, 64] in 0..1.

    The noise of a picture depends on ``seed`` and its place in the list alone.
    """
    pipeline.scheduler = SAMPLERS[sampler].from_config(pipeline.scheduler.config)
    parts = []
    for start in range(0, len(prompts), batch):
        some = prompts[start : start + batch]
        generators = [
            torch.Generator().manual_seed(seed * 1_000_003 + start + i) for i in range(len(some))
        ]
        result = pipeline(
            some,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=generators,
            output_type="pt",
        )
        parts.append(result.images.float().cpu())
    return torch.cat(parts)


def sheet(pictures: Tensor, columns: int, path: Path) -> None:
    """Save pictures [count, 3, height, width] in 0..1 as a contact sheet."""
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    canvas = torch.ones(rows * columns, 3, height, width)
    canvas[:count] = pictures.cpu()
    grid = canvas.view(rows, columns, 3, height, width).permute(0, 3, 1, 4, 2)
    pixels = (grid.reshape(rows * height, columns * width, 3).clamp(0, 1) * 255).round()
    with contextlib.closing(Image.fromarray(pixels.numpy().astype(np.uint8))) as image:
        image.save(path)
