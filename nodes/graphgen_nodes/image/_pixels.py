"""Channel arithmetic that the nodes of this pack share. Tensors are ``[batch, channel, h, w]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphgen import NodeError

if TYPE_CHECKING:
    import torch

# Weights of linear light in BT.709 and sRGB primaries, used here on encoded values (luma).
LUMA = (0.2126, 0.7152, 0.0722)


def parse_colour(text: str, port: str) -> tuple[float, float, float, float]:
    """Red, green, blue and alpha in 0..1 of ``#rrggbb``, ``#rrggbbaa``, a CSS name or function.

    Raises:
        NodeError: It is no colour.
    """
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(text.strip())
    except ValueError:
        raise NodeError(
            f"{text!r} is not a colour",
            hint="write #rrggbb, #rrggbbaa, a CSS name such as white, or hsl(120, 50%, 50%)",
            port=port,
        ) from None
    return red / 255, green / 255, blue / 255, (alpha[0] if alpha else 255) / 255


def colour_pixel(
    colour: tuple[float, float, float, float], channels: int, like: torch.Tensor
) -> torch.Tensor:
    """A colour as ``[1, channels, 1, 1]`` on the device of ``like``."""
    return with_channels(like.new_tensor(colour).reshape(1, 4, 1, 1), channels)


def colour_channels(colour: tuple[float, float, float, float]) -> int:
    """The fewest channels that can hold a colour."""
    red, green, blue, alpha = colour
    if alpha < 1:
        return 4
    return 1 if red == green == blue else 3


def luma(pixels: torch.Tensor) -> torch.Tensor:
    """Luma (BT.709 weights on the encoded values), one channel; alpha is not looked at."""
    if pixels.shape[1] == 1:
        return pixels
    weights = pixels.new_tensor(LUMA).reshape(1, 3, 1, 1)
    return (pixels[:, :3] * weights).sum(dim=1, keepdim=True)


def with_channels(pixels: torch.Tensor, channels: int) -> torch.Tensor:
    """The same picture with 1, 3 or 4 channels; alpha is added as 1, or left out as it is."""
    import torch

    has = pixels.shape[1]
    if has == channels:
        return pixels
    if channels == 1:
        return luma(pixels)
    colour = pixels.expand(-1, 3, -1, -1) if has == 1 else pixels[:, :3]
    if channels == 3:
        return colour.contiguous()
    return torch.cat([colour, torch.ones_like(colour[:, :1])], dim=1)


def premultiply(pixels: torch.Tensor) -> torch.Tensor:
    """Colour times alpha, so that averages of neighbours don't see what is transparent."""
    import torch

    if pixels.shape[1] != 4:
        return pixels
    return torch.cat([pixels[:, :3] * pixels[:, 3:], pixels[:, 3:]], dim=1)


def unpremultiply(pixels: torch.Tensor) -> torch.Tensor:
    """The inverse of ``premultiply``, brought into 0..1; black where alpha is 0."""
    import torch

    if pixels.shape[1] != 4:
        return pixels.clamp(0, 1)
    alpha = pixels[:, 3:].clamp(0, 1)
    colour = torch.where(alpha > 0, pixels[:, :3] / alpha.clamp_min(1e-6), 0.0)
    return torch.cat([colour.clamp(0, 1), alpha], dim=1)


def same_batch(
    first: torch.Tensor, second: torch.Tensor, port: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Two tensors of equal batch size, on the first one's device; a batch of one is repeated.

    Raises:
        NodeError: The sizes differ and neither is one.
    """
    second = second.to(first.device)
    counts = first.shape[0], second.shape[0]
    if counts[0] != counts[1] and 1 not in counts:
        raise NodeError(
            f"a batch of {counts[0]} and a batch of {counts[1]} can't be paired",
            hint="give batches of equal size, or one picture for all",
            port=port,
        )
    count = max(counts)
    return first.expand(count, -1, -1, -1), second.expand(count, -1, -1, -1)


def from_array(array: Any) -> torch.Tensor:
    """An ``[h, w]`` or ``[h, w, c]`` uint8 array as ``[1, c, h, w]`` in 0..1."""
    import numpy as np
    import torch

    values = np.asarray(array)
    values = values[:, :, None] if values.ndim == 2 else values
    tensor = torch.from_numpy(np.array(values, copy=True)).permute(2, 0, 1)
    return tensor.to(torch.float32).div_(255).contiguous()[None]
