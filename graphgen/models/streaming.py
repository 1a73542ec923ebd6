"""Layers of a network that come to a device when they are called, and leave it after.

The hooks are torch's own. accelerate's empty the allocator's cache after every tensor, and
diffusers' copy every layer back to the host, which here has it still.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import devices

if TYPE_CHECKING:
    import torch

Slot = tuple[dict[str, "torch.Tensor | None"], str]


class Streamed:
    """What streams some layers of a network, until ``end``.

    Args:
        network: Says from now on that it is on ``device``.
        device: Where the layers compute.
        layers: Modules, each with the places of its own tensors, which lie in host memory.
        largest: Bytes of the largest layer, all that they take there at a time.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        device: str,
        layers: Sequence[tuple[torch.nn.Module, list[Slot]]],
        largest: int,
    ) -> None:
        self.device = device
        self.largest = largest
        self._handles: list[Any] = []
        for module, slots in layers:
            self._attach(module, slots)
        self._kind = type(network)
        if hasattr(network, "device"):
            network.__class__ = _on(self._kind, device)

    def _attach(self, module: torch.nn.Module, slots: list[Slot]) -> None:
        home = [(owner, key, owner[key]) for owner, key in slots]
        device = self.device

        def arrive(module: Any, arguments: Any) -> None:
            for owner, key, tensor in home:
                assert tensor is not None
                owner[key] = copy_to(device, tensor)

        def leave(module: Any, arguments: Any, output: Any) -> None:
            for owner, key, tensor in home:
                owner[key] = tensor

        self._handles.append(module.register_forward_pre_hook(arrive))
        # Called when the layer failed, too: out of memory must leave nothing behind.
        self._handles.append(module.register_forward_hook(leave, always_call=True))

    def end(self, network: torch.nn.Module) -> None:
        """Take the hooks away; the layers are in host memory then."""
        for handle in self._handles:
            handle.remove()
        network.__class__ = self._kind


def copy_to(device: str, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor on another device; a parameter if it is one. It is not waited for: to do so for
    each tensor of a streamed network would leave the device idle."""
    import torch

    made: torch.Tensor = devices.to_device(tensor.detach(), device)
    if isinstance(tensor, torch.nn.Parameter):
        return torch.nn.Parameter(made, requires_grad=False)
    return made


def _on(kind: type, name: str) -> type:
    """A kind of network that says which device it is on: diffusers and transformers ask its
    first tensor, which may be one that comes and goes."""
    import torch

    device = torch.device(name)
    said = {"device": property(lambda self: device), "__module__": kind.__module__}
    return type(kind.__name__, (kind,), said)
