"""Small versions of pictures, and pictures too large to be decoded."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from ..cache.folder import CacheFolder
from .answers import Refused

if TYPE_CHECKING:
    from PIL.Image import Image

MIN_EDGE, MAX_EDGE = 16, 2048
KEPT_BYTES = 32 << 20
THUMBNAILS = "thumbnails"
"""The folder of those on disk, in that of the cache."""
DISK_BYTES = 256 << 20
AT_ONCE = 2
_QUALITY = 80
_MADE = 1  # how: another number where `_shrink` makes something else
_SCALED = frozenset({"RGB", "RGBA", "L", "LA", "CMYK", "YCbCr"})  # as they are


def check_picture(source: Path | bytes, pixels: int) -> None:
    """Refuse a picture whose header says that it has too many pixels. What is no picture
    that can be read is not refused: it is somebody else's kind of file.

    Raises:
        Refused: ``image_too_large``.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with _opened(source) as picture:
            size = picture.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large() from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return
    if size[0] * size[1] > pixels:
        raise _too_large()


class Thumbnails:
    """Makes small versions of pictures, and keeps the latest in memory and many on disk. For
    any thread.

    Args:
        pixels: Pictures with more are refused.
        folder: Where those on disk are, for servers that come after this one.
    """

    def __init__(self, pixels: int, folder: Path) -> None:
        self._pixels = pixels
        self._disk = thumbnails_on_disk(folder)
        self._kept: OrderedDict[tuple[str | int, ...], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(AT_ONCE)  # each may hold a large picture in memory

    def make(self, path: Path, edge: int) -> bytes:
        """A picture as WebP, neither wider nor higher than ``edge`` pixels.

        Raises:
            Refused: ``image_too_large``, or ``unreadable_image``.
        """
        stat = path.stat()
        key = (str(path), stat.st_mtime_ns, stat.st_size, edge, _MADE)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._from_disk(key) or self._made(path, edge, key)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._bytes += len(made)
            while self._bytes > KEPT_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return made

    def _from_disk(self, key: tuple[str | int, ...]) -> bytes | None:
        name = _name(key)
        data = self._disk.read(name)
        if data is None:
            return None
        if not _is_webp(data):
            self._disk.remove(name)
            return None
        self._disk.touch(name)
        return data

    def _made(self, path: Path, edge: int, key: tuple[str | int, ...]) -> bytes:
        with self._turns:
            made = _shrink(path, edge, self._pixels)
        self._disk.write(_name(key), made)
        return made


def thumbnails_on_disk(folder: Path) -> CacheFolder:
    return CacheFolder(folder, ".webp", DISK_BYTES)


def _name(key: tuple[str | int, ...]) -> str:
    return hashlib.blake2b(repr(key).encode(), digest_size=16).hexdigest()


def _is_webp(data: bytes) -> bool:
    """Whether it is all of a WebP file: its head has the size of what follows."""
    whole = len(data) == int.from_bytes(data[4:8], "little") + 8
    return whole and (data[:4], data[8:12]) == (b"RIFF", b"WEBP")


def _shrink(path: Path, edge: int, pixels: int) -> bytes:
    from PIL import Image, ImageOps

    check_picture(path, pixels)
    try:
        with _opened(path) as picture:
            picture.draft("RGB", (edge, edge))  # JPEG is decoded no larger than needed
            whole = ImageOps.exif_transpose(picture)
            small = whole if whole.mode in _SCALED else _eight_bits(whole)
            small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
            stream = io.BytesIO()
            _eight_bits(small).save(stream, "WEBP", quality=_QUALITY, method=2)
    except Exception as error:  # Pillow's decoders raise whatever they stumble over
        raise Refused(
            422, "unreadable_image", f"{path.name} is no picture that can be read"
        ) from error
    return stream.getvalue()


def _eight_bits(picture: Image) -> Image:
    """Colours or grey in eight bits, with transparency if there is some."""
    if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        low, high = cast(tuple[float, float], picture.getextrema())
        scale = 255.0 / (high - low) if high > low else 1.0
        return picture.convert("F").point(lambda v: v * scale - low * scale).convert("L")
    has_alpha = "A" in picture.mode or "transparency" in picture.info
    return picture.convert("RGBA" if has_alpha else "RGB")


def _opened(source: Path | bytes) -> Image:
    from PIL import Image

    stream: Path | BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else source
    return Image.open(stream)


def _too_large() -> Refused:
    return Refused(422, "image_too_large", "the picture has too many pixels to be decoded here")
