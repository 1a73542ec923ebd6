"""What the tests of the cache keep: port types, a stand-in for a tensor on a device, and
a strict comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from graphgen import TypeSpec
from graphgen.types import Types


@dataclass(frozen=True, eq=False)
class Image:
    """A picture."""

    pixels: Any
    note: str = ""


@dataclass(frozen=True)
class Spacing:
    """A part of a volume."""

    millimetres: tuple[float, ...]


@dataclass(frozen=True)
class Volume:
    """A volume with a part of its own."""

    data: Any
    spacing: Spacing


@dataclass(frozen=True)
class Live:
    """What must not be written to disk."""

    handle: Any = None


@dataclass(frozen=True)
class Checked:
    """What checks itself when it is made."""

    size: int

    def __post_init__(self) -> None:
        if not isinstance(self.size, int) or self.size < 0:
            raise ValueError("size must not be negative")


def types() -> Types:
    return Types(
        [
            TypeSpec(Image),
            TypeSpec(Volume, parts=(Spacing,)),
            TypeSpec(Live, stored=False),
            TypeSpec(Checked),
        ]
    )


class FakeTensor:
    """A tensor in the memory of a device."""

    dtype = "float32"

    def __init__(self, nbytes: int, device: str = "fake:0") -> None:
        self.nbytes = nbytes
        self.device = device
        self.shape = (nbytes // 4,)

    def cpu(self) -> FakeTensor:
        return FakeTensor(self.nbytes, "cpu")


def same(a: Any, b: Any) -> bool:
    """Equal in type, structure and every bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (
            a == b and math.copysign(1, a) == math.copysign(1, b)
        )
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            same(k, other) and same(v, w)
            for (k, v), (other, w) in zip(a.items(), b.items(), strict=True)
        )
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if hasattr(a, "untyped_storage"):
        import torch

        raw = [t.contiguous().reshape(-1).view(torch.uint8) if t.numel() else t for t in (a, b)]
        return a.dtype == b.dtype and a.shape == b.shape and bool((raw[0] == raw[1]).all())
    if is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return bool(a == b)
