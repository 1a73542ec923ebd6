"""Data-parallel training by processes that share the parameters in memory.

On a CPU, several processes of one thread each train small layers faster than one process of several
threads, and they suffer less from other programs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, multiprocessing, nn
from torch.multiprocessing.spawn import spawn


class Team:
    """One process's view of a team that trains a module together."""

    def __init__(
        self,
        rank: int,
        size: int,
        barrier: Any = None,
        gradients: Tensor | None = None,
        done: Tensor | None = None,
    ) -> None:
        self.rank = rank
        self.size = size
        self._barrier = barrier
        self._gradients = gradients
        self._done = done

    def average_gradients(self, module: nn.Module) -> None:
        """Replace the module's gradients with their mean over the team."""
        if self._gradients is None:
            return
        pieces: list[tuple[Tensor, Tensor]] = []
        start = 0
        for parameter in module.parameters():
            if parameter.grad is not None:
                piece = self._gradients[:, start : start + parameter.numel()]
                piece[self.rank].copy_(parameter.grad.flatten())
                pieces.append((piece, parameter.grad))
                start += parameter.numel()
        self.wait()
        for piece, gradient in pieces:
            gradient.copy_(piece.mean(dim=0).view_as(gradient))

    def agree(self, done: bool) -> bool:
        """Return the first process's answer in every process."""
        if self._done is None:
            return done
        if self.rank == 0:
            self._done.fill_(done)
        self.wait()
        return bool(self._done)

    def wait(self) -> None:
        """Wait until every process of the team is here."""
        if self._barrier is not None:
            self._barrier.wait()


def alone() -> Team:
    """Return a team of one."""
    return Team(0, 1)


def _work(
    rank: int,
    size: int,
    barrier: Any,
    gradients: Tensor,
    done: Tensor,
    job: Callable[..., None],
    arguments: Any,
) -> None:
    torch.set_num_threads(1)
    job(Team(rank, size, barrier, gradients, done), *arguments)


def run(size: int, module: nn.Module, job: Callable[..., None], *arguments: Any) -> None:
    """Call ``job(team, *arguments)`` in ``size`` processes; ``module`` must be among the arguments.

    Whatever tensors the arguments hold is shared, not copied.
    """
    if size == 1:
        job(alone(), *arguments)
        return
    module.share_memory()
    count = sum(parameter.numel() for parameter in module.parameters())
    gradients = torch.zeros(size, count).share_memory_()
    done = torch.zeros((), dtype=torch.bool).share_memory_()
    barrier = multiprocessing.get_context("spawn").Barrier(size)
    spawn(_work, (size, barrier, gradients, done, job, arguments), nprocs=size)
