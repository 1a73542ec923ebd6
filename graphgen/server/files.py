"""Answers that are files, whole or as thumbnails."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from .answers import Refused
from .pictures import MAX_EDGE, MIN_EDGE
from .places import content_type, is_shown, media_type
from .services import services

FILE_POLICY = (
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
)


async def file_answer(
    request: web.Request, path: Path, kind: str | None = None, *, fixed: bool = False
) -> web.StreamResponse:
    """A file, or what the query makes of it: ``thumbnail=EDGE`` a small WebP,
    ``download=1`` something to save.

    Args:
        kind: Media type, if it is known.
        fixed: The file never changes.

    Raises:
        Refused: The edge is no number that is allowed, or it is no picture.
    """
    keep = "private, max-age=31536000, immutable" if fixed else "no-cache"
    edge = request.query.get("thumbnail")
    if edge is not None:
        parts = services(request)
        data = await parts.call(parts.thumbnails.make, path, _edge(edge))
        headers = {"Cache-Control": keep, "Content-Security-Policy": FILE_POLICY}
        return web.Response(body=data, content_type="image/webp", headers=headers)
    kind = kind or media_type(path.name)
    saved = request.query.get("download", "") not in ("", "0") or not is_shown(kind)
    way = "attachment" if saved else "inline"
    headers = {
        "Content-Type": content_type(kind),
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(path.name, safe='')}",
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": keep,
    }
    return web.FileResponse(path, headers=headers)


def _edge(text: str) -> int:
    if text.isascii() and text.isdigit() and MIN_EDGE <= int(text[:6]) <= MAX_EDGE:
        return int(text)
    raise Refused(
        400,
        "bad_request",
        f"thumbnail={text[:20]} is no edge in pixels from {MIN_EDGE} to {MAX_EDGE}",
    )
