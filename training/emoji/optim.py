"""Muon for weight matrices and convolution kernels, AdamW for all other parameters.

Muon: Keller Jordan, "Muon: An optimizer for hidden layers in neural networks" (2024);
the scaling that lets it share AdamW's learning rate is from Liu et al., arXiv:2502.16982.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .parallel import Team, alone

# Coefficients of the quintic Newton-Schulz iteration, from the reference above.
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """Bring the singular values of a matrix [rows, columns] close to one."""
    a, b, c = QUINTIC
    x = matrix.bfloat16() / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).float()


class Muon:
    """Momentum, orthogonalised; kernels count as matrices [out, in * height * width].

    In a team, each process updates its share of the parameters.
    """

    def __init__(self, parameters: list[nn.Parameter], momentum: float = 0.95) -> None:
        self.parameters = parameters
        self.momentum = momentum
        self.averages = [torch.zeros_like(parameter) for parameter in parameters]

    @torch.no_grad()
    def step(self, learning_rate: float, weight_decay: float, rank: int = 0, size: int = 1) -> None:
        """Update every ``size``-th parameter, from the ``rank``-th on."""
        pairs = list(zip(self.parameters, self.averages, strict=True))
        for parameter, average in pairs[rank::size]:
            if parameter.grad is None:
                continue
            average.lerp_(parameter.grad, 1 - self.momentum)
            update = parameter.grad.lerp(average, self.momentum).flatten(1)
            scale = 0.2 * max(update.shape) ** 0.5
            parameter.mul_(1 - learning_rate * weight_decay)
            parameter.add_(orthogonalise(update).view_as(parameter), alpha=-learning_rate * scale)


class Optimizers:
    """Muon and AdamW behind one face, with one learning rate."""

    def __init__(
        self, module: nn.Module, outside: tuple[str, ...] = (), weight_decay: float = 0.01
    ) -> None:
        self.module = module
        self.weight_decay = weight_decay
        matrices: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for name, parameter in module.named_parameters():
            fits = parameter.ndim >= 2 and not name.startswith(outside)
            (matrices if fits else others).append(parameter)
        self.muon = Muon(matrices)
        self.adamw = torch.optim.AdamW(others, lr=0.0, betas=(0.9, 0.99), weight_decay=0.0)

    def step(self, learning_rate: float, team: Team | None = None) -> None:
        """Update all parameters and forget the gradients; the first process does AdamW's."""
        team = team or alone()
        team.average_gradients(self.module)
        torch.nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self.muon.step(learning_rate, self.weight_decay, team.rank, team.size)
        if team.rank == 0:
            for group in self.adamw.param_groups:
                group["lr"] = learning_rate
            self.adamw.step()
        team.wait()
        self.module.zero_grad()

    def share(self) -> list[Tensor]:
        """Return Muon's averages, moved to shared memory."""
        return [average.share_memory_() for average in self.muon.averages]

    def state_dict(self) -> dict[str, Any]:
        """Return the state of both parts."""
        return {"muon": self.muon.averages, "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of both parts."""
        for average, value in zip(self.muon.averages, state["muon"], strict=True):
            average.copy_(value)
        self.adamw.load_state_dict(state["adamw"])
