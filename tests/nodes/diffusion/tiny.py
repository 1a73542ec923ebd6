"""Tiny pipelines with random weights, saved by diffusers itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from graphgen_nodes._torchvision import prepare_torchvision
from graphgen_nodes.diffusion.fitting import CONFIGS

prepare_torchvision()

import diffusers  # noqa: E402
import transformers  # noqa: E402

TOKENIZER = CONFIGS / "clip_tokenizer"


def tokenizer() -> Any:
    return transformers.CLIPTokenizer.from_pretrained(TOKENIZER, local_files_only=True)


def text_config(width: int = 32, layers: int = 3, **extra: Any) -> Any:
    return transformers.CLIPTextConfig(
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        projection_dim=extra.pop("projection_dim", width),
        bos_token_id=49406,
        eos_token_id=49407,
        **extra,
    )


def vae(latent_channels: int = 4, **extra: Any) -> Any:
    torch.manual_seed(2)
    return diffusers.AutoencoderKL(
        block_out_channels=(16, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=8,
        latent_channels=latent_channels,
        sample_size=64,
        **extra,
    )


def unet(width: int = 32, channels: int = 4, **extra: Any) -> Any:
    torch.manual_seed(1)
    return diffusers.UNet2DConditionModel(
        sample_size=16,
        in_channels=extra.pop("in_channels", channels),
        out_channels=channels,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=4,
        cross_attention_dim=width,
        **extra,
    )


def scheduler(**extra: Any) -> Any:
    return diffusers.DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        **extra,
    )


def save_sd(folder: Path, **unet_extra: Any) -> Path:
    """A Stable Diffusion pipeline: cells of 4 pixels, 64 x 64 pixels."""
    torch.manual_seed(0)
    diffusers.StableDiffusionPipeline(
        vae=vae(),
        text_encoder=transformers.CLIPTextModel(text_config()),
        tokenizer=tokenizer(),
        unet=unet(**unet_extra),
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def save_sdxl(folder: Path) -> Path:
    """An SDXL pipeline: two encoders, pooled state and sizes."""
    torch.manual_seed(0)
    diffusers.StableDiffusionXLPipeline(
        vae=vae(force_upcast=True),
        text_encoder=transformers.CLIPTextModel(text_config()),
        text_encoder_2=transformers.CLIPTextModelWithProjection(text_config(48)),
        tokenizer=tokenizer(),
        tokenizer_2=tokenizer(),
        unet=unet(
            32 + 48,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=48 + 6 * 8,
        ),
        scheduler=scheduler(),
    ).save_pretrained(folder)
    return folder


def save_ddpm(folder: Path) -> Path:
    """A model of pixels without text."""
    torch.manual_seed(0)
    network = diffusers.UNet2DModel(
        sample_size=16,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=8,
    )
    diffusers.DDPMPipeline(network, diffusers.DDPMScheduler()).save_pretrained(folder)
    return folder


def save_bert(folder: Path, *, masked: bool) -> Path:
    """A pipeline whose text encoder is a BERT that reads 12 tokens at once."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "green", "apple", "pear", "tree"]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(words))
    bert = transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=12)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=12,
    )
    config.use_attention_mask = masked
    diffusers.StableDiffusionPipeline(
        vae=vae(),
        text_encoder=transformers.BertModel(config).eval(),
        tokenizer=bert,
        unet=unet(),
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder
