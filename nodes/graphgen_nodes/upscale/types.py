"""Port type of upscaling networks."""

from __future__ import annotations

from dataclasses import dataclass

from graphgen import ModelRef


@dataclass(frozen=True)
class UpscaleModel:
    """A network that makes pictures of pictures: larger ones, or better ones of the same size.

    Attributes:
        ref: Its weights, read by the loader ``spandrel/image``.
        name: What the model library calls it.
        scale: How many times as wide and high its pictures are; 1 restores.
        channels: Of the pictures that it takes: 1 grey, 3 RGB, 4 RGBA.
    """

    ref: ModelRef
    name: str
    scale: int
    channels: int
