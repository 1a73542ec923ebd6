"""Noise, drawn on the CPU with one generator per picture."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def draw(generators: Sequence[torch.Generator], shape: tuple[int, ...]) -> torch.Tensor:
    """Standard normal float32 ``[len(generators), *shape]``, row i from generator i.

    A row is the same whatever the batch that it is drawn in.
    """
    # The default dtype is the process', and whoever loads a model changes it for a moment.
    rows = [torch.randn((1, *shape), generator=g, dtype=torch.float32) for g in generators]
    return torch.cat(rows)
