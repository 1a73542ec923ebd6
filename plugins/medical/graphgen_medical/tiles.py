"""Slices as tiles of a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .types import Volume

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLOURS = ((230, 80, 60), (70, 150, 240), (90, 200, 110), (240, 190, 60), (180, 110, 220))
"""Of labels, again from the first after the last."""


def pick_slices(depth: int, count: int) -> list[int]:
    """Indices of ``count`` evenly spaced slices; of all of them for 0 or more than there are."""
    if count <= 0 or count >= depth:
        return list(range(depth))
    return [int((n + 0.5) * depth / count) for n in range(count)]


def tile_size(volume: Volume, edge: int) -> tuple[int, int]:
    """Height and width in pixels of a slice whose longer side is ``edge``, in proportion to
    its size in millimetres."""
    x, y, _ = volume.spacing
    width, height, _ = volume.size
    mm_wide, mm_high = width * x, height * y
    scale = edge / max(mm_wide, mm_high)
    return (max(1, round(mm_high * scale)), max(1, round(mm_wide * scale)))


def resized(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Grey values at another size: averaged when smaller, interpolated when larger."""
    import numpy as np
    from PIL import Image

    if picture.shape == (height, width):
        return picture
    smaller = height <= picture.shape[0] and width <= picture.shape[1]
    if smaller and picture.shape[0] % height == 0 and picture.shape[1] % width == 0:
        factors = (picture.shape[1] // width, picture.shape[0] // height)
        return np.asarray(Image.fromarray(picture).reduce(factors))
    method = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(picture).resize((width, height), method))


def outlines(labels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The labels at a tile's size, their inner edges only."""
    import numpy as np
    from PIL import Image

    near = Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST)
    padded = np.pad(np.asarray(near), 1)
    middle = padded[1:-1, 1:-1]
    inside = (
        (padded[:-2, 1:-1] == middle)
        & (padded[2:, 1:-1] == middle)
        & (padded[1:-1, :-2] == middle)
        & (padded[1:-1, 2:] == middle)
    )
    return np.where(inside, 0, middle).astype(np.uint8)


def lay_out(tiles: Sequence[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Tiles of one size in rows, the first at the top left; what is left over is black."""
    import numpy as np

    height, width = tiles[0].shape
    columns = min(columns, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    sheet = np.zeros((rows * height, columns * width), np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // columns * height, number % columns * width
        sheet[top : top + height, left : left + width] = tile
    return sheet


def coloured(grey: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey values as RGB, with labels in their colours on top."""
    import numpy as np

    sheet = np.repeat(grey[:, :, None], 3, axis=2)
    for label in np.unique(labels[labels > 0]):
        sheet[labels == label] = COLOURS[(int(label) - 1) % len(COLOURS)]
    return sheet
