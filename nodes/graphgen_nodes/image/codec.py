"""Pictures to and from 8-bit files: how runs save, load and preview ``Image`` and ``Mask``."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from graphgen import SaveTarget

from .types import Image, Mask

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from PIL import Image as PillowImage
    from PIL import PngImagePlugin

PREVIEW_EDGE = 256


def to_uint8(values: torch.Tensor) -> torch.Tensor:
    """0..1 to 0..255, rounded to the nearest; ``k / 255`` gives exactly ``k``.

    Values outside are brought to the nearest end, and NaN to 0.
    """
    import torch

    scaled = torch.nan_to_num(values.detach().float(), nan=0.0).clamp_(0, 1).mul_(255)
    return scaled.round_().to(torch.uint8)


def _to_uint8_array(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The same for an array, which comes from the disk cache where torch is not wanted."""
    import numpy as np

    scaled = np.clip(np.nan_to_num(values, nan=0.0), 0, 1) * np.float32(255)
    return np.rint(scaled).astype(np.uint8)


def pillow_images(values: torch.Tensor | NDArray[np.float32]) -> list[PillowImage.Image]:
    """One 8-bit Pillow image (L, RGB or RGBA) for each of a batch."""
    import numpy as np
    from PIL import Image as Pillow

    if isinstance(values, np.ndarray):
        arrays = _to_uint8_array(values).transpose(0, 2, 3, 1).copy()
    else:
        arrays = to_uint8(values).permute(0, 2, 3, 1).cpu().contiguous().numpy()
    return [Pillow.fromarray(a[:, :, 0] if a.shape[2] == 1 else a) for a in arrays]


def png_text(metadata: Mapping[str, str]) -> PngImagePlugin.PngInfo:
    """Text chunks of a PNG: tEXt where Latin-1 can hold the text, iTXt (UTF-8) elsewhere."""
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    for key, text in metadata.items():
        info.add_text(key, text)
    return info


def save_pixels(values: torch.Tensor, target: SaveTarget) -> None:
    """Write each of a batch as a PNG with the run's metadata in it."""
    for picture in pillow_images(values):
        picture.save(target.path(".png"), format="PNG", pnginfo=png_text(target.metadata))


def save_image(image: Image, target: SaveTarget) -> None:
    save_pixels(image.pixels, target)


def save_mask(mask: Mask, target: SaveTarget) -> None:
    save_pixels(mask.values, target)


def preview_png(values: torch.Tensor) -> bytes:
    """The first of a batch as a PNG of at most 256 pixels a side."""
    from PIL import Image as Pillow

    picture = pillow_images(values[:1])[0]
    picture.thumbnail((PREVIEW_EDGE, PREVIEW_EDGE), Pillow.Resampling.BOX)
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    return stream.getvalue()


def preview_image(image: Image) -> bytes:
    return preview_png(image.pixels)


def preview_mask(mask: Mask) -> bytes:
    return preview_png(mask.values)


def load_image(path: Path) -> Image:
    """The picture in a file; see ``image/load``."""
    from ._decode import decode_file

    return Image(decode_file(path))


def load_mask(path: Path) -> Mask:
    """A mask from the luma of the picture in a file; what is transparent is 0."""
    from ._decode import decode_file
    from ._pixels import luma, premultiply

    return Mask(luma(premultiply(decode_file(path))))


def mask_to_image(mask: Mask) -> Image:
    """A mask seen as a grey picture."""
    return Image(mask.values)
