"""Whether what is linked to a sampling node goes together."""

from __future__ import annotations

from graphgen import NodeError

from ..image.types import Mask
from .types import Conditioning, DiffusionModel, Latent


def check_conditioning(model: DiffusionModel, conditioning: Conditioning, port: str) -> None:
    """Raise ``NodeError`` unless the model can attend to the conditioning."""
    if conditioning.width != model.text_width:
        raise NodeError(
            f"{model.unet.name} attends to text states of width {model.text_width}, and the "
            f"{port} conditioning has width {conditioning.width}",
            hint="encode the prompt with the text encoder of the same model",
            port=port,
        )
    if model.pooled_width is not None and (
        conditioning.pooled is None or conditioning.pooled.shape[-1] != model.pooled_width
    ):
        raise NodeError(
            f"{model.unet.name} also takes a pooled text state of width {model.pooled_width}, "
            f"which the {port} conditioning lacks",
            hint="encode the prompt with the text encoder of the same model",
            port=port,
        )


def check_latent(model: DiffusionModel, latent: Latent, mask: Mask | None, denoise: float) -> None:
    """Raise ``NodeError`` unless the model can denoise the latent, as much of it as is asked
    for, where the mask says."""
    if latent.channels != model.latent_channels or latent.scale != model.scale:
        raise NodeError(
            f"{model.unet.name} denoises latents of {model.latent_channels} channels in cells of "
            f"{model.scale} pixels, and this latent has {latent.channels} in cells of "
            f"{latent.scale}",
            hint="make the latent with the same model, or with its VAE",
            port="latent",
        )
    if latent.noise and denoise < 1:
        raise NodeError(
            "noise can only be denoised all the way: denoise must be 1",
            hint="for image to image, link diffusion/encode_image here",
            port="denoise",
        )
    if model.in_channels != model.latent_channels:
        expected = 2 * model.latent_channels + 1
        if model.in_channels != expected:
            raise NodeError(
                f"{model.unet.name} reads {model.in_channels} channels, and this node knows "
                f"models that read {model.latent_channels}, or {expected} for inpainting",
                hint="take a model for text to image, or one for inpainting",
                port="model",
            )
        if latent.masked is None:
            raise NodeError(
                f"{model.unet.name} is made for inpainting: it reads {expected} channels, among "
                "them a mask and the rest of the picture",
                hint="link a mask to diffusion/encode_image",
                port="latent",
            )
    if mask is not None:
        if latent.noise:
            raise NodeError(
                "a mask needs a picture to keep the rest of, and this latent is noise",
                hint="for inpainting, link diffusion/encode_image here",
                port="mask",
            )
        if mask.values.shape[0] not in (1, latent.batch):
            raise NodeError(
                f"{mask.values.shape[0]} masks for {latent.batch} pictures",
                hint="give one mask, or one for each picture",
                port="mask",
            )
