"""Which tensors are pages of a file, as the system itself says."""

from __future__ import annotations

import bisect
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_MAPS = "/proc/self/maps"


class MappedFiles:
    """The files that tensors are mapped from. Where the system does not say (it is no
    Linux), no tensor counts as mapped, and all are copied back from devices."""

    def __init__(self) -> None:
        self._ranges = _ranges()
        self._starts = [begin for begin, _, _ in self._ranges]
        self._stats: dict[str, tuple[int, ...]] = {}

    def hold(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor lies in a file's pages; the file is watched from then on."""
        if hasattr(tensor, "__tensor_flatten__") or tensor.device.type != "cpu":
            return False
        address = tensor.data_ptr()
        at = bisect.bisect_right(self._starts, address) - 1
        if at < 0 or address >= self._ranges[at][1]:
            return False
        path = self._ranges[at][2]
        if path not in self._stats:
            self._stats[path] = _stat(path)
        return True

    def changed(self) -> bool:
        """Whether a file was written to in place. One that was removed, or replaced by
        another of its name, lives on for as long as it is mapped."""
        for path, known in self._stats.items():
            now = _stat(path)
            if now[:2] == known[:2] and now != known:
                return True
        return False


def _stat(path: str) -> tuple[int, ...]:
    try:
        stat = os.stat(path)
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _ranges() -> list[tuple[int, int, str]]:
    """Address ranges that are mapped from files, in order."""
    try:
        with open(_MAPS, encoding="utf-8", errors="surrogateescape") as lines:
            found = []
            for line in lines:
                parts = line.rstrip("\n").split(maxsplit=5)
                if len(parts) == 6 and parts[5].startswith("/") and parts[4] != "0":
                    begin, _, end = parts[0].partition("-")
                    found.append((int(begin, 16), int(end, 16), parts[5]))
            return found
    except OSError:
        return []
