"""The upscale pack: larger pictures, by networks and by resampling."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from graphgen import ModelLoader, TypeSpec, hookimpl

from . import nodes
from .loader import SpandrelLoader
from .types import UpscaleModel

EMOJI = Path(__file__).parent / "emoji-x4" / "emoji-x4.safetensors"


@hookimpl
def graphgen_types() -> Iterable[TypeSpec]:
    # Not stored: it names a file of this machine, and is quick to have again.
    return [TypeSpec(UpscaleModel, colour="#8bc34a", stored=False)]


@hookimpl
def graphgen_nodes() -> Iterable[Callable[..., Any]]:
    return [nodes.load_model, nodes.upscale, nodes.resample_image]


@hookimpl
def graphgen_model_loaders() -> Mapping[str, ModelLoader]:
    return {nodes.LOADER: SpandrelLoader()}


@hookimpl
def graphgen_models() -> Mapping[str, Path]:
    return {"emoji-x4": EMOJI}
