"""The denoising loop by itself: what it asks of the denoiser."""

from __future__ import annotations

import pytest
import torch
from graphgen_nodes.diffusion._asynchronous import Asynchronous
from graphgen_nodes.diffusion._denoise import Start, denoise
from graphgen_nodes.diffusion.samplers import SAMPLERS, build_scheduler

from graphgen import NodeError
from tests.toy_device import DEVICE, MEMORY


class Denoiser:
    """Takes a tenth of everything for noise, and remembers the timesteps."""

    def __init__(self):
        self.timesteps = []

    def __call__(self, scaled, timestep):
        self.timesteps.append(timestep)
        return scaled / 10

    def keep(self, rows):
        raise AssertionError("nothing was cancelled")


@pytest.mark.parametrize("noised", [False, True])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_timesteps_are_of_a_precision_that_every_device_has(sampler, noised):
    scheduler = build_scheduler(sampler, {"beta_schedule": "scaled_linear"}, 4)
    scheduler.set_timesteps(4)
    predict = Denoiser()
    generators = [torch.Generator().manual_seed(0)]
    noise = torch.randn(1, 4, 8, 8, generator=generators[0])
    start = Start(torch.ones(1, 4, 8, 8), noise) if noised else Start(noise)
    made = denoise(scheduler, predict, start, generators, lambda step: None)
    assert made.dtype == torch.float32
    assert bool(made.isfinite().all())
    assert {timestep.dtype for timestep in predict.timesteps} <= {torch.int64, torch.float32}
    assert all(timestep.dim() == 0 for timestep in predict.timesteps)


def test_equations_without_a_solution_are_told_at_the_end():
    asynchronous = Asynchronous()
    with asynchronous:
        solved = torch.linalg.solve(torch.eye(2), torch.ones(2))
    asynchronous.check()
    assert solved.tolist() == [1, 1]
    with asynchronous:
        torch.linalg.solve(torch.zeros(2, 2), torch.ones(2))
    with pytest.raises(NodeError, match="no solution"):
        asynchronous.check()


def test_copies_to_the_device_follow_and_are_those_that_were_asked_for():
    MEMORY.reset()
    with Asynchronous():
        large = torch.arange(40_000, dtype=torch.float64).to(DEVICE, torch.float32)
        small = torch.ones(3).to(device=DEVICE)
        there = small.to(large)
        half = torch.ones(3).to(torch.float16)
    assert (MEMORY.copied_in, MEMORY.waits) == (2, 0)
    assert (str(large.device), large.dtype, float(large[-1])) == (DEVICE, torch.float32, 39_999)
    assert str(there.device) == DEVICE
    assert (half.device.type, half.dtype) == ("cpu", torch.float16)
