"""How many bytes of weights lie on each device, with shared tensors counted once."""

from __future__ import annotations

from collections.abc import Iterable

from .reference import Piece


class Accounts:
    """Pieces held by any number of networks; not locked, its owner does that."""

    def __init__(self) -> None:
        self._holders: dict[tuple[int, str], int] = {}
        self._used: dict[str, int] = {}
        self._mapped: dict[str, int] = {}

    def add(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            key = piece[:2]
            holders = self._holders.get(key, 0)
            self._holders[key] = holders + 1
            if not holders:
                self._change(piece, 1)

    def remove(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            key = piece[:2]
            holders = self._holders[key] - 1
            if holders:
                self._holders[key] = holders
            else:
                del self._holders[key]
                self._change(piece, -1)

    def used(self, device: str) -> int:
        """Bytes that lie on a device."""
        return self._used.get(device, 0)

    def mapped(self, device: str) -> int:
        """Of these, pages of files."""
        return self._mapped.get(device, 0)

    def freed(self, pieces: Iterable[Piece], device: str) -> int:
        """Bytes that removing pieces, all of one holder, would free on a device."""
        return sum(p.nbytes for p in pieces if p.device == device and self._holders[p[:2]] == 1)

    def by_device(self) -> dict[str, int]:
        """Bytes per device that has any."""
        return {device: nbytes for device, nbytes in self._used.items() if nbytes}

    def _change(self, piece: Piece, sign: int) -> None:
        used = self._used.get(piece.device, 0) + sign * piece.nbytes
        self._used[piece.device] = used
        if piece.mapped:
            mapped = self._mapped.get(piece.device, 0) + sign * piece.nbytes
            self._mapped[piece.device] = mapped
