"""Diffusion: text to image, image to image and inpainting with UNet models, on diffusers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from graphgen import ModelLoader, TypeSpec, hookimpl


@hookimpl
def graphgen_types() -> Iterable[TypeSpec]:
    from .specs import TYPES

    return TYPES


@hookimpl
def graphgen_nodes() -> Iterable[Callable[..., Any]]:
    from .combine import blend, combine, set_sizes
    from .latents import decode_latent, encode_image, latent_noise
    from .load import load_lora, load_model, load_vae
    from .optimise import optimise
    from .sampling import sample, unconditional_sample
    from .text import encode_text

    return [
        load_model,
        load_vae,
        load_lora,
        optimise,
        encode_text,
        combine,
        blend,
        set_sizes,
        latent_noise,
        encode_image,
        decode_latent,
        sample,
        unconditional_sample,
    ]


@hookimpl
def graphgen_model_loaders() -> Mapping[str, ModelLoader]:
    from .folders import TEXT_LOADER, UNET_LOADER, VAE_LOADER
    from .loaders import DiffusionLoader

    return {
        UNET_LOADER: DiffusionLoader("unet"),
        VAE_LOADER: DiffusionLoader("vae"),
        TEXT_LOADER: DiffusionLoader("text_encoder"),
    }


@hookimpl
def graphgen_models() -> Mapping[str, Path]:
    return {"emoji-64": Path(__file__).parent / "emoji-64"}
