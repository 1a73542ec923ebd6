"""Which tensors are pages of a file, as the system itself says."""

from __future__ import annotations

import bisect
import ctypes
import os
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

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
        path = self._range(tensor.data_ptr())[2]
        if path and path not in self._stats:
            self._stats[path] = _stat(path)
        return bool(path)

    def _range(self, address: int) -> tuple[int, int, str]:
        at = bisect.bisect_right(self._starts, address) - 1
        if at < 0 or address >= self._ranges[at][1]:
            return 0, 0, ""
        return self._ranges[at]

    def release(self, tensor: torch.Tensor, unless: torch.Tensor | None = None) -> None:
        """Give the pages of a tensor back to the system, which reads them again if they are
        wanted after all; for one that was copied, ``unless`` the copy is the tensor itself.
        """
        if unless is not None and unless.data_ptr() == tensor.data_ptr():
            return
        self.release_all((tensor,))

    def release_all(self, tensors: Iterable[torch.Tensor]) -> None:
        """Give back the pages of many; those that two of them share are whole ones, too."""
        ranges = sorted(self._extent(tensor) for tensor in tensors if self.hold(tensor))
        at = 0
        while at < len(ranges):
            begin, end = ranges[at]
            at += 1
            while at < len(ranges) and ranges[at][0] <= end:
                end = max(end, ranges[at][1])
                at += 1
            _give_back(begin, end)

    def _extent(self, tensor: torch.Tensor) -> tuple[int, int]:
        """The addresses of a tensor that are its file's."""
        begin = tensor.data_ptr()
        end = begin + tensor.numel() * tensor.element_size()
        return begin, min(end, self._range(begin)[1])

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


_DONTNEED = 4
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _give_back(begin: int, end: int) -> None:
    """Whole pages only: those at the ends are shared with the tensors beside."""
    begin, end = -(-begin // _PAGE) * _PAGE, end // _PAGE * _PAGE
    if end > begin:
        _libc().madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _DONTNEED)


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
