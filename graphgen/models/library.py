"""The model library: names to files and folders on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from ..problems import NodeError

WEIGHT_SUFFIXES = frozenset({".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".ts", ".zip"})
_MARKS = ("model_index.json", "config.json", "configs/metadata.json")


class ModelLibrary:
    """Models by name: those that packs bring, and those in the user's folders.

    A model is a folder that holds ``model_index.json``, ``config.json`` (the layout of diffusers
    and transformers) or ``configs/metadata.json`` (that of MONAI bundles), or one file of
    weights.
    """

    def __init__(
        self, folders: Iterable[Path] = (), packaged: Mapping[str, Path] | None = None
    ) -> None:
        self.folders = [Path(folder).absolute() for folder in folders]
        self.packaged = dict(packaged or {})
        self._roots = [os.path.join(os.path.normpath(folder), "") for folder in self.folders]

    def find(self, name: str, folder: str = "") -> Path:
        """The file or folder of a model.

        Args:
            name: As listed by ``names``; the user's folders come before the packs' models.
            folder: A sub-folder that is looked in first.

        Raises:
            NodeError: ``missing_model``, with the nearest names that exist.
        """
        for root in self._roots:  # in text, as every run looks; pathlib takes ten times as long
            for base in dict.fromkeys((os.path.join(root, folder, ""), root)):
                # Symbolic links are followed: people keep large models elsewhere.
                path = os.path.normpath(base + name)
                if path.startswith(base) and _exists(path):
                    return Path(path)
        if name in self.packaged:
            return self.packaged[name]
        near = get_close_matches(name, self.names(), n=3, cutoff=0.4)
        looked = ", ".join(str(root) for root in self.folders) or "no folder of your own"
        hint = f"looked in {looked}"
        if near:
            hint = f"did you mean {' or '.join(near)}? " + hint
        raise NodeError(f"there is no model named {name!r}", code="missing_model", hint=hint)

    def names(self) -> list[str]:
        """Every model's name, sorted."""
        return sorted(self.entries())

    def entries(self) -> dict[str, Path]:
        """Every model by name; one of the user's hides a pack's of the same name."""
        found = dict(self.packaged)
        for root in reversed(self.folders):
            if root.is_dir():
                found.update(_models_under(root))
        return found


def model_bytes(path: Path) -> int:
    """Size on disk of a model's file, or of all in its folder."""
    members = path.rglob("*") if path.is_dir() else (path,)
    return sum(_file_bytes(member) for member in members)


def _file_bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # removed in this moment, or not ours to look at
        return 0


def _exists(path: str) -> bool:
    try:
        return os.path.exists(path)
    except ValueError:  # no name that the system takes
        return False


def _models_under(root: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    pending: list[tuple[Path, frozenset[tuple[int, int]]]] = [(root, frozenset())]
    while pending:
        folder, around = pending.pop()
        try:
            stat, entries = folder.stat(), list(folder.iterdir())
        except OSError:  # not ours to read, such as lost+found, or removed in this moment
            continue
        here = stat.st_dev, stat.st_ino
        if here in around:  # a link leads in a circle
            continue
        for entry in entries:
            if os.path.isdir(entry):  # pathlib raises where it may not look
                if _is_model_folder(entry):
                    found[entry.relative_to(root).as_posix()] = entry
                else:
                    pending.append((entry, around | {here}))
            elif entry.suffix in WEIGHT_SUFFIXES:
                found[entry.relative_to(root).as_posix()] = entry
    return found


def _is_model_folder(folder: Path) -> bool:
    return any(os.path.isfile(folder / name) for name in _MARKS)
