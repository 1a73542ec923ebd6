"""What the training stages share: a time budget, averaged weights, checkpoints and a log."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn


class Budget:
    """A wall-clock budget that survives restarts; it drives the learning rate."""

    def __init__(self, seconds: float, used: float = 0.0) -> None:
        self.seconds = seconds
        self._used = used
        self._start = time.monotonic()

    @property
    def used(self) -> float:
        """Seconds spent so far, earlier runs included."""
        return self._used + time.monotonic() - self._start

    @property
    def progress(self) -> float:
        """The share of the budget that is spent, 0..1."""
        return min(1.0, self.used / self.seconds)

    def learning_rate(self, peak: float, step: int, warmup: int = 200) -> float:
        """Linear warm-up over ``warmup`` steps; cosine to 1% of ``peak`` at the budget's end."""
        cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self.progress))
        return peak * min(1.0, (step + 1) / warmup) * cosine


class Average:
    """An exponential moving average of a module's parameters, with a ramp at the start."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.shadow = {
            name: value.detach().clone().float() for name, value in module.named_parameters()
        }

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move the average towards the module's present parameters."""
        weight = 1.0 - min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(
            list(self.shadow.values()), [value.detach() for value in module.parameters()], weight
        )

    def copy_to(self, module: nn.Module) -> None:
        """Write the averaged parameters into ``module``."""
        with torch.no_grad():
            for name, value in module.named_parameters():
                value.copy_(self.shadow[name])


def save(path: Path, **state: Any) -> None:
    """Write a checkpoint beside its place, then rename it: nobody ever reads half of one."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def load(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint, or return None where there is none."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def log(work: Path, stage: str, **figures: Any) -> None:
    """Print one line of figures and append it to ``work/<stage>.jsonl``."""
    line = json.dumps({"time": time.strftime("%H:%M:%S"), **figures})
    print(stage, line, flush=True)
    with (work / f"{stage}.jsonl").open("a") as file:
        file.write(line + "\n")
