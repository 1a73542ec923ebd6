"""Pictures from and to files of the workspace."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field

from graphgen import Context, InputFile, NodeError, node
from graphgen.workspace import atomic_file, lies_in

from ._decode import SUFFIXES, decode_file
from .types import Image

if TYPE_CHECKING:
    from PIL import Image as PillowImage

EXTENSIONS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)
_PART_BYTES = 120


class SavedFiles(NamedTuple):
    paths: Annotated[list[str], Field(description="The files written, one for each picture.")]


@node("image/load", title="Load image")
def load(
    file: Annotated[
        str, InputFile(suffixes=SUFFIXES), Field(description="A picture file of the workspace.")
    ],
    frames: Annotated[
        Literal["first", "all"],
        Field(description="Of an animation or a file of several pages: one picture or a batch."),
    ] = "first",
    *,
    ctx: Context,
) -> Image:
    """Read a picture: PNG, JPEG, WebP, GIF, BMP, TIFF, PPM, TGA, ICO, AVIF, JPEG 2000, QOI.

    Gives 0..1 in sRGB with as many channels as the file has: grey stays grey (16 bits keep
    their precision), transparency is kept as alpha, palettes and CMYK become RGB. The
    picture is turned upright by its EXIF orientation, and an embedded ICC profile is
    converted to sRGB.
    """
    return Image(decode_file(ctx.files.resolve(file), all_frames=frames == "all"))


@node("image/save", title="Save image", volatile=True)
def save(
    image: Image,
    name: Annotated[
        str,
        Field(description="File name without its ending; folders/in/front are made."),
    ] = "image",
    format: Annotated[
        Literal["png", "jpeg", "webp"], Field(description="PNG is exact; the others are lossy.")
    ] = "png",
    quality: Annotated[
        int,
        Field(ge=1, le=100, description="Of JPEG and WebP; WebP at 100 is exact. PNG has none."),
    ] = 90,
    *,
    ctx: Context,
) -> SavedFiles:
    """Write pictures below the run's output folder as ``name_0001.png``, ``name_0002.png``...

    Numbers go on from what is there, so nothing is ever overwritten. Values are rounded to
    8 bits. A PNG carries the workflow that made it. JPEG holds no transparency: such a
    picture is laid on white.
    """
    from .codec import pillow_images

    pictures = pillow_images(image.pixels)
    stem = _below(ctx.outputs, name)
    paths: list[str] = []
    for index, picture in enumerate(pictures, start=1):
        ctx.check_cancelled()
        try:
            target = _claim(stem, EXTENSIONS[format])
            try:
                with atomic_file(target) as temporary:
                    _write(picture, temporary, format, quality, ctx.metadata)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise NodeError(
                f"{stem.name}{EXTENSIONS[format]} can't be written in {stem.parent}: {reason}",
                hint="is the disk full or the folder read-only?",
                code="write_failed",
            ) from error
        paths.append(str(target))
        ctx.progress(index, len(pictures))
    return SavedFiles(paths)


def safe_name(name: str) -> Path:
    """A relative path of plain names that every file system takes, whatever was asked for."""
    parts = [_safe_part(part) for part in re.split(r"[/\\]+", name)]
    return Path(*[part for part in parts if part] or ["image"])


def _safe_part(part: str) -> str:
    text = unicodedata.normalize("NFC", part)
    text = "".join(c if c.isalnum() or c in " ._-" else "_" for c in text)
    text = text.encode("utf-8", "ignore")[:_PART_BYTES].decode("utf-8", "ignore").strip(" .")
    return f"_{text}" if _RESERVED.match(text.split(".", 1)[0]) else text


def _below(folder: Path, name: str) -> Path:
    """Where ``name`` leads below ``folder``, symbolic links followed."""
    stem = folder / safe_name(name)
    if not lies_in(stem.parent, folder):
        raise NodeError(
            f"{name!r} leads out of the output folder {folder}",
            hint="a folder on the way is a symbolic link",
            port="name",
            code="outside_workspace",
        )
    return stem


def _claim(stem: Path, extension: str) -> Path:
    """An empty file of the next free number; made so that two runs never get the same."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    pattern = re.compile(re.escape(stem.name) + r"_(\d+)" + re.escape(extension) + r"\Z")
    taken = (pattern.match(entry) for entry in os.listdir(stem.parent))
    number = max((int(match[1]) for match in taken if match), default=0)
    while True:
        number += 1
        path = stem.with_name(f"{stem.name}_{number:04d}{extension}")
        try:
            path.open("xb").close()
        except FileExistsError:
            continue
        return path


def _write(
    picture: PillowImage.Image,
    path: Path,
    format: str,
    quality: int,
    metadata: Mapping[str, str],
) -> None:
    options: dict[str, Any] = {}
    if format == "png":
        from .codec import png_text

        options = {"pnginfo": png_text(metadata)}
    elif format == "jpeg":
        picture = _on_white(picture)
        options = {"quality": quality, "subsampling": 0 if quality >= 90 else 2}
    elif format == "webp":
        options = {"quality": quality, "lossless": quality == 100, "exact": quality == 100}
    try:
        picture.save(path, format=format.upper(), **options)
    except (OSError, ValueError) as error:
        limit = {"jpeg": 65535, "webp": 16383}.get(format, 2**31 - 1)
        if max(picture.size) > limit:
            raise NodeError(
                f"a {format} file holds at most {limit} pixels a side, "
                f"the picture is {picture.width} x {picture.height}",
                hint="save it as png",
                port="format",
            ) from error
        raise


def _on_white(picture: PillowImage.Image) -> PillowImage.Image:
    from PIL import Image as Pillow

    if picture.mode != "RGBA":
        return picture
    white = Pillow.new("RGBA", picture.size, "white")
    return Pillow.alpha_composite(white, picture).convert("RGB")
