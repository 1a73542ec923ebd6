"""How a node gets by with less memory, once it has run out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Means = Literal["offload", "tile", "split"]
MEANS: tuple[Means, ...] = ("offload", "tile", "split")
"""What a node can do about its memory, in the order in which it is asked for."""


@dataclass(frozen=True, slots=True)
class Economy:
    """A plan for one call of a node; ``ctx.economy``.

    Attributes:
        offload: Models stay in host memory, and follow to the device layer by layer.
        tile: Tiles have one in so many of their usual edge, or of the picture's.
        split: A batch is computed in so many parts.
    """

    offload: bool = False
    tile: int = 1
    split: int = 1

    @property
    def exact(self) -> bool:
        """Whether the values are those of a node with all the memory it wants, but for the
        rounding of batched kernels. A network sees less of a picture in smaller tiles."""
        return self.tile == 1


AMPLE = Economy()
"""The plan of a node that has all the memory it wants."""
