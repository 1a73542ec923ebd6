"""The denoising loop by itself: what it asks of the denoiser."""

from __future__ import annotations

import pytest
import torch
from graphgen_nodes.diffusion._denoise import Start, denoise
from graphgen_nodes.diffusion.samplers import SAMPLERS, build_scheduler


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
