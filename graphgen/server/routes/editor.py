"""The editor: its page, its files, and the modules that packs bring for it."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from ..answers import Refused, answer
from ..places import content_type, inside_file, media_type
from ..services import services

PAGES = Path(__file__).parents[1] / "pages"
YEAR = 31536000
_MODULE_KINDS = (
    "text/javascript",
    "text/css",
    "application/json",
    "application/wasm",
    "image/",
    "font/",
)


async def index(request: web.Request) -> web.StreamResponse:
    """The editor, once the browser has shown the token; opening ``/?token=TOKEN`` does."""
    guard = services(request).guard
    given = request.query.get("token")
    if guard.token and given is not None and guard.is_token(given):
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            guard.cookie_name, guard.cookie, httponly=True, samesite="Strict", path="/"
        )
        return response
    if not guard.knows(request):
        return _page(PAGES / "token.html", 401)
    return _editor(request)


@web.middleware
async def editor_paths(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give paths that no route has to the editor, except those of the API."""
    missing = request.match_info.http_exception
    if missing is not None and missing.status == 404 and request.method in ("GET", "HEAD"):
        path = request.path.removeprefix("/")
        if path != "api" and not path.startswith("api/"):
            return await _any_path(request, path)
    return await handler(request)


async def _any_path(request: web.Request, path: str) -> web.StreamResponse:
    """A file of the editor, or its page: what the path means the editor decides."""
    try:
        found = await services(request).call(inside_file, services(request).editor, path)
    except Refused as error:
        if error.status == 404 and not path.startswith("assets/"):
            return _editor(request)
        raise
    fixed = path.startswith("assets/")  # their names change with their content
    return _file(found, f"public, max-age={YEAR}, immutable" if fixed else "no-cache")


async def modules(request: web.Request) -> web.Response:
    return answer({"modules": services(request).packs.listed()})


async def module_file(request: web.Request) -> web.StreamResponse:
    """A module of a pack, or a file beside it that it imports."""
    parts = services(request)
    name = request.match_info["path"]
    for folder in parts.packs.folders(request.match_info["pack"]):
        try:
            found = await parts.call(inside_file, folder, name)
        except Refused as error:
            if error.status != 404:
                raise
            continue
        if media_type(found.name).startswith(_MODULE_KINDS):
            return _file(found, "no-cache")
    raise Refused(404, "missing_file", f"the pack has no module {name[:80]!r}")


def _editor(request: web.Request) -> web.StreamResponse:
    page = services(request).editor / "index.html"
    return _page(page if page.is_file() else PAGES / "unbuilt.html", 200)


def _page(path: Path, status: int) -> web.StreamResponse:
    return web.FileResponse(
        path, status=status, headers={"Content-Type": "text/html; charset=utf-8"}
    )


def _file(path: Path, keep: str) -> web.StreamResponse:
    headers = {"Content-Type": content_type(media_type(path.name)), "Cache-Control": keep}
    return web.FileResponse(path, headers=headers)


ROUTES = [
    web.get("/", index),
    web.get("/api/editor/modules", modules),
    web.get("/api/editor/modules/{pack}/{path:.+}", module_file),
]
