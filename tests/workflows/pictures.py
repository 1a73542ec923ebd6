"""What the tests of the workflows measure on pictures: arrays ``[height, width, 3]``, 0..1."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray[Any, np.dtype[np.float64]]

# Degrees on the colour wheel, with room for the taste of a model.
HUES = {
    "red": (-30, 27),
    "yellow": (30, 57),
    "green": (58, 160),
    "blue": (175, 235),
    "purple": (250, 325),
}


def arrays(image: Any) -> list[Array]:
    """The pictures of a graphgen ``Image``."""
    return [picture.permute(1, 2, 0).double().numpy() for picture in image.pixels]


def array(image: Any) -> Array:
    """The only picture of an ``Image``."""
    (picture,) = arrays(image)
    return picture


def read(path: Path | str) -> Array:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.float64) / 255


def eight_bit(picture: Array) -> Array:
    """The picture as a PNG holds it."""
    return np.round(picture * 255) / 255


def distance(a: Array, b: Array) -> float:
    """Mean absolute difference."""
    return float(np.abs(a - b).mean())


def middle(picture: Array) -> Array:
    """The inner half, in width and height."""
    height, width = picture.shape[:2]
    return picture[height // 4 : -(height // 4), width // 4 : -(width // 4)]


def corners(picture: Array, edge: int = 6) -> list[float]:
    """Mean brightness of the four corners."""
    ends = slice(None, edge), slice(-edge, None)
    return [float(picture[y, x].mean()) for y in ends for x in ends]


def hue(picture: Array) -> tuple[float, float]:
    """Mean hue in degrees, -35..325, and how strong it is: 1 is one pure colour."""
    red, green, blue = np.moveaxis(picture, -1, 0)
    along = float((red - (green + blue) / 2).mean())
    across = float(((green - blue) * np.sqrt(3) / 2).mean())
    angle = np.degrees(np.arctan2(across, along))
    return float((angle + 35) % 360 - 35), float(np.hypot(along, across))


def colour(picture: Array) -> str:
    """The name of a picture's colour: one of ``HUES``, or grey."""
    angle, strength = hue(picture)
    if strength < 0.1:
        return "grey"
    names = (name for name, (low, high) in HUES.items() if low <= angle <= high)
    return next(names, f"{angle:.0f} degrees")


def sharpness(picture: Array) -> float:
    """Mean energy of the gradient."""
    down, across = np.diff(picture, axis=0), np.diff(picture, axis=1)
    return float((down**2).mean() + (across**2).mean())


def reduced(picture: Array, factor: int) -> Array:
    """The mean of each ``factor`` by ``factor`` pixels."""
    height, width, channels = picture.shape
    blocks = picture.reshape(height // factor, factor, width // factor, factor, channels)
    return blocks.mean(axis=(1, 3))


def cells(sheet: Array, edge: int, step: int, columns: int, rows: int) -> list[list[Array]]:
    """The pictures of a sheet without labels: right and lower ends are one gap away."""
    height, width = sheet.shape[:2]
    gap = step - edge
    left, top = width - columns * step, height - rows * step
    assert left >= gap
    assert top >= gap
    return [
        [
            sheet[top + y * step : top + y * step + edge, left + x * step : left + x * step + edge]
            for x in range(columns)
        ]
        for y in range(rows)
    ]


def ink(area: Array) -> int:
    """Dark pixels, as text has them."""
    return int((area.max(axis=-1) < 0.5).sum())


def looks_like_an_icon(picture: Array) -> bool:
    """Something on white: bright corners, and a middle that is neither white nor even."""
    return min(corners(picture)) > 0.85 and picture.std() > 0.1 and middle(picture).mean() < 0.92


def rising(values: list[float]) -> bool:
    return all(a < b for a, b in pairwise(values))
