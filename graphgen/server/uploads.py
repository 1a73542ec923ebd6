"""Files that clients send: streamed to disk beside their place, and put there when whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..workspace import PARTIAL_PREFIX, open_partial
from .answers import Refused
from .pictures import check_picture
from .services import Services

PIECE_BYTES = 1 << 20
STALE_SECONDS = 3600
PICKLE_SUFFIXES = frozenset({".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})

_PLACING = threading.Lock()


@dataclass(frozen=True)
class Kept:
    """A file that was taken; ``name`` is what it is called in the folder."""

    name: str
    nbytes: int


async def keep_upload(
    parts: Services, folder: Path, name: str, pieces: AsyncIterator[bytes]
) -> Kept:
    """Write what a client sends into a folder.

    A file of the same name and content is not written again; one of other content gets
    the next free name, ``photo-2.png``.

    Args:
        name: A checked name.

    Raises:
        Refused: It is too large, a pickle, or a picture with too many pixels; nothing is
            left of it then.
    """
    refuse_pickle(name)
    stream, temporary = await parts.call(_open, folder)
    try:
        with stream:
            digest, size = await write_pieces(parts, stream, pieces)
            await parts.call(flush, stream)
        await parts.call(check_upload, temporary, name, parts.limits.pixels)
        return Kept(await parts.call(_place, temporary, folder, name, digest, size), size)
    finally:
        temporary.unlink(missing_ok=True)


async def write_pieces(
    parts: Services, stream: BinaryIO, pieces: AsyncIterator[bytes], size: int = 0
) -> tuple[str, int]:
    """Write what comes in.

    Args:
        size: Bytes that came before and count against the same limit.

    Returns:
        The SHA-256 of the file, and how many bytes have come now.
    """
    limit = parts.limits.upload_bytes
    digest, held = hashlib.sha256(), bytearray()

    def write(data: bytes) -> None:
        digest.update(data)
        stream.write(data)

    async for piece in pieces:
        size += len(piece)
        if size > limit:
            raise Refused(
                413, "too_large", "the file is too large", hint=f"at most {limit} bytes are taken"
            )
        held += piece
        if len(held) >= PIECE_BYTES:
            await parts.call(write, bytes(held))
            held.clear()
    await parts.call(write, bytes(held))
    return digest.hexdigest(), size


def _open(folder: Path) -> tuple[BinaryIO, Path]:
    handle, path = open_partial(folder)
    return os.fdopen(handle, "wb"), path


def flush(stream: BinaryIO) -> None:
    """Wait until the disk has it."""
    stream.flush()
    os.fsync(stream.fileno())  # a full disk may show only here


def check_upload(path: Path, name: str, pixels: int) -> None:
    """Refuses what was written if it is a pickle by its content, or too large a picture."""
    with path.open("rb") as stream:
        begin = stream.read(2)
    if begin[:1] == b"\x80" and begin[1:] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise _pickle(name)
    if begin == b"PK" and _holds_pickle(path):
        raise _pickle(name)
    check_picture(path, pixels)


def _holds_pickle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(member.endswith(".pkl") for member in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _place(temporary: Path, folder: Path, name: str, digest: str, size: int) -> str:
    """Give the file its name; never one that is taken."""
    stem, suffix = Path(name).stem, Path(name).suffix
    number = 1
    with _PLACING:
        while (target := folder / name).exists():
            if _is_same(target, digest, size):
                return name
            number += 1
            name = f"{stem}-{number}{suffix}"
        os.replace(temporary, target)
    return name


def _is_same(path: Path, digest: str, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == digest


def refuse_pickle(name: str) -> None:
    """Refuses what is a pickle by its name."""
    if Path(name).suffix.lower() in PICKLE_SUFFIXES:
        raise _pickle(name)


def _pickle(name: str) -> Refused:
    return Refused(
        422,
        "refused_file",
        f"{name[:80]!r} is a pickle or may hold one, which can run code when it is read",
        hint="send weights as .safetensors",
    )


def clear_leftovers(folder: Path) -> None:
    """Remove what uploads left behind that were cut off by the end of their process."""
    for path in folder.glob(f"{PARTIAL_PREFIX}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
