"""Picture files to tensors: Pillow reads them, this module says what became of the pixels.

What comes out is sRGB-encoded, upright and in 0..1 whatever the file held: EXIF orientation
is applied, an embedded ICC profile is converted to sRGB, 16-bit grey keeps its precision,
palettes and CMYK become RGB, transparency becomes a straight alpha channel.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphgen import NodeError

from ._pixels import from_array

if TYPE_CHECKING:
    import torch
    from PIL import Image as PillowImage

# Formats of pictures only: some that Pillow reads run other programs (EPS) or fetch (WMF).
FORMATS = (
    *("PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "PPM", "TGA", "ICO"),
    *("AVIF", "JPEG2000", "QOI"),
)
SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm"),
    *(".pbm", ".tga", ".ico", ".avif", ".jp2", ".qoi"),
)
MAX_PIXELS = 178_956_970  # where Pillow refuses too; 2.1 GB as a float32 RGB tensor


def decode_file(path: Path, all_frames: bool = False) -> torch.Tensor:
    """The picture in a file as float32 ``[frames, channel, height, width]`` in 0..1.

    Raises:
        NodeError: The file can't be read, is no picture, is damaged, or would unpack to more
            than ``MAX_PIXELS`` pixels.
    """
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    name = path.name
    try:
        Pillow.init()
        known = [format for format in FORMATS if format in Pillow.OPEN]  # AVIF may not be built in
        with Pillow.open(path, formats=known) as picture:
            frames = picture_frames(picture) if all_frames else 1
            _check_size(name, picture.width, picture.height, frames)
            return _decode_frames(picture, frames, name)
    except NodeError:
        raise
    except UnidentifiedImageError:
        raise NodeError(
            f"{name} is not a picture that can be read",
            hint=f"expected one of {', '.join(FORMATS)}" if path.stat().st_size else "it is empty",
            code="unreadable_image",
        ) from None
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise _too_large(name, str(error)) from None
    except OSError as error:
        if error.errno is not None:
            raise NodeError(
                f"{name} can't be read: {error.strerror}", code="unreadable_image"
            ) from error
        raise _damaged(name, error) from error
    except MemoryError:
        raise
    except Exception as error:  # decoders raise SyntaxError, struct.error, EOFError and more
        raise _damaged(name, error) from error


def picture_frames(picture: PillowImage.Image) -> int:
    return int(getattr(picture, "n_frames", 1))


def _damaged(name: str, error: Exception) -> NodeError:
    return NodeError(
        f"{name} is damaged or cut off: {error}",
        hint="copy or export the file again",
        code="unreadable_image",
    )


def _too_large(name: str, details: str) -> NodeError:
    return NodeError(
        f"{name} is too large: {details}",
        hint=f"at most {MAX_PIXELS:,} pixels are read; make it smaller in another program",
        code="image_too_large",
    )


def _check_size(name: str, width: int, height: int, frames: int) -> None:
    if width * height * frames > MAX_PIXELS:
        times = f" x {frames} frames" if frames > 1 else ""
        raise _too_large(name, f"{width} x {height}{times} is {width * height * frames:,} pixels")


def _decode_frames(picture: PillowImage.Image, frames: int, name: str) -> torch.Tensor:
    import torch

    from ._pixels import with_channels

    tensors: list[torch.Tensor] = []
    for index in range(frames):
        picture.seek(index)
        tensors.append(_decode_frame(picture))
    if len({tensor.shape[2:] for tensor in tensors}) > 1:
        raise NodeError(
            f"the {frames} pictures in {name} differ in size, so they make no batch",
            hint="read the first frame only",
            port="frames",
        )
    channels = max(tensor.shape[1] for tensor in tensors)
    return torch.cat([with_channels(tensor, channels) for tensor in tensors])


def _decode_frame(picture: PillowImage.Image) -> torch.Tensor:
    from PIL import ImageOps

    picture.load()
    upright = ImageOps.exif_transpose(picture)
    if upright.mode == "F" or upright.mode.startswith("I"):
        return _decode_deep(upright)
    return from_array(_to_srgb(upright))


def _decode_deep(picture: PillowImage.Image) -> torch.Tensor:
    """Grey of more than 8 bits: integers are out of 65535, floats are taken as they are."""
    import numpy as np
    import torch

    array = np.asarray(picture).astype(np.float64)
    if picture.mode != "F":
        array /= 65535
    array = np.nan_to_num(array, nan=0.0).clip(0, 1).astype(np.float32)
    return torch.from_numpy(array)[None, None]


def _to_srgb(picture: PillowImage.Image) -> PillowImage.Image:
    """An L, RGB or RGBA image in sRGB."""
    alpha = None
    if picture.has_transparency_data:
        straight = picture.convert("RGBA") if picture.mode not in ("LA", "RGBA") else picture
        alpha = straight.getchannel("A")
    profile = picture.info.get("icc_profile")
    base = _without_alpha(picture)
    converted = _apply_profile(base, profile) if profile else None
    if converted is None:
        converted = base if base.mode == "L" else base.convert("RGB")
    if alpha is not None:
        converted = converted.convert("RGB")
        converted.putalpha(alpha)
    return converted


def _without_alpha(picture: PillowImage.Image) -> PillowImage.Image:
    if picture.mode in ("L", "RGB", "CMYK", "LAB"):
        return picture
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode in ("LA", "La"):
        return picture.convert("LA").getchannel("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")  # a palette keeps the colours of what is hidden
    return picture.convert("RGB")


def _apply_profile(picture: PillowImage.Image, profile: bytes) -> PillowImage.Image | None:
    """The picture converted to sRGB, or None where its profile is sRGB or of no use."""
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in (ImageCms.getProfileDescription(source) or "").lower():
            return None
        target: Any = ImageCms.createProfile("sRGB")
        made: Any = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None  # broken, or made for another colour space than the pixels have
    converted: PillowImage.Image = made.convert("L") if picture.mode == "L" else made
    return converted
