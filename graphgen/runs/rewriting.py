"""Files of outputs that were written before: the same value in a run of the same workflow
and inputs is written again as it was, without being encoded anew."""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..workspace import PARTIAL_PREFIX

BUDGET = 32 << 20
LARGEST = 2 << 20
"""Bytes of an output's files; larger ones are not kept in memory."""


class _Known(NamedTuple):
    value: weakref.ref[Any]
    files: Sequence[tuple[str, bytes]]
    size: int


class Rewriting:
    """Remembers files by the value that they hold, for as long as that lives. For any thread.

    Args:
        budget: Bytes of files that are kept; those that were not used for longest go first.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._known: OrderedDict[tuple[int, Hashable], _Known] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def write(self, value: Any, key: Hashable, folder: Path) -> list[Path] | None:
        """Write the files of a value into a folder; None if they are not known, or one of
        their names is taken.

        Args:
            key: What else is in the files: the workflow that they carry.
        """
        with self._lock:
            known = self._known.get((id(value), key))
            if known is None or known.value() is not value:
                return None
            self._known.move_to_end((id(value), key))
        paths = [folder / name for name, _ in known.files]
        folder.mkdir(parents=True, exist_ok=True)
        if any(path.exists() for path in paths):
            return None
        for path, (_, data) in zip(paths, known.files, strict=True):
            aside = folder / f"{PARTIAL_PREFIX}{secrets.token_hex(6)}"
            try:
                with aside.open("wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                aside.rename(path)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
        return paths

    def remember(self, value: Any, key: Hashable, paths: Sequence[Path]) -> None:
        """Keep what was just written for a value, unless it is much."""
        try:
            reference = weakref.ref(value)
            if not paths or sum(path.stat().st_size for path in paths) > LARGEST:
                return
            files = [(path.name, path.read_bytes()) for path in paths]
        except (TypeError, OSError):  # nothing that can be told from its successor
            return
        size = sum(len(data) for _, data in files)
        with self._lock:
            self._forget((id(value), key))
            self._known[id(value), key] = _Known(reference, files, size)
            self._size += size
            while self._size > self._budget:
                self._forget(next(iter(self._known)))

    def _forget(self, place: tuple[int, Hashable]) -> None:
        known = self._known.pop(place, None)
        if known is not None:
            self._size -= known.size
