"""``/api/files``: what the workspace holds, and uploads into it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from ...workflow import Workflow
from ...workspace import lies_in
from ..answers import Refused, answer
from ..body import parse_json
from ..files import file_answer
from ..folders import keep_folder
from ..pictures import check_picture
from ..places import checked_name, inside, inside_file, media_type
from ..services import services
from ..uploads import PIECE_BYTES, Kept, keep_upload

FOLDERS = ("inputs", "outputs")
FOLDER_TYPE = "inode/directory"
MOST_LISTED = 10_000
_PNG = b"\x89PNG\r\n\x1a\n"


async def listed(request: web.Request) -> web.Response:
    """Files and folders in a folder, newest first."""
    parts = services(request)
    root = _root(request, request.query.get("folder", "inputs"))
    path = request.query.get("path", "")
    return answer({"files": await parts.call(_list, root, path)})


def _list(root: Path, name: str) -> list[dict[str, Any]]:
    if not name and not root.exists():
        return []
    folder = inside(root, name)
    if not folder.is_dir():
        raise Refused(404, "missing_file", "that is no folder")
    base = root.resolve()
    found: list[dict[str, Any]] = []
    for entry in folder.iterdir():
        if entry.name.startswith(".") or not lies_in(entry, base):
            continue
        try:
            stat = entry.stat()
        except OSError:  # a link to nothing, or removed in this moment
            continue
        is_folder = entry.is_dir()
        found.append(
            {
                "name": entry.name,
                "path": entry.relative_to(base).as_posix(),
                "bytes": 0 if is_folder else stat.st_size,
                "modified": stat.st_mtime,
                "media_type": FOLDER_TYPE if is_folder else media_type(entry.name),
            }
        )
    found.sort(key=lambda entry: (-entry["modified"], entry["name"]))
    return found[:MOST_LISTED]


async def show(request: web.Request) -> web.StreamResponse:
    root = _root(request, request.match_info["folder"])
    path = await services(request).call(inside_file, root, request.match_info["path"])
    return await file_answer(request, path)


async def upload(request: web.Request) -> web.Response:
    """Take a file into the inputs: the field ``file`` of a form, or the body as it is. With
    ``into``, every ``file`` of the form goes into a folder of that name."""
    kind = request.content_type
    into = request.query.get("into")
    if kind == "multipart/form-data":
        kept = await (_from_form(request) if into is None else _folder(request, into))
    elif kind == "application/octet-stream" or kind.startswith("image/"):
        name = checked_name(request.query.get("name", ""))
        kept = await _keep(request, name, request.content.iter_chunked(PIECE_BYTES))
    else:
        raise Refused(
            415,
            "wrong_content_type",
            f"an upload is multipart/form-data or application/octet-stream, not {kind}",
        )
    entry = {
        "name": kept.name,
        "path": kept.name,
        "bytes": kept.nbytes,
        "media_type": media_type(kept.name) if into is None else FOLDER_TYPE,
    }
    return answer(entry, 201)


async def _from_form(request: web.Request) -> Kept:
    try:
        form = await request.multipart()
        async for part in form:
            if isinstance(part, BodyPartReader) and part.name == "file":
                name = checked_name(request.query.get("name") or part.filename or "")
                return await _keep(request, name, _pieces(part))
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError):
        raise Refused(400, "bad_form", "the form can't be read") from None
    raise Refused(400, "bad_form", "the form has no field named file")


async def _folder(request: web.Request, name: str) -> Kept:
    parts = services(request)
    _check_length(request)
    name = checked_name(name)
    try:
        form = await request.multipart()
        return await keep_folder(parts, parts.engine.workspace.inputs, name, _files(form))
    except (ValueError, AssertionError, RuntimeError, HttpProcessingError):
        raise Refused(400, "bad_form", "the form can't be read") from None


async def _files(form: MultipartReader) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
    async for part in form:
        if isinstance(part, BodyPartReader) and part.name == "file":
            yield part.filename or "", _pieces(part)


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(PIECE_BYTES):
        yield piece


async def _keep(request: web.Request, name: str, pieces: AsyncIterator[bytes]) -> Kept:
    parts = services(request)
    _check_length(request)
    return await keep_upload(parts, parts.engine.workspace.inputs, name, pieces)


def _check_length(request: web.Request) -> None:
    length = request.content_length
    if length is not None and length > services(request).limits.upload_bytes + PIECE_BYTES:
        raise Refused(413, "too_large", "the file is too large")


async def imported(request: web.Request) -> web.Response:
    """The workflow that a PNG carries, or that a JSON text is."""
    parts = services(request)
    if request.content_type not in ("application/json", "application/octet-stream", "image/png"):
        raise Refused(
            415,
            "wrong_content_type",
            f"an import is application/json or image/png, not {request.content_type}",
        )
    data = await request.read()
    if data.startswith(_PNG):
        await parts.call(check_picture, data, parts.limits.pixels)
        workflow = await parts.call(Workflow.from_bytes, data, "the picture")
    else:
        workflow = Workflow.parse(parse_json(data))
    return answer({"workflow": workflow.to_dict()})


def _root(request: web.Request, folder: str) -> Path:
    workspace = services(request).engine.workspace
    if folder not in FOLDERS:
        raise Refused(
            404, "missing_file", "there is no such folder", hint=f"one of {', '.join(FOLDERS)}"
        )
    return workspace.inputs if folder == "inputs" else workspace.outputs


ROUTES = [
    web.get("/api/files", listed),
    web.post("/api/files", upload),
    web.get("/api/files/{folder}/{path:.+}", show),
    web.post("/api/import", imported),
]
