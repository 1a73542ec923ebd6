"""Copies of tensors on other devices."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from .. import devices
from .values import is_tensor, mapped, parts

T = TypeVar("T")


def to_host(value: Any) -> Any:
    """The same value with every tensor in host memory. What comes from a device is put into
    pinned memory where torch has such, from which it goes back at full speed."""
    return mapped(value, _tensor_to_host)


def on_device(value: T, device: str, copy: Callable[[Any, str], Any] | None = None) -> T:
    """The same value with its torch tensors on a device; itself if they lie there already.
    NumPy arrays stay what they are.

    Args:
        copy: Gives the copy of a tensor on the device, which has its full name then.
    """
    device = devices.full_name(device)
    if all(_lies_on(part, device) for part in parts(value) if is_tensor(part)):
        return value
    make = copy or devices.to_device
    return mapped(
        value, lambda tensor: tensor if _lies_on(tensor, device) else make(tensor, device)
    )


def _lies_on(tensor: Any, device: str) -> bool:
    """Whether no copy is needed; NumPy arrays are for the host alone."""
    return not hasattr(tensor, "cpu") or str(tensor.device) == device


def _tensor_to_host(tensor: Any) -> Any:
    if _lies_on(tensor, devices.HOST):
        return tensor
    if hasattr(tensor, "is_pinned"):
        # What torch can't pin, for this kind of device or at all, is copied as ever.
        with contextlib.suppress(RuntimeError, NotImplementedError):
            return _pinned_like(tensor).copy_(tensor)
    return tensor.cpu()


def _pinned_like(tensor: Any) -> Any:
    """Room for a copy in pinned memory."""
    import torch

    return torch.empty_like(tensor, device=devices.HOST, pin_memory=True)
