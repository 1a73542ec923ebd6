"""The files of a bundle, wherever they lie: a folder, a zip archive of one, or a TorchScript file
that MONAI exported with the configuration inside."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from graphgen import NodeError

METADATA = ("configs/metadata.json", "metadata.json")
INFERENCE = (
    "configs/inference.json",
    "configs/inference.yaml",
    "configs/inference.yml",
    "inference.json",
    "inference.yaml",
    "inference.yml",
)
WEIGHTS = ("models/model.safetensors", "models/model.pt")
PROGRAM = "models/model.ts"
MOST_TEXT = 8 * 2**20
MOST_WEIGHTS = 8 * 2**30
_UNSOUND = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class BundleFiles(Protocol):
    """What a bundle holds."""

    @property
    def name(self) -> str:
        """For messages."""

    def text(self, names: tuple[str, ...]) -> tuple[str, bytes] | None:
        """The first of these files that is there, with its name."""

    def weights(self, name: str) -> Path | BinaryIO | None:
        """A file of weights."""


class Folder:
    """A bundle as it lies in a folder."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name

    def text(self, names: tuple[str, ...]) -> tuple[str, bytes] | None:
        for name in names:
            file = self.path / name
            if file.is_file():
                _check_size(self.name, name, file.stat().st_size, MOST_TEXT)
                return name, file.read_bytes()
        return None

    def weights(self, name: str) -> Path | None:
        file = self.path / name
        return file if file.is_file() else None


class Archive:
    """A zip archive of a bundle, or a TorchScript file, which is one as well. Read in memory:
    nothing is unpacked."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        with zipfile.ZipFile(path) as archive:
            self._sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        self._root = self._find_root()

    @property
    def is_program(self) -> bool:
        """Whether the archive is TorchScript itself."""
        return any(PurePosixPath(name).name == "constants.pkl" for name in self._sizes)

    def text(self, names: tuple[str, ...]) -> tuple[str, bytes] | None:
        for name in names:
            if self._root + name in self._sizes:
                return name, self._read(name, MOST_TEXT)
        return None

    def weights(self, name: str) -> Path | BinaryIO | None:
        if self.is_program:
            return self.path if name == PROGRAM else None
        if self._root + name not in self._sizes:
            return None
        return io.BytesIO(self._read(name, MOST_WEIGHTS))

    def _find_root(self) -> str:
        """What stands before the names: archives often hold the bundle's folder, and
        TorchScript keeps such files in ``NAME/extra/``."""
        found = [
            name.removesuffix(ending)
            for name in self._sizes
            for ending in METADATA
            if name == ending or name.endswith(f"/{ending}")
        ]
        return min(found, key=len, default="")

    def _read(self, name: str, most: int) -> bytes:
        _check_size(self.name, name, self._sizes[self._root + name], most)
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self._root + name)
        except _UNSOUND as error:
            raise refused(self.name, f"{name} in it is damaged or encrypted") from error


def open_bundle(path: Path) -> BundleFiles:
    """The bundle at a path.

    Raises:
        NodeError: It is none.
    """
    files: BundleFiles | None = None
    if path.is_dir():
        files = Folder(path)
    elif zipfile.is_zipfile(path):
        try:
            files = Archive(path)
        except _UNSOUND as error:
            raise refused(path.name, f"its archive is damaged: {error}") from error
    if files is None or files.text(METADATA) is None:
        raise refused(path.name, "it holds no metadata.json")
    return files


def refused(name: str, reason: str, hint: str | None = None) -> NodeError:
    """What to say of a bundle that can't be used."""
    return NodeError(
        f"{name} can't be used as a MONAI bundle: {reason}",
        hint=hint
        or "expected a bundle's folder or zip (configs/metadata.json, configs/inference.json, "
        "models/model.pt), or a .ts file that MONAI exported with both",
        port="model",
        code="wrong_model",
    )


def _check_size(bundle: str, name: str, size: int, most: int) -> None:
    if size > most:
        raise refused(bundle, f"{name} has {size / 2**20:,.0f} MiB, more than anyone needs")
