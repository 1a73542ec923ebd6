"""Files of the server's workspace: uploads into it, and what it holds."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Generic, Literal
from urllib.parse import quote

from ..problems import InvalidWorkflow, Problem
from .answers import parsed
from .errors import NotFound, ServerUnreachable
from .file import F
from .link import PIECE_BYTES, Link

Folder = Literal["inputs", "outputs"]
Failures = list[Exception]
"""Why what is sent could not be read."""


class ServerFiles(Generic[F]):
    """Files that runs may read, and files that runs wrote."""

    def __init__(self, link: Link, make_file: Callable[..., F]) -> None:
        self._link = link
        self._make_file = make_file

    async def upload(self, source: Path | str | bytes | BinaryIO, name: str | None = None) -> F:
        """Send a file or a folder to the server, which keeps it among its inputs.

        The same content under the same name is kept once; other content under that name
        gets the next free one, ``photo-2.png``. A folder, such as a DICOM series, is there
        with all its files or not at all; hidden ones are left out.

        Args:
            source: A path, the content itself, or an open binary file.
            name: What the server shall call it; needed for what has no name of its own.

        Returns:
            The file. Its ``path`` is what inputs take that name a file; as the value of an
            input it can be given as it is.

        Raises:
            InvalidWorkflow: The path can't be read, or the file may hold code.
            ServerError: It is too large, or can't be called so.
        """
        if isinstance(source, (str, Path)) and Path(source).expanduser().is_dir():
            folder = Path(source).expanduser()
            sent = await self._sent_folder(folder, name or folder.resolve().name)
            return self._stored(sent, "inputs")
        with ExitStack() as stack:
            if isinstance(source, bytes):
                stream: BinaryIO = BytesIO(source)
            elif isinstance(source, (str, Path)):
                stream, name = stack.enter_context(_opened(source)), name or Path(source).name
            else:
                stream = source
                name = name or Path(str(getattr(source, "name", ""))).name
            if not name:
                raise InvalidWorkflow(Problem("bad_name", "the file has no name", hint="give one"))
            return self._stored(await self._sent(stream, name), "inputs")

    async def list(self, folder: Folder = "inputs", path: str = "") -> list[F]:
        """Files and folders in a folder, newest first.

        Args:
            folder: ``inputs``, or ``outputs``, where each run has a folder of its own.
            path: A folder in there.
        """
        query = {"folder": folder, "path": path}
        content = await self._link.call("GET", "/api/files", query=query)
        return [self._stored(entry, folder) for entry in content["files"]]

    async def find(self, path: str, folder: Folder = "inputs") -> F:
        """The file of a path.

        Raises:
            NotFound: There is none.
        """
        place = _place(folder, path)
        try:
            async with self._link.request("HEAD", place) as response:
                size, kind = response.content_length or 0, response.content_type
        except NotFound:
            problem = Problem("missing_file", f"the server has no file {path!r} in {folder}")
            raise NotFound(problem, 404) from None
        return self._made(path.rpartition("/")[2], path, kind, size, place)

    def output(self, item: Mapping[str, Any]) -> F:
        """The file of a run's output, by the item that the run has for it."""
        path = item["file"]
        name = path.rpartition("/")[2]
        return self._made(name, path, item["media_type"], item["bytes"], item["url"])

    async def _sent(self, stream: BinaryIO, name: str) -> Any:
        failures: Failures = []
        data = _pieces(stream, failures)
        return await self._posted(data, failures, {"name": name}, "application/octet-stream")

    async def _sent_folder(self, folder: Path, name: str) -> Any:
        failures: Failures = []
        boundary = uuid.uuid4().hex
        data = folder_form(folder, boundary, failures)
        kind = f"multipart/form-data; boundary={boundary}"
        return await self._posted(data, failures, {"into": name}, kind)

    async def _posted(
        self,
        data: AsyncIterator[bytes],
        failures: Failures,
        query: Mapping[str, str],
        content_type: str,
    ) -> Any:
        headers = {"Content-Type": content_type}
        try:
            async with self._link.request("POST", "/api/files", data, query, headers) as response:
                return parsed(await response.read())
        except ServerUnreachable:
            for failure in failures:  # it was cut because there was nothing to send
                raise failure from None
            raise

    def _stored(self, entry: Mapping[str, Any], folder: Folder) -> F:
        path = entry["path"]
        place = _place(folder, path)
        return self._made(entry["name"], path, entry["media_type"], entry["bytes"], place)

    def _made(self, name: str, path: str, media_type: str, size: int, place: str) -> F:
        url = self._link.address.base + place
        return self._make_file(name, path, media_type, size, url, self._link)


def _place(folder: str, path: str) -> str:
    return f"/api/files/{folder}/{quote(path)}"


def _opened(path: Path | str) -> BinaryIO:
    try:
        return Path(path).expanduser().open("rb")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidWorkflow(
            Problem("unreadable_file", f"{path} can't be read: {reason}")
        ) from None


async def folder_form(folder: Path, boundary: str, failures: Failures) -> AsyncIterator[bytes]:
    """The files of a folder as a form (RFC 7578), read one after another.

    Args:
        failures: Gets why a file can't be sent.
    """
    empty = True
    try:
        for path in sorted(folder.rglob("*")):
            names = path.relative_to(folder).parts
            if not path.is_file() or any(name.startswith(".") for name in names):
                continue
            with _opened(path) as stream:
                yield _part_head(boundary, "/".join(names))
                async for piece in _pieces(stream, []):
                    yield piece
                yield b"\r\n"
            empty = False
        if empty:
            problem = Problem("unreadable_file", f"{folder} can't be read: it holds no file")
            raise InvalidWorkflow(problem)
    except Exception as failure:
        failures.append(failure)
        raise
    yield f"--{boundary}--\r\n".encode()


def _part_head(boundary: str, name: str) -> bytes:
    try:
        if not name.isprintable():
            raise UnicodeError
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
    except UnicodeError:
        raise InvalidWorkflow(
            Problem("bad_name", f"{name!r} can't be the name of a file on a server")
        ) from None


async def _pieces(stream: BinaryIO, failures: Failures) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(stream.read, PIECE_BYTES):
            yield memoryview(piece).tobytes()  # a TypeError for text
    except Exception as failure:
        failures.append(failure)
        raise
