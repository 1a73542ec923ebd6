"""What the benchmarks of models share: a workflow with the options under test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def drawing(
    model: str, prompt: str, steps: int, size: int, options: dict[str, Any], guidance: float = 5.0
) -> dict[str, Any]:
    """A square picture of a model with options of ``diffusion/optimise``, in DDIM steps."""

    def linked(output: str) -> dict[str, str]:
        return {"link": output}

    nodes: dict[str, tuple[str, dict[str, Any]]] = {
        "load": ("diffusion/load_model", {"model": model}),
        "fast": (
            "diffusion/optimise",
            {"model": linked("load.model"), "vae": linked("load.vae"), **options},
        ),
        "positive": (
            "diffusion/encode_text",
            {"text": prompt, "encoder": linked("load.text_encoder")},
        ),
        "noise": (
            "diffusion/latent_noise",
            {"model": linked("fast.model"), "width": size, "height": size, "seed": 7},
        ),
        "walk": (
            "diffusion/sample",
            {
                "model": linked("fast.model"),
                "positive": linked("positive.conditioning"),
                "latent": linked("noise.latent"),
                "steps": steps,
                "guidance": guidance,
            },
        ),
        "decode": (
            "diffusion/decode_latent",
            {"latent": linked("walk.latent"), "vae": linked("fast.vae")},
        ),
    }
    return {
        "format": "graphgen/1",
        "nodes": {id: {"type": type, "inputs": inputs} for id, (type, inputs) in nodes.items()},
        "outputs": {"image": "decode.image"},
    }


def stock_pipeline(folder: Path, dtype: str) -> Any:
    """The pipeline of diffusers, as it is."""
    diffusers, torch = libraries()
    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(
        folder, dtype=getattr(torch, dtype), local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def stock_picture(pipeline: Any, prompt: str, steps: int, size: int, guidance: float) -> Any:
    """The picture that ``drawing`` describes, as pixels."""
    import torch

    return pipeline(
        prompt,
        height=size,
        width=size,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=torch.Generator("cpu").manual_seed(7),
        output_type="pt",
    ).images


def libraries() -> tuple[Any, Any]:
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    import torch
    from graphgen_nodes._torchvision import prepare_torchvision

    prepare_torchvision()
    import diffusers

    return diffusers, torch
