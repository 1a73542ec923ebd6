"""What diffusers' schedulers do in a way that has the host wait for the device, done in another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from graphgen import devices

STAGED = 64 << 10
"""Bytes that CUDA copies from any host memory without waiting; larger blocks only if pinned."""


class Asynchronous(TorchFunctionMode):
    """While it lasts nothing waits for the device that needs no value from there.

    Noise is drawn, and noise levels looked up, in host memory: ``.to(device)`` lets the copy
    follow in its own time. UniPC solves its few equations on the device: whether that went
    well, which it always does, is not read back.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is torch.Tensor.to:
            source, *given = args
            if source.device.type == "cpu" and _leaves_the_host(given, kwargs):
                source = source.pin_memory() if source.nbytes > STAGED else source
                return func(source, *given, **{**kwargs, "non_blocking": True})
        if func is torch.linalg.solve:
            return torch.linalg.solve_ex(*args, **kwargs)[0]
        return func(*args, **kwargs)


def _leaves_the_host(given: Sequence[Any], named: dict[str, Any]) -> bool:
    """Whether these arguments of ``Tensor.to`` name a device that copies may follow to."""
    targets = [to for to in (*given[:1], named.get("device")) if isinstance(to, str | torch.device)]
    return any(devices.copies_follow(str(to)) for to in targets)
