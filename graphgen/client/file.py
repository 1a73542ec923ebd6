"""Files on the server."""

from __future__ import annotations

import asyncio
import builtins
import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Generic, TypeVar

from ..outputs import free_path, safe_name
from ..workspace import atomic_file
from .link import Link
from .portal import Portal, blocking

FOLDER_TYPE = "inode/directory"


@dataclass(frozen=True)
class FileInfo:
    """What is known of a file on the server.

    Attributes:
        name: Without folders, such as ``image.png``.
        path: What workflows on the server call it by, such as
            ``20251122-051233-text-to-image-3fa2b1c4/image.png``.
        media_type: Such as ``image/png``; ``inode/directory`` for a folder.
        size: In bytes.
        url: Where it is served, to those who show the token if the server wants one.
    """

    name: str
    path: str
    media_type: str
    size: int
    url: str
    _link: Link = field(repr=False, compare=False)

    @property
    def is_folder(self) -> bool:
        return self.media_type == FOLDER_TYPE

    async def _bytes(self) -> bytes:
        """The whole content."""
        return b"".join([piece async for piece in self._link.pieces(self._place)])

    async def _text(self) -> str:
        """The whole content, which is UTF-8 text."""
        return (await self._bytes()).decode("utf-8-sig")

    async def _json(self) -> Any:
        """The whole content as JSON data."""
        return json.loads(await self._bytes())

    async def _save(self, folder: Path | str = ".") -> Path:
        """Download into a folder, which is made if need be, under the file's name.

        Nothing is overwritten: if the name is taken, it is ``image-2.png``. Nothing is left
        behind if the download breaks.

        Returns:
            Where it is.
        """
        name = PurePosixPath(self.name)
        suffix = safe_name(name.suffix, "")
        stem = safe_name(name.stem, "file")
        target = free_path(Path(folder), stem, f".{suffix}" if suffix else "")
        await self._write(target)
        return target

    async def _write(self, path: Path | str) -> None:
        """Download to a path. A file that is there is replaced, once all of the new one has
        come."""
        with atomic_file(Path(path)) as temporary, temporary.open("wb") as stream:
            async for piece in self._link.pieces(self._place):
                await asyncio.to_thread(stream.write, piece)

    @property
    def _place(self) -> str:
        return self.url.removeprefix(self._link.address.base)


@dataclass(frozen=True)
class AsyncFile(FileInfo):
    """A file on the server, for async code."""

    bytes = FileInfo._bytes
    text = FileInfo._text
    json = FileInfo._json
    save = FileInfo._save
    write = FileInfo._write


@dataclass(frozen=True)
class File(FileInfo):
    """A file on the server."""

    _portal: Portal = field(repr=False, compare=False)

    bytes = blocking(FileInfo._bytes)
    text = blocking(FileInfo._text)
    json = blocking(FileInfo._json)
    save = blocking(FileInfo._save)
    write = blocking(FileInfo._write)

    @property
    def _core(self) -> FileInfo:
        return self


F = TypeVar("F", bound=FileInfo)


class _FileList(tuple[F, ...], Generic[F]):
    @property
    def only(self) -> F:
        """The file, if there is one and no more.

        Raises:
            ValueError: There are several, as of a batch of pictures.
        """
        if len(self) != 1:
            raise ValueError(f"there are {len(self)} files, not one: take them by index")
        return self[0]

    @property
    def name(self) -> str:
        """Name of the only file."""
        return self.only.name

    @property
    def url(self) -> str:
        """Address of the only file."""
        return self.only.url

    @property
    def media_type(self) -> str:
        """Media type of the only file."""
        return self.only.media_type


class AsyncFileList(_FileList[AsyncFile]):
    """The files of an output, in their order, for async code. An output of one file can be
    used as that file."""

    async def bytes(self) -> builtins.bytes:
        """Content of the only file."""
        return await self.only.bytes()

    async def save(self, folder: Path | str = ".") -> list[Path]:
        """Download all into a folder; returns where they are. See ``AsyncFile.save``."""
        return [await file.save(folder) for file in self]


class FileList(_FileList[File]):
    """The files of an output, in their order. An output of one file can be used as that
    file."""

    def bytes(self) -> builtins.bytes:
        """Content of the only file."""
        return self.only.bytes()

    def save(self, folder: Path | str = ".") -> list[Path]:
        """Download all into a folder; returns where they are. See ``File.save``."""
        return [file.save(folder) for file in self]
