"""What the cache and the model pool do besides the nodes: loads, moves, evictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["load", "move", "evict", "drop", "read", "write"]


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that was done with a value or with the weights of a model.

    Attributes:
        kind: ``load`` weights from their file, ``move`` to another device, ``evict`` to a
            lower tier, ``drop`` from memory, ``read`` from the disk cache, ``write`` to it.
        name: Of the model; of a value, the beginning of its key in hexadecimal digits.
        began: Seconds since the epoch.
        seconds: How long it took.
        nbytes: Size of what it was done to.
        device: Where that lies, or lay before: ``cpu``, ``cuda:0``, ``disk``.
        to: Where it went; empty for nowhere.
    """

    kind: Kind
    name: str
    began: float
    seconds: float
    nbytes: int
    device: str
    to: str = ""


Observe = Callable[[Activity], None]
