"""Port types of pictures. Cheap to import: torch is imported by whoever makes a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Image:
    """Pictures: float32 ``[batch, channel, height, width]`` in 0..1, sRGB-encoded.

    One channel is grey, three are RGB, four are RGB with straight (not premultiplied) alpha.
    """

    pixels: torch.Tensor

    def __post_init__(self) -> None:
        check_tensor("Image.pixels", self.pixels, channels=(1, 3, 4))

    @property
    def batch(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[3])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[2])


@dataclass(frozen=True, eq=False)
class Mask:
    """Masks: float32 ``[batch, 1, height, width]`` in 0..1; 1 is where something is done."""

    values: torch.Tensor

    def __post_init__(self) -> None:
        check_tensor("Mask.values", self.values, channels=(1,))


def check_tensor(name: str, tensor: torch.Tensor, channels: tuple[int, ...] | None = None) -> None:
    """Raise ``ValueError`` unless it is a float32 ``[batch, channel, height, width]`` tensor.

    The range is not checked: that would read every value back from the device.
    """
    import torch

    if not isinstance(tensor, torch.Tensor):
        raise ValueError(f"{name} must be a torch tensor, got {type(tensor).__name__}")
    if tensor.dtype != torch.float32:
        raise ValueError(f"{name} must be float32, got {tensor.dtype}")
    if tensor.ndim != 4 or 0 in tensor.shape:
        raise ValueError(
            f"{name} must be [batch, channel, height, width], got shape {list(tensor.shape)}"
        )
    if channels is not None and tensor.shape[1] not in channels:
        allowed = " or ".join(map(str, channels))
        raise ValueError(f"{name} must have {allowed} channels, got {tensor.shape[1]}")
