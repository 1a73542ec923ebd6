"""The denoising loop: a scheduler, a denoiser and what guides it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from ._asynchronous import Asynchronous, Pace


class Predict(Protocol):
    """The denoiser, guided."""

    def __call__(self, scaled: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """What it says of noisy latents of unit variance."""

    def keep(self, rows: list[int]) -> None:
        """Go on with these rows of the batch."""


@dataclass
class Step:
    """What an observer sees after a step.

    Attributes:
        index: Steps done, from 1.
        timestep: Of the step, on the CPU.
        scaled: What the denoiser saw: unit variance, noisy.
        prediction: What the denoiser said, guided.
        latents: The result of the step.
    """

    index: int
    timestep: torch.Tensor
    scaled: torch.Tensor
    prediction: torch.Tensor
    latents: torch.Tensor


@dataclass
class Start:
    """Where the walk begins.

    Attributes:
        latents: float32, on the device: pure noise, or an encoded picture.
        noise: Noise for the picture; None when the latents are the noise.
        skipped: Steps left out at the start.
        mask: Where the picture is repainted, 1; None for everywhere.
    """

    latents: torch.Tensor
    noise: torch.Tensor | None = None
    skipped: int = 0
    mask: torch.Tensor | None = None

    def keep(self, rows: list[int]) -> None:
        """Go on with these rows of the batch."""
        self.latents = self.latents[rows]
        self.noise = None if self.noise is None else self.noise[rows]
        self.mask = None if self.mask is None else self.mask[rows]


def timesteps_of(scheduler: Any, skipped: int) -> torch.Tensor:
    """The timesteps that are left of a walk without its first steps."""
    if skipped and scheduler.config.get("skip_prk_steps"):
        # PLMS evaluates its second timestep twice, and counts on it wherever it starts.
        left = scheduler.timesteps[skipped + 1 :]
        return torch.cat([left[:2], left[1:]])
    remaining: torch.Tensor = scheduler.timesteps[skipped * scheduler.order :]
    return remaining


def denoise(
    scheduler: Any,
    predict: Predict,
    start: Start,
    generators: list[torch.Generator],
    observe: Callable[[Step], list[int] | None],
) -> torch.Tensor:
    """Walk from noise to a picture; the scheduler's timesteps must be set.

    Timesteps stay on the CPU for the scheduler and are copied once for the denoiser, and the
    scheduler's own copies are not waited for, so that no step waits for the device.

    Args:
        generators: One for each row of the batch.
        observe: Called after each step; says with which rows of the batch to go on, None
            for all of them.
    """
    timesteps = timesteps_of(scheduler, start.skipped)
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(start.skipped * scheduler.order)
    latents = start.latents
    if start.noise is None:
        latents = latents * scheduler.init_noise_sigma
    else:
        latents = _noised(scheduler, latents, start.noise, timesteps[:1])
    if "noise_sampler_seed" in scheduler.config:
        scheduler.noise_sampler = _BrownianNoise(scheduler, latents, generators)
    random: dict[str, Any] = {}
    if "generator" in inspect.signature(scheduler.step).parameters:
        random["generator"] = generators
    # Single precision is what networks take them in, and all that some devices know.
    single = timesteps.float() if timesteps.is_floating_point() else timesteps
    on_device = single.to(latents.device)
    asynchronous, pace = Asynchronous(), Pace(latents.device)
    for index, timestep in enumerate(timesteps):
        scaled = scheduler.scale_model_input(latents, timestep)
        prediction = predict(scaled, on_device[index])
        with asynchronous:
            made = scheduler.step(prediction, timestep, latents, **random, return_dict=False)
        latents = made[0]
        if start.mask is not None:
            following = timesteps[index + 1 : index + 2]
            latents = _put_back(scheduler, start, latents, following)
        pace.step()
        rows = observe(Step(index + 1, timestep, scaled, prediction, latents))
        if rows is not None:
            _keep_history(scheduler, rows, len(latents))
            predict.keep(rows)
            start.keep(rows)
            latents = latents[rows]
            generators[:] = [generators[row] for row in rows]
    asynchronous.check()
    return latents


def _keep_history(scheduler: Any, rows: list[int], batch: int) -> None:
    """What a scheduler remembers of the steps before: latents, and lists of them."""

    def kept(value: Any) -> Any:
        latents = isinstance(value, torch.Tensor) and value.dim() == 4 and len(value) == batch
        return value[rows] if latents else value

    for name, value in vars(scheduler).items():
        many = isinstance(value, list)
        setattr(scheduler, name, [kept(item) for item in value] if many else kept(value))
    if isinstance(getattr(scheduler, "noise_sampler", None), _BrownianNoise):
        scheduler.noise_sampler.keep(rows)


def _put_back(
    scheduler: Any, start: Start, latents: torch.Tensor, following: torch.Tensor
) -> torch.Tensor:
    """Latents with the picture, as noisy as they are, where it is not repainted."""
    assert start.mask is not None
    kept = start.latents
    if len(following):
        if not getattr(scheduler, "state_in_first_order", True):
            return latents  # between the halves of a step of second order
        kept = _noised(scheduler, kept, start.noise, following)
    return torch.where(start.mask == 0, kept, kept + start.mask * (latents - kept))


def _noised(
    scheduler: Any, latents: torch.Tensor, noise: torch.Tensor | None, timestep: torch.Tensor
) -> torch.Tensor:
    """Latents with as much noise as a timestep has. The scheduler is asked for the shares of
    both, on the CPU; with tensors of a device it would look them up there."""
    assert noise is not None
    one, none = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)
    signal = float(scheduler.add_noise(one, none, timestep))
    sigma = float(scheduler.add_noise(none, one, timestep))
    return signal * latents + sigma * noise


class _BrownianNoise:
    """Noise of DPM++ SDE: one Brownian tree per picture, drawn on the CPU."""

    def __init__(
        self, scheduler: Any, latents: torch.Tensor, generators: list[torch.Generator]
    ) -> None:
        from diffusers.schedulers.scheduling_dpmsolver_sde import BrownianTreeNoiseSampler

        self.device = latents.device
        seeds = [generator.initial_seed() for generator in generators]
        sigmas = scheduler.sigmas[scheduler.sigmas > 0]
        # A little wider than the walk, whose ends are rounded.
        ends = float(sigmas.min()) * 0.999, float(sigmas.max()) * 1.001
        self.sampler = BrownianTreeNoiseSampler(latents.cpu(), *ends, seeds)
        self.rows = list(range(len(seeds)))

    def __call__(self, sigma: torch.Tensor, sigma_next: torch.Tensor) -> torch.Tensor:
        noise: torch.Tensor = self.sampler(sigma, sigma_next)
        return noise[self.rows].to(self.device)

    def keep(self, rows: list[int]) -> None:
        """Go on with these rows of the batch."""
        self.rows = [self.rows[row] for row in rows]
