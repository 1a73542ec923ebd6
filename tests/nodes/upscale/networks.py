"""Tiny real networks, and a context that can load them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from graphgen_nodes._torchvision import prepare_torchvision
from graphgen_nodes.upscale import graphgen_model_loaders, nodes
from graphgen_nodes.upscale.types import UpscaleModel
from safetensors.torch import save_file

from graphgen import Context
from graphgen.environment import Environment
from graphgen.models.library import ModelLibrary
from graphgen.models.pool import ModelPool

prepare_torchvision()


def context(folder: Path, **options: Any) -> Context:
    return Context(
        environment=Environment(models=ModelLibrary([folder])),
        pool=ModelPool(graphgen_model_loaders()),
        **options,
    )


def seeded(network: Any, spread: float = 0.08) -> Any:
    """Small seeded weights, so that what comes out is neither flat nor clipped."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, spread, generator=generator)
    return network.eval()


def compact(scale: int = 2, channels: int = 3, convolutions: int = 2) -> Any:
    """Sees ``convolutions + 2`` pixels far."""
    from spandrel.architectures.Compact import Compact

    return seeded(
        Compact(
            num_in_ch=channels,
            num_out_ch=channels,
            num_feat=8,
            num_conv=convolutions,
            upscale=scale,
        )
    )


def save(network: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = network.state_dict()
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({"params_ema": state}, path)
    return path


def load(network: Any, folder: Path, name: str = "net.safetensors") -> tuple[UpscaleModel, Context]:
    save(network, folder / "upscale" / name)
    ctx = context(folder)
    return nodes.load_model(name, ctx=ctx), ctx
