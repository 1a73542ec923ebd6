"""Names of files that clients give, and the files of the workspace that they mean."""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath

from .answers import Refused

MAX_NAME_BYTES = 200
_TYPES = {  # what the system's table may lack or have otherwise
    ".avif": "image/avif",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".safetensors": "application/octet-stream",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
}
_SHOWN = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/bmp",
    "image/avif",
    "image/tiff",
    "audio/",
    "video/",
    "text/plain",
    "application/json",
)


def media_type(name: str) -> str:
    """Media type by a file name's ending; ``application/octet-stream`` if it says none."""
    known = _TYPES.get(PurePosixPath(name).suffix.lower())
    if known is None:
        known, encoding = mimetypes.guess_type(name)
        if encoding is not None:
            return "application/octet-stream"
    return known or "application/octet-stream"


def content_type(kind: str) -> str:
    """The header for a media type: texts of ours are UTF-8."""
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def is_shown(kind: str) -> bool:
    """Whether a browser may show a file of this media type. What can hold script is not
    shown: it would act in the name of the editor."""
    return kind.startswith(_SHOWN)


def checked_name(name: str) -> str:
    """A file's name, without folders.

    Raises:
        Refused: It has separators or control characters, is hidden or too long.
    """
    bad = (
        not name
        or name.startswith(".")
        or name != name.strip()
        or any(c in '/\\:*?"<>|' or ord(c) < 32 or ord(c) == 127 for c in name)
    )
    try:
        bad = bad or len(name.encode()) > MAX_NAME_BYTES
    except UnicodeEncodeError:  # half a character
        bad = True
    if bad:
        raise Refused(
            400,
            "bad_name",
            f"{_short(name)} can't be the name of a file here",
            hint="a name has no separators and no control characters, does not begin with a "
            f"dot, and has at most {MAX_NAME_BYTES} bytes",
        )
    return name


def inside(root: Path, name: str) -> Path:
    """The file or folder below ``root`` that a client means.

    Args:
        name: With ``/`` between folders; empty for ``root`` itself.

    Raises:
        Refused: 400 for what can be no name, 403 if it, or a symbolic link on its way,
            leaves ``root``, 404 if there is nothing.
    """
    parts = [part for part in name.split("/") if part]
    if ".." in parts:
        raise _outside(name)
    for part in parts:
        checked_name(part)
    try:
        real = root.joinpath(*parts).resolve()
        if not real.is_relative_to(root.resolve()):
            raise _outside(name)
        found = real.exists()
    except (OSError, ValueError, RuntimeError):  # no name that the system takes
        found = False
    if not found:
        raise Refused(404, "missing_file", f"there is no file {_short(name)}")
    return real


def inside_file(root: Path, name: str) -> Path:
    """The same for a regular file."""
    path = inside(root, name)
    if not path.is_file():
        raise Refused(404, "missing_file", f"{_short(name)} is no file")
    return path


def _outside(name: str) -> Refused:
    return Refused(403, "outside_workspace", f"{_short(name)} lies outside the workspace")


def _short(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:77]}...")
