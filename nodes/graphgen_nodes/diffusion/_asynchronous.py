"""The host and the device of a walk: neither waits for the other, nor goes far ahead of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from graphgen import NodeError, devices

STAGED = 64 << 10
"""Bytes that CUDA copies from any host memory without waiting; larger blocks only if pinned."""


AHEAD = 2
"""Steps that the device may have before it when it is asked for the next."""


class Asynchronous(TorchFunctionMode):
    """What diffusers' schedulers do in a way that has the host wait for the device is done in
    another while this lasts.

    Noise is drawn, and noise levels looked up, in host memory: ``.to(device)`` lets the copy
    follow in its own time. UniPC solves its few equations on the device: whether they could
    be solved is not read back before ``check``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._unsolved: list[torch.Tensor] = []

    def check(self) -> None:
        """Raise ``NodeError`` if equations could not be solved."""
        if self._unsolved and bool(torch.stack(self._unsolved).any()):
            raise NodeError(
                "the sampler's equations have no solution for these steps",
                hint="choose another sampler, or other sigmas",
                port="sampler",
            )

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
            solution, unsolved = torch.linalg.solve_ex(*args, **kwargs)
            self._unsolved.append(unsolved)
            return solution
        return func(*args, **kwargs)


def _leaves_the_host(given: Sequence[Any], named: dict[str, Any]) -> bool:
    """Whether these arguments of ``Tensor.to`` name a device that copies may follow to."""
    targets = [to for to in (*given[:1], named.get("device")) if isinstance(to, str | torch.device)]
    return any(devices.copies_follow(str(to)) for to in targets)


class Pace:
    """Keeps the host a few steps ahead of a device. Replayed graphs are asked for in no time:
    with all steps of a walk in the queue its progress would be over at once, nothing would be
    seen of it, and cancelling would end nothing.

    Args:
        device: Where the steps are computed.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._steps: deque[Any] = deque()

    def step(self) -> None:
        """Say that a step was asked for; waits for the one so many before it."""
        if not devices.copies_follow(str(self._device)):
            return
        module: Any = torch.get_device_module(self._device)
        asked = module.Event()
        asked.record(module.current_stream(self._device))
        self._steps.append(asked)
        if len(self._steps) > AHEAD:
            self._steps.popleft().synchronize()
