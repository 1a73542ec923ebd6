"""Port types of diffusion. Cheap to import: torch is imported by whoever makes a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphgen import ModelRef

from ..image.types import check_tensor

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class TextEncoder:
    """What turns a prompt into a conditioning: one text encoder, or two as in SDXL.

    Attributes:
        encoders: The encoders with their tokenizers; the states of two are put side by side.
        width: Numbers per token of the conditioning.
        max_length: Tokens that the encoder reads at once, start and end marks included.
        pooled_width: Width of the pooled state of the last encoder; None when it has none.
        skip: Layers that are left out at the end before any clip skip.
    """

    encoders: tuple[ModelRef, ...]
    width: int
    max_length: int
    pooled_width: int | None = None
    skip: int = 0


@dataclass(frozen=True, eq=False)
class VAE:
    """What turns pixels into latents and back.

    Attributes:
        weights: The autoencoder.
        latent_channels: Channels of its latents.
        scale: Pixels per latent cell, along each axis.
        float32: Whether half precision overflows in it.
    """

    weights: ModelRef
    latent_channels: int
    scale: int
    float32: bool = False


@dataclass(frozen=True, eq=False)
class DiffusionModel:
    """A denoiser with all that a sampler must know of it.

    Attributes:
        unet: The denoiser.
        scheduler: Configuration of the noise schedule that it was trained with, in
            diffusers' terms.
        latent_channels: Channels of the latents that it denoises.
        in_channels: Channels that it reads; more than it denoises for an inpainting model.
        native_size: Height and width of the latents that it was trained on.
        scale: Pixels per latent cell, along each axis; 1 for a model of pixels.
        text_width: Numbers per token of the conditionings that it attends to; None for a
            model without text.
        pooled_width: Width of the pooled text state that it also takes (SDXL).
        text_encoder: The encoder of the same checkpoint, for the empty prompt.
        zero_empty: Whether zeros stand for the empty prompt (SDXL).
        distilled: Whether it takes the guidance scale as an input (LCM).
        vae: The autoencoder of the same checkpoint, for previews.
    """

    unet: ModelRef
    scheduler: dict[str, Any]
    latent_channels: int
    in_channels: int
    native_size: tuple[int, int]
    scale: int
    text_width: int | None = None
    pooled_width: int | None = None
    text_encoder: TextEncoder | None = None
    zero_empty: bool = False
    distilled: bool = False
    vae: VAE | None = None


@dataclass(frozen=True, eq=False)
class Conditioning:
    """An encoded prompt, as a denoiser attends to it.

    Attributes:
        states: float32 ``[1, token, width]``.
        pooled: float32 ``[1, width]``, the state of the whole prompt, for models that take it.
        sizes: Original height and width, top and left of the crop, target height and width,
            in pixels, for models that take them (SDXL); None stands for the picture's own.
    """

    states: torch.Tensor
    pooled: torch.Tensor | None = None
    sizes: tuple[int, int, int, int, int, int] | None = None

    def __post_init__(self) -> None:
        if self.states.ndim != 3 or self.states.shape[0] != 1:
            raise ValueError(
                f"Conditioning.states must be [1, token, width], got {list(self.states.shape)}"
            )

    @property
    def tokens(self) -> int:
        return int(self.states.shape[1])

    @property
    def width(self) -> int:
        return int(self.states.shape[2])


@dataclass(frozen=True, eq=False)
class Latent:
    """Pictures, or noise, as a diffusion model sees them: float32 ``[batch, channel, height,
    width]`` in units of the model (about one standard deviation).

    Attributes:
        samples: The latents.
        scale: Pixels per latent cell, along each axis.
        seeds: One seed per picture; noise that is added to it or drawn for it comes from
            there, whatever the batch it is in.
        noise: Whether the latents are pure noise to start from.
        mask: ``[batch or 1, 1, height, width]``, what an inpainting model is to repaint.
        masked: The encoded picture without what is to be repainted, for such a model.
    """

    samples: torch.Tensor
    scale: int
    seeds: tuple[int, ...]
    noise: bool = False
    mask: torch.Tensor | None = None
    masked: torch.Tensor | None = None

    def __post_init__(self) -> None:
        check_tensor("Latent.samples", self.samples)
        if len(self.seeds) != self.samples.shape[0]:
            raise ValueError(
                f"Latent.seeds must name one seed per picture: {len(self.seeds)} seeds "
                f"for {self.samples.shape[0]} pictures"
            )

    @property
    def batch(self) -> int:
        return int(self.samples.shape[0])

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.samples.shape[2]) * self.scale

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.samples.shape[3]) * self.scale
