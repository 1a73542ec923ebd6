"""The names and shapes of checkpoints in the original layout of Stable Diffusion.

Written from the architectures (CompVis' openaimodel and autoencoder, OpenCLIP's text
tower), not from anybody's conversion, so that it can be held against one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

Item = tuple[str, tuple[int, ...]]


@dataclass(frozen=True)
class Family:
    """What sets one checkpoint apart from another; the defaults are Stable Diffusion 1.x."""

    width: int = 320
    factors: tuple[int, ...] = (1, 2, 4, 4)
    depths: tuple[int, ...] = (1, 1, 1, 0)
    context: int = 768
    linear: bool = False
    label: int | None = None
    in_channels: int = 4
    vae_width: int = 128
    clip: tuple[str, int, int] | None = ("cond_stage_model.transformer.", 768, 12)
    open_clip: tuple[str, int, int] | None = None


SD1 = Family()
SD2 = Family(context=1024, linear=True, clip=None, open_clip=("cond_stage_model.model.", 1024, 24))
SDXL = Family(
    factors=(1, 2, 4),
    depths=(0, 2, 10),
    context=2048,
    linear=True,
    label=2816,
    clip=("conditioner.embedders.0.transformer.", 768, 12),
    open_clip=("conditioner.embedders.1.model.", 1280, 32),
)
TINY_SD1 = Family(
    width=32, context=64, vae_width=32, clip=("cond_stage_model.transformer.", 64, 12)
)
TINY_SD2 = Family(
    width=64,
    context=64,
    linear=True,
    vae_width=32,
    clip=None,
    open_clip=("cond_stage_model.model.", 64, 24),
)
TINY_SDXL = Family(
    width=32,
    factors=(1, 2, 4),
    depths=(0, 2, 10),
    context=128,
    linear=True,
    label=64 + 6 * 32,
    vae_width=32,
    clip=("conditioner.embedders.0.transformer.", 64, 12),
    open_clip=("conditioner.embedders.1.model.", 64, 32),
)


def checkpoint(family: Family) -> dict[str, tuple[int, ...]]:
    """Every tensor of a checkpoint."""
    items = dict(_prefixed("model.diffusion_model.", unet(family)))
    items.update(_prefixed("first_stage_model.", vae(family.vae_width)))
    if family.clip:
        items.update(_prefixed(family.clip[0], clip(*family.clip[1:])))
    if family.open_clip:
        items.update(_prefixed(family.open_clip[0], open_clip(*family.open_clip[1:])))
    items.update({"betas": (1000,), "alphas_cumprod": (1000,), "model_ema.decay": ()})
    return items


def random_weights(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights that keep activations near unit variance."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        if name.endswith("position_ids"):
            weights[name] = torch.arange(shape[1])[None]
        elif len(shape) == 1 and name.endswith("weight"):
            weights[name] = torch.ones(shape)
        elif name.endswith("bias"):
            weights[name] = torch.zeros(shape)
        else:
            fan = max(1, int(torch.tensor(shape[1:]).prod())) if len(shape) > 1 else 1
            weights[name] = torch.randn(shape, generator=generator) / fan**0.5
    return weights


def save(path: Path, family: Family, metadata: dict[str, str] | None = None) -> Path:
    """Write a checkpoint with random weights."""
    from safetensors.torch import save_file

    save_file(random_weights(checkpoint(family)), str(path), metadata)
    return path


def unet(family: Family) -> Iterator[Item]:
    width, time = family.width, 4 * family.width
    yield from _linear("time_embed.0", width, time)
    yield from _linear("time_embed.2", time, time)
    if family.label:
        yield from _linear("label_emb.0.0", family.label, time)
        yield from _linear("label_emb.0.2", time, time)
    yield from _conv("input_blocks.0.0", family.in_channels, width)
    skips, channels, index = [width], width, 1
    last = len(family.factors) - 1
    for level, factor in enumerate(family.factors):
        for _ in range(2):
            yield from _resnet(f"input_blocks.{index}.0", channels, factor * width, time)
            channels = factor * width
            yield from _transformer(
                f"input_blocks.{index}.1", channels, family, family.depths[level]
            )
            skips.append(channels)
            index += 1
        if level != last:
            yield from _conv(f"input_blocks.{index}.0.op", channels, channels)
            skips.append(channels)
            index += 1
    yield from _resnet("middle_block.0", channels, channels, time)
    yield from _transformer("middle_block.1", channels, family, family.depths[-1] or 1)
    yield from _resnet("middle_block.2", channels, channels, time)
    index = 0
    for level in range(last, -1, -1):
        for position in range(3):
            out = family.factors[level] * width
            block = f"output_blocks.{index}"
            yield from _resnet(f"{block}.0", channels + skips.pop(), out, time)
            channels = out
            depth = family.depths[level]
            yield from _transformer(f"{block}.1", channels, family, depth)
            if level and position == 2:
                yield from _conv(f"{block}.{2 if depth else 1}.conv", channels, channels)
            index += 1
    yield from _norm("out.0", width)
    yield from _conv("out.2", width, 4)


def vae(width: int) -> Iterator[Item]:
    widths = [width, 2 * width, 4 * width, 4 * width]
    top = widths[-1]
    yield from _conv("encoder.conv_in", 3, width)
    channels = width
    for level, out in enumerate(widths):
        for block in range(2):
            yield from _vae_resnet(f"encoder.down.{level}.block.{block}", channels, out)
            channels = out
        if level < 3:
            yield from _conv(f"encoder.down.{level}.downsample.conv", out, out)
    yield from _vae_middle("encoder", top)
    yield from _norm("encoder.norm_out", top)
    yield from _conv("encoder.conv_out", top, 8)
    yield from _conv("decoder.conv_in", 4, top)
    yield from _vae_middle("decoder", top)
    for level in range(3, -1, -1):
        for block in range(3):
            yield from _vae_resnet(f"decoder.up.{level}.block.{block}", channels, widths[level])
            channels = widths[level]
        if level:
            yield from _conv(f"decoder.up.{level}.upsample.conv", channels, channels)
    yield from _norm("decoder.norm_out", width)
    yield from _conv("decoder.conv_out", width, 3)
    yield from _conv("quant_conv", 8, 8, 1)
    yield from _conv("post_quant_conv", 4, 4, 1)


def clip(width: int, layers: int) -> Iterator[Item]:
    yield "text_model.embeddings.position_ids", (1, 77)
    yield "text_model.embeddings.token_embedding.weight", (49408, width)
    yield "text_model.embeddings.position_embedding.weight", (77, width)
    for layer in range(layers):
        prefix = f"text_model.encoder.layers.{layer}"
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            yield from _linear(f"{prefix}.self_attn.{name}", width, width)
        yield from _norm(f"{prefix}.layer_norm1", width)
        yield from _linear(f"{prefix}.mlp.fc1", width, 4 * width)
        yield from _linear(f"{prefix}.mlp.fc2", 4 * width, width)
        yield from _norm(f"{prefix}.layer_norm2", width)
    yield from _norm("text_model.final_layer_norm", width)


def open_clip(width: int, layers: int) -> Iterator[Item]:
    yield "positional_embedding", (77, width)
    yield "text_projection", (width, width)
    yield "logit_scale", ()
    yield "token_embedding.weight", (49408, width)
    for layer in range(layers):
        prefix = f"transformer.resblocks.{layer}"
        yield from _norm(f"{prefix}.ln_1", width)
        yield f"{prefix}.attn.in_proj_weight", (3 * width, width)
        yield f"{prefix}.attn.in_proj_bias", (3 * width,)
        yield from _linear(f"{prefix}.attn.out_proj", width, width)
        yield from _norm(f"{prefix}.ln_2", width)
        yield from _linear(f"{prefix}.mlp.c_fc", width, 4 * width)
        yield from _linear(f"{prefix}.mlp.c_proj", 4 * width, width)
    yield from _norm("ln_final", width)


def _prefixed(prefix: str, items: Iterator[Item]) -> Iterator[Item]:
    for name, shape in items:
        yield prefix + name, shape


def _linear(name: str, inputs: int, outputs: int, bias: bool = True) -> Iterator[Item]:
    yield f"{name}.weight", (outputs, inputs)
    if bias:
        yield f"{name}.bias", (outputs,)


def _conv(name: str, inputs: int, outputs: int, kernel: int = 3) -> Iterator[Item]:
    yield f"{name}.weight", (outputs, inputs, kernel, kernel)
    yield f"{name}.bias", (outputs,)


def _norm(name: str, width: int) -> Iterator[Item]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def _resnet(name: str, inputs: int, outputs: int, time: int) -> Iterator[Item]:
    yield from _norm(f"{name}.in_layers.0", inputs)
    yield from _conv(f"{name}.in_layers.2", inputs, outputs)
    yield from _linear(f"{name}.emb_layers.1", time, outputs)
    yield from _norm(f"{name}.out_layers.0", outputs)
    yield from _conv(f"{name}.out_layers.3", outputs, outputs)
    if inputs != outputs:
        yield from _conv(f"{name}.skip_connection", inputs, outputs, 1)


def _transformer(name: str, width: int, family: Family, depth: int) -> Iterator[Item]:
    if not depth:
        return
    project = _linear if family.linear else lambda n, i, o: _conv(n, i, o, 1)
    yield from _norm(f"{name}.norm", width)
    yield from project(f"{name}.proj_in", width, width)
    for block in range(depth):
        prefix = f"{name}.transformer_blocks.{block}"
        for attention, source in (("attn1", width), ("attn2", family.context)):
            yield from _linear(f"{prefix}.{attention}.to_q", width, width, bias=False)
            yield from _linear(f"{prefix}.{attention}.to_k", source, width, bias=False)
            yield from _linear(f"{prefix}.{attention}.to_v", source, width, bias=False)
            yield from _linear(f"{prefix}.{attention}.to_out.0", width, width)
        yield from _linear(f"{prefix}.ff.net.0.proj", width, 8 * width)
        yield from _linear(f"{prefix}.ff.net.2", 4 * width, width)
        for norm in ("norm1", "norm2", "norm3"):
            yield from _norm(f"{prefix}.{norm}", width)
    yield from project(f"{name}.proj_out", width, width)


def _vae_resnet(name: str, inputs: int, outputs: int) -> Iterator[Item]:
    yield from _norm(f"{name}.norm1", inputs)
    yield from _conv(f"{name}.conv1", inputs, outputs)
    yield from _norm(f"{name}.norm2", outputs)
    yield from _conv(f"{name}.conv2", outputs, outputs)
    if inputs != outputs:
        yield from _conv(f"{name}.nin_shortcut", inputs, outputs, 1)


def _vae_middle(name: str, width: int) -> Iterator[Item]:
    yield from _vae_resnet(f"{name}.mid.block_1", width, width)
    yield from _norm(f"{name}.mid.attn_1.norm", width)
    for part in ("q", "k", "v", "proj_out"):
        yield from _conv(f"{name}.mid.attn_1.{part}", width, width, 1)
    yield from _vae_resnet(f"{name}.mid.block_2", width, width)
