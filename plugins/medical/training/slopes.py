"""PReLU as training needs it on processors: the gradient of PyTorch's own takes as long there as
a third of all convolutions."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional


class _Sloped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(values, slope)
        return functional.leaky_relu(values, slope.item())

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        values, slope = ctx.saved_tensors
        (gradient,) = gradients
        below = (gradient * values.clamp_max(0)).sum(dtype=slope.dtype).reshape(1)
        ahead = torch.ops.aten.leaky_relu_backward(gradient, values, slope.item(), False)
        return ahead, below


def quicken(network: torch.nn.Module) -> None:
    """Have the network's PReLUs of a single slope compute their gradients quickly; what they
    compute, and the names of the weights, stay."""
    for module in network.modules():
        if isinstance(module, torch.nn.PReLU) and module.num_parameters == 1:
            module.__class__ = _Quick


class _Quick(torch.nn.PReLU):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = _Sloped.apply(values, self.weight)
        return made
