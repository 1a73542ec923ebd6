"""Saving what a run made: each named output as files of its type.

A run gets a folder of its own under the output folder. Files are written aside and moved
to their place when an output is whole, so nothing half-written is ever seen and nothing is
ever overwritten.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import time
import unicodedata
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cache.codec import Codec, NotStorable
from .plain import is_plain, to_json
from .problems import GraphgenError, NodeError, Problem
from .types import Types
from .workflow import Workflow
from .workspace import PARTIAL_PREFIX

NAME_BYTES = 80
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


@dataclass(frozen=True)
class SavedOutput:
    """A named output that was saved.

    Attributes:
        name: Name of the output.
        paths: Files, in the order of the items they hold.
        values: The output as JSON data where it is plain data, as a list of one or, for a
            list, of its items; None where only files can hold it.
    """

    name: str
    paths: list[Path]
    values: list[Any] | None = None


@dataclass
class SavedRun:
    """What was saved of a run.

    Attributes:
        folder: Where it lies; None if there was nothing to save.
        outputs: What was saved, in the order of the workflow's outputs.
        errors: What could not be saved, and why.
    """

    folder: Path | None = None
    outputs: list[SavedOutput] = field(default_factory=list)
    errors: list[GraphgenError] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        return [problem for error in self.errors for problem in error.problems]


class OutputSaver:
    """Writes named outputs.

    Args:
        types: Say how values are saved: by ``TypeSpec.save``; a type without it as
            ``.safetensors``, in the form that the cache gives it.
        folder: Folders of runs are made in here.
        metadata: Text for files that can hold it, such as the workflow.
    """

    def __init__(
        self, types: Types, folder: Path, metadata: Mapping[str, str] | None = None
    ) -> None:
        self._types = types
        self._codec = Codec(types)
        self._root = folder
        self._metadata = dict(metadata or {})

    def save(self, title: str, outputs: Mapping[str, Any], folder: Path | None = None) -> SavedRun:
        """Save outputs by name in ``folder``, or in a new one named after the time and
        ``title``.

        An output that can't be saved is an error of the result; the others are saved.
        """
        saved = SavedRun()
        if not outputs:
            return saved
        try:
            if folder is None:
                folder = new_folder(self._root, title)
            else:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            saved.errors.append(GraphgenError(write_problem(error, folder or self._root)))
            return saved
        for name, value in outputs.items():
            try:
                saved.outputs.append(self._save_output(folder, name, value))
            except GraphgenError as error:
                saved.errors.append(error)
        if any(output.paths for output in saved.outputs):
            saved.folder = folder
        else:
            with suppress(OSError):
                folder.rmdir()  # unless a node wrote something there
        return saved

    def _save_output(self, folder: Path, name: str, value: Any) -> SavedOutput:
        try:
            with _Staging(folder, safe_name(name, "output"), self._metadata) as staging:
                values = self._write(value, staging)
                return SavedOutput(name, staging.publish(), values)
        except NotStorable as error:
            problem = Problem(
                "not_saveable",
                f"the output {name!r} can't be saved: {error}",
                hint="end the workflow with a node that turns it into something with a file form",
            )
        except NodeError as error:
            problem = Problem(error.code, f"the output {name!r}: {error}", hint=error.hint)
        except OSError as error:
            problem = write_problem(error, folder / name)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            problem = Problem("save_failed", f"the output {name!r} can't be saved: {cause}")
            raise GraphgenError(problem) from error
        raise GraphgenError(problem)

    def _write(self, value: Any, target: _Staging) -> list[Any] | None:
        """Write a value as files; gives it back if it is plain data."""
        if isinstance(value, str):
            _write_text(target.path(".txt"), value)
            return [value]
        if is_plain(value):
            plain = to_json(value)
            text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)
            _write_text(target.path(".json"), text + "\n")
            return plain if isinstance(plain, list) else [plain]
        if isinstance(value, (list, tuple)):
            for item in value:
                self._write(item, target)
            return None
        if isinstance(value, Workflow):
            value.write(target.path(".json"))
            return None
        spec = self._types.by_class.get(type(value))
        if spec is not None and spec.save is not None:
            spec.save(value, target)
        else:
            target.path(".safetensors").write_bytes(self._codec.encode(value))
        return None


class _Staging:
    """The ``SaveTarget`` of one output: files are written under other names beside their
    place."""

    def __init__(self, folder: Path, stem: str, metadata: Mapping[str, str]) -> None:
        self._folder = folder
        self._stem = stem
        self.metadata = metadata
        self._aside = folder / f"{PARTIAL_PREFIX}{secrets.token_hex(6)}"
        self._written: list[tuple[Path, str]] = []
        self._grouped: list[Path] = []

    def __enter__(self) -> _Staging:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            for path, _suffix in self._written:
                path.unlink(missing_ok=True)
            shutil.rmtree(self._aside, ignore_errors=True)

    def path(self, suffix: str, *, folder: bool = False) -> Path:
        if not re.fullmatch(r"(\.\w+)+", suffix):
            raise ValueError(f"a suffix is like .png or .nii.gz, not {suffix!r}")
        if folder:
            self._aside.mkdir(exist_ok=True)
            self._grouped.append(self._aside / f"{len(self._grouped) + 1:04}{suffix}")
            return self._grouped[-1]
        path = Path(f"{self._aside}-{len(self._written)}{suffix}")
        self._written.append((path, suffix))
        return path

    def publish(self) -> list[Path]:
        """Move what was written to its place: ``image.png``, or ``image-01.png`` and on;
        what forms a folder, at once."""
        for path in (*(path for path, _ in self._written), *self._grouped):
            with open(path, "rb") as stream:
                os.fsync(stream.fileno())  # a full disk may show only here
        totals = Counter(suffix for _, suffix in self._written)
        counts: Counter[str] = Counter()
        published = []
        for path, suffix in self._written:
            counts[suffix] += 1
            stem = self._stem
            if totals[suffix] > 1:
                width = max(2, len(str(totals[suffix])))
                stem = f"{stem}-{counts[suffix]:0{width}}"
            target = free_path(self._folder, stem, suffix)
            os.replace(path, target)
            published.append(target)
        if self._grouped:
            place = free_path(self._folder, self._stem, "")
            os.rename(self._aside, place)
            published += [place / path.name for path in self._grouped]
        return published


def folder_name(title: str, moment: float) -> str:
    """Such as ``20251122-051233-text-to-image``; ``moment`` is seconds since the epoch."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(moment))}-{slug(title)}"


def new_folder(root: Path, title: str) -> Path:
    """A new folder such as ``20251122-051233-text-to-image``."""
    root.mkdir(parents=True, exist_ok=True)
    stem = folder_name(title, time.time())
    number = 1
    while True:
        folder = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            continue
        return folder


def write_problem(error: OSError, path: Path) -> Problem:
    """The problem to show when something can't be written."""
    if error.errno in _NO_ROOM:
        return Problem(
            "disk_full",
            f"there is no room to write {path}: {error.strerror}",
            hint="free some space, or save to another folder",
        )
    reason = error.strerror or str(error)
    return Problem("write_failed", f"{path} can't be written: {reason}")


def safe_name(name: str, otherwise: str) -> str:
    """A file name, without its ending, that every file system takes."""
    text = unicodedata.normalize("NFC", name)
    text = "".join(c if c.isalnum() or c in "._-" else "-" for c in text)
    text = text.encode("utf-8", "ignore")[:NAME_BYTES].decode("utf-8", "ignore").strip("-.")
    return f"_{text}" if _RESERVED.match(text.split(".", 1)[0]) else text or otherwise


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def slug(title: str) -> str:
    """``Text to image`` to ``text-to-image``."""
    return re.sub("-+", "-", safe_name(title.lower(), "workflow"))


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """A path in a folder that is not taken: ``image.png``, or ``image-2.png`` and on."""
    path, number = folder / f"{stem}{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path
