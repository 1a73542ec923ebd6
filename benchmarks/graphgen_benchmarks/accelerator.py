"""What benchmarks on an accelerator share: which one, its memory, and seconds that are its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from graphgen.devices import HOST, default_device, wait


class NoDevice(Exception):
    """A part needs a device that the machine, or torch, does not have."""


def accelerator() -> str:
    """The device that graphgen takes by itself.

    Raises:
        NoDevice: It is the CPU.
    """
    device = default_device()
    if device == HOST:
        raise NoDevice("torch sees no CUDA or ROCm device")
    return device


def on(device: str) -> str:
    """`` on DEVICE``, for names of figures; nothing for the CPU."""
    return "" if device == HOST else f" on {_module(device).get_device_name(device)}"


def allocated(device: str) -> int:
    """Bytes that tensors have on a device; 0 for the CPU."""
    return 0 if device == HOST else int(_module(device).memory_allocated(device))


def peak(device: str) -> int:
    """The most that ``allocated`` has been in this process."""
    return 0 if device == HOST else int(_module(device).max_memory_allocated(device))


def clocked_on(device: str, work: Callable[[], object]) -> float:
    """Seconds until the device has done what it is asked for by a call."""
    wait(device)
    began = time.perf_counter()
    kept = work()
    wait(device)
    seconds = time.perf_counter() - began
    del kept
    return seconds


def _module(device: str) -> Any:
    import torch

    return torch.get_device_module(device)
