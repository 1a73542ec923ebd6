"""Assemble the pipeline folder: fp16 safetensors, configurations, concepts and model card."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from transformers import BertModel, BertTokenizer

from . import card, text
from .concepts import choose
from .data import load_icons
from .unet import build_scheduler


def assemble(work: Path) -> StableDiffusionPipeline:
    """Return the stock pipeline, in float32, from the parts in ``work``."""
    return StableDiffusionPipeline(
        vae=AutoencoderKL.from_pretrained(work / "vae"),
        text_encoder=BertModel.from_pretrained(work / "text_encoder", dtype=torch.float32).eval(),
        tokenizer=BertTokenizer.from_pretrained(
            work / "tokenizer", model_max_length=text.MAX_LENGTH
        ),
        unet=UNet2DConditionModel.from_pretrained(work / "unet"),
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def export(work: Path, target: Path) -> None:
    """Write the pipeline beside ``target``, then rename it into place."""
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    assemble(work).to(dtype=torch.float16).save_pretrained(part, safe_serialization=True)
    # A loader that takes the stored type as the wanted one would mix it with a float32 denoiser.
    encoder = part / "text_encoder" / "config.json"
    config = json.loads(encoder.read_text())
    config["dtype"] = "float32"
    encoder.write_text(json.dumps(config, indent=2) + "\n")
    for path in part.rglob("*.json"):
        document = json.loads(path.read_text())
        if isinstance(document, dict) and "_name_or_path" in document:
            del document["_name_or_path"]
            path.write_text(json.dumps(document, indent=2) + "\n")
    labels = [emoji.label for emoji in choose(load_icons(work))]
    (part / "concepts.json").write_text(json.dumps(labels, indent=0) + "\n")
    card.write(work, part / "README.md", len(labels))
    old = target.with_name(target.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.replace(target, old)
    os.replace(part, target)
    shutil.rmtree(old, ignore_errors=True)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{target}: {size / 1e6:.1f} MB")
