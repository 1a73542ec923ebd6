"""Cutting a picture into overlapping tiles, and how much each tile counts where they overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Span:
    """One tile along one axis: where it starts and how long it is, in pixels of the input."""

    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + self.length


def spans(length: int, tile: int, overlap: int, multiple: int = 1) -> list[Span]:
    """Tiles of at most ``tile`` pixels that cover an axis and share ``overlap`` or a little more.

    All start at a multiple of ``multiple``, as networks that work in windows need to give
    the same values in every tile, and are larger where that leaves no room for the overlap.
    The last one ends with the axis.
    """
    tile = max(tile // multiple, 1 - (-overlap // multiple)) * multiple
    if length <= tile:
        return [Span(0, length)]
    step = (tile - overlap) // multiple * multiple
    starts = range(0, length - tile + step, step)
    return [Span(start, min(tile, length - start)) for start in starts]


def weights(tiles: list[Span], overlap: int, scale: int) -> list[torch.Tensor]:
    """For each tile, how much each of its output pixels counts, float32; they add up to 1.

    Within an overlap the outer quarter of a tile counts nothing, since a network sees least
    of the picture there; between the quarters it fades linearly to its neighbour.
    """
    import torch

    length = tiles[-1].end * scale
    outer = overlap * scale / 4
    fade = max(overlap * scale / 2, 1.0)
    kept: list[torch.Tensor] = []
    total = torch.zeros(length, dtype=torch.float64)
    for index, tile in enumerate(tiles):
        place = torch.arange(tile.length * scale, dtype=torch.float64) + 0.5
        weight = torch.ones_like(place)
        if index > 0:
            weight = torch.minimum(weight, ((place - outer) / fade).clamp(0, 1))
        if index < len(tiles) - 1:
            weight = torch.minimum(weight, ((place.flip(0) - outer) / fade).clamp(0, 1))
        kept.append(weight)
        total[tile.start * scale : tile.end * scale] += weight
    return [
        (weight / total[tile.start * scale : tile.end * scale]).float()
        for tile, weight in zip(tiles, kept, strict=True)
    ]
