"""Nodes that load models: they read configurations only; weights wait for who computes."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from graphgen import SKIP, Context, ModelName, NodeError, Patch, node

from .folders import read_folder, read_vae_folder
from .lora import patches, read_lora, text_width
from .single_file import content_fingerprint, read_single_file, read_vae_file
from .types import VAE, DiffusionModel, TextEncoder

LoraWeight = Annotated[
    float, Field(ge=-10, le=10, description="Strength; 0 leaves the model as it is, 1 is in full.")
]


class LoadedModel(NamedTuple):
    """What ``load_model`` gives."""

    model: Annotated[DiffusionModel, Field(description="The denoiser.")]
    text_encoder: Annotated[TextEncoder, Field(description="Skipped when there is none.")]
    vae: Annotated[VAE, Field(description="Skipped when there is none.")]


class PatchedModel(NamedTuple):
    """What ``load_lora`` gives."""

    model: Annotated[DiffusionModel, Field(description="The denoiser with the LoRA.")]
    text_encoder: Annotated[
        TextEncoder,
        Field(description="The encoder with the LoRA; skipped when none was given."),
    ]


@node("diffusion/load_model", title="Load model")
def load_model(
    model: Annotated[
        str,
        ModelName("checkpoints"),
        Field(description="A pipeline folder of diffusers, or a checkpoint in one file."),
    ] = "emoji-64",
    prediction: Annotated[
        Literal["auto", "epsilon", "v_prediction"],
        Field(description="What the model predicts, where it does not say so itself."),
    ] = "auto",
    *,
    ctx: Context,
) -> LoadedModel:
    """Name a diffusion model with its text encoder and VAE. Nothing is downloaded.

    Takes a folder in diffusers' layout with a UNet, or one file (``.safetensors``, or a
    pickle that holds nothing but weights) of Stable Diffusion 1.x, 2.x or SDXL.
    """
    path = ctx.models.find(model, "checkpoints")
    if path.is_file():
        parts = read_single_file(path, prediction)
    else:
        parts = read_folder(path)
        if prediction != "auto":
            scheduler = {**parts.model.scheduler, "prediction_type": prediction}
            parts = parts._replace(model=replace(parts.model, scheduler=scheduler))
    return LoadedModel(parts.model, parts.text_encoder or SKIP, parts.vae or SKIP)


@node("diffusion/load_vae", title="Load VAE")
def load_vae(
    vae: Annotated[
        str,
        ModelName("vae"),
        Field(description="A VAE's folder, a pipeline's folder, or one file with a VAE."),
    ],
    family: Annotated[
        Literal["sd", "sdxl"],
        Field(description="Whose latents a file decodes, which it does not tell itself."),
    ] = "sd",
    *,
    ctx: Context,
) -> VAE:
    """Name a VAE to use in place of a checkpoint's own. Nothing is downloaded."""
    path = ctx.models.find(vae, "vae")
    return read_vae_file(path, family) if path.is_file() else read_vae_folder(path)


@node("diffusion/load_lora", title="Load LoRA")
def load_lora(
    lora: Annotated[str, ModelName("loras"), Field(description="A LoRA's file.")],
    model: DiffusionModel,
    text_encoder: TextEncoder | None = None,
    weight: LoraWeight = 1.0,
    text_weight: Annotated[
        float | None, Field(ge=-10, le=10, description="Of the text encoder; as weight if unset.")
    ] = None,
    *,
    ctx: Context,
) -> PatchedModel:
    """Lay a LoRA over a model and its text encoder; one node after another lays several.

    Reads the formats of diffusers, peft and kohya. ``text_weight`` is for the text encoder
    and is ``weight`` when not set. The weights are merged when they are first needed
    (Hu et al., arXiv:2106.09685).
    """
    path = ctx.models.find(lora, "loras")
    shapes = read_lora(path)
    width = text_width(shapes)
    if width is not None and width != model.text_width:
        raise NodeError(
            f"{path} was made for a model that attends to text states of width {width}, and "
            f"{model.unet.name} attends to width {model.text_width}",
            hint="a LoRA fits only the kind of model that it was made for",
            port="lora",
            code="wrong_model",
        )
    fingerprint = content_fingerprint(path)
    patch = Patch(str(path), fingerprint, weight)
    text_patch = Patch(str(path), fingerprint, weight if text_weight is None else text_weight)

    def patched(encoder: TextEncoder) -> TextEncoder:
        if text_patch.weight == 0:
            return encoder
        refs = (
            ref.with_patch(text_patch) if patches(shapes, ref.option("name")) else ref
            for ref in encoder.encoders
        )
        return replace(encoder, encoders=tuple(refs))

    if weight != 0 and patches(shapes, "unet"):
        model = replace(model, unet=model.unet.with_patch(patch))
    if model.text_encoder is not None:
        model = replace(model, text_encoder=patched(model.text_encoder))
    return PatchedModel(model, SKIP if text_encoder is None else patched(text_encoder))
