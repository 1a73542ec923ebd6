"""The shipped configurations, fitted to the widths that a checkpoint's tensors have."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from .weights import Shapes

CONFIGS = Path(__file__).parent / "configs"
UNET = "model.diffusion_model."
AUTOENCODER = "first_stage_model."
CLIP = "cond_stage_model.transformer."
OPEN_CLIP = "cond_stage_model.model."
XL_CLIP = "conditioner.embedders.0.transformer."
XL_OPEN_CLIP = "conditioner.embedders.1.model."


def text_width(shapes: Shapes) -> int | None:
    """Width of the text states that the UNet attends to."""
    for name, shape in shapes.items():
        if name.startswith(UNET) and name.endswith("attn2.to_k.weight"):
            return shape[1]
    return None


@lru_cache(maxsize=8)
def _shipped(family: str) -> str:
    return (CONFIGS / f"{family}.json").read_text(encoding="utf-8")


def fit_configs(family: str, shapes: Shapes) -> dict[str, dict[str, Any]]:
    """The shipped configurations of a family, with the widths that the tensors have."""
    configs: dict[str, dict[str, Any]] = json.loads(_shipped(family))
    for name, prefix in text_prefixes(family).items():
        _fit_text(configs[name], shapes, prefix)
    _fit_vae(configs["vae"], shapes)
    _fit_unet(configs["unet"], configs, shapes)
    return configs


def text_prefixes(family: str) -> dict[str, str]:
    """Where the text encoders of a family lie in a checkpoint."""
    if family == "sdxl":
        return {"text_encoder": XL_CLIP, "text_encoder_2": XL_OPEN_CLIP}
    return {"text_encoder": OPEN_CLIP if family == "sd2" else CLIP}


def _fit_unet(config: dict[str, Any], configs: dict[str, Any], shapes: Shapes) -> None:
    first = shapes.get(UNET + "input_blocks.0.0.weight")
    last = shapes.get(UNET + "out.2.weight")
    if first is None or last is None:
        return
    config["in_channels"], config["out_channels"] = first[1], last[0]
    blocks = config["layers_per_block"] + 1
    widths = []
    for level in range(len(config["block_out_channels"])):
        shape = shapes.get(f"{UNET}input_blocks.{1 + level * blocks}.0.out_layers.3.weight")
        if shape is None:
            return
        widths.append(shape[0])
    config["block_out_channels"] = widths
    config["cross_attention_dim"] = text_width(shapes) or config["cross_attention_dim"]
    if isinstance(config["attention_head_dim"], list):  # heads of 64 numbers
        config["attention_head_dim"] = [max(1, width // 64) for width in widths]
    label = shapes.get(UNET + "label_emb.0.0.weight")
    if label is not None and "text_encoder_2" in configs:
        config["projection_class_embeddings_input_dim"] = label[1]
        pooled = configs["text_encoder_2"]["projection_dim"]
        config["addition_time_embed_dim"] = (label[1] - pooled) // 6


def _fit_vae(config: dict[str, Any], shapes: Shapes) -> None:
    prefix = AUTOENCODER if any(name.startswith(AUTOENCODER) for name in shapes) else ""
    widths = []
    levels = len(config["block_out_channels"])
    for level in range(levels):
        shape = shapes.get(f"{prefix}decoder.up.{level}.block.0.conv1.weight")
        if shape is None:  # diffusers' layout, which counts from the other end
            shape = shapes.get(f"decoder.up_blocks.{levels - 1 - level}.resnets.0.conv1.weight")
        if shape is None:
            return
        widths.append(shape[0])
    config["block_out_channels"] = widths
    latent = shapes.get(f"{prefix}decoder.conv_in.weight")
    if latent is not None:
        config["latent_channels"] = latent[1]


def _fit_text(config: dict[str, Any], shapes: Shapes, prefix: str) -> None:
    tokens, positions, inner = (shapes.get(prefix + name) for name in _text_names(prefix))
    if tokens is None or positions is None or inner is None:
        return
    config["vocab_size"], config["hidden_size"] = tokens
    config["max_position_embeddings"] = positions[0]
    config["intermediate_size"] = inner[0]
    config["num_attention_heads"] = max(1, tokens[1] // 64)
    projection = shapes.get(prefix + "text_projection")
    config["projection_dim"] = projection[1] if projection else tokens[1]


def _text_names(prefix: str) -> tuple[str, str, str]:
    if prefix in (OPEN_CLIP, XL_OPEN_CLIP):
        return (
            "token_embedding.weight",
            "positional_embedding",
            "transformer.resblocks.0.mlp.c_fc.weight",
        )
    return (
        "text_model.embeddings.token_embedding.weight",
        "text_model.embeddings.position_embedding.weight",
        "text_model.encoder.layers.0.mlp.fc1.weight",
    )
