"""What the sampling nodes share: one walk from a latent to a latent, for several at once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from graphgen import Cancelled, Context, NodeError

from ..image.types import Mask
from ._checks import check_latent
from .samplers import SpacingError, build_scheduler
from .types import Conditioning, DiffusionModel, Latent

if TYPE_CHECKING:
    import torch

    from ._denoise import Start, Step


@dataclass(frozen=True)
class Settings:
    """How to walk; the sampling nodes' inputs of the same names."""

    steps: int
    sampler: str
    sigmas: str
    betas: str
    spacing: str
    denoise: float
    seed: int | None


@dataclass(frozen=True)
class Request:
    """What one call of a sampling node asks for; its conditionings are checked."""

    model: DiffusionModel
    latent: Latent
    positive: Conditioning | None
    negative: Conditioning | None
    guidance: float
    mask: Mask | None
    settings: Settings
    ctx: Context


def walk(request: Request) -> Latent:
    """Denoise a latent; what both sampling nodes do."""
    outcome = walk_together([request])[0]
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def joins_with(
    model: DiffusionModel,
    latent: Latent,
    positive: Conditioning | None,
    negative: Conditioning | None,
    mask: Mask | None,
    settings: Settings,
    guided: bool,
) -> Hashable:
    """What requests must have in common to be walked together."""
    encoders = model.text_encoder.encoders if model.text_encoder else ()
    return (
        model.unet.key,
        repr(sorted(model.scheduler.items())),
        tuple(ref.key for ref in encoders),
        model.vae and model.vae.weights.key,
        replace(settings, seed=None),
        guided,
        tuple(latent.samples.shape[1:]),
        (latent.scale, latent.noise, latent.masked is None, mask is None),
        tuple(c and (c.tokens, c.width, c.pooled is None) for c in (positive, negative)),
    )


def walk_together(requests: Sequence[Request]) -> list[Latent | BaseException]:
    """Denoise the latents of several requests as one batch; each gets its latent, or what
    ended it. They have in common what ``joins_with`` says."""
    outcomes: dict[int, Latent | BaseException] = {}
    walks: list[_Walk] = []
    for index, request in enumerate(requests):
        try:
            settings = request.settings
            check_latent(request.model, request.latent, request.mask, settings.denoise)
            if _skipped(settings) == settings.steps:
                outcomes[index] = request.latent
            else:
                walks.append(_Walk(index, request))
        except Exception as error:
            outcomes[index] = error
    if walks:
        samples = _walked(walks, outcomes)
        for one in walks:
            # Made outside inference mode, so that later nodes may do with it what they like.
            if one.index not in outcomes:
                made = samples[one.rows].clone()
                outcomes[one.index] = Latent(made, one.request.latent.scale, one.seeds)
    return [outcomes[index] for index in range(len(requests))]


class _Walk:
    """One request on its way: its place in the batch, and its noise."""

    def __init__(self, index: int, request: Request) -> None:
        from ._noise import draw

        self.index = index
        self.request = request
        latent, seed = request.latent, request.settings.seed
        self.seeds = latent.seeds if seed is None else tuple(range(seed, seed + latent.batch))
        self.generators = [request.ctx.generator(seed) for seed in self.seeds]
        # Drawn even where the latent is the noise itself: what follows is another sample.
        self.noise = draw(self.generators, tuple(latent.samples.shape[1:]))
        self.rows = slice(0, latent.batch)


def _walked(walks: list[_Walk], outcomes: dict[int, Latent | BaseException]) -> torch.Tensor:
    """The batch of all walks, denoised; a walk that is ended gets its outcome, and is left
    out of the batch."""
    import torch

    from ._denoise import denoise, timesteps_of
    from ._guidance import Asked, Guided
    from ._kernels import fixed_shape
    from ._preview import Previews

    first = walks[0].request
    model, settings, ctx = first.model, first.settings, first.ctx
    skipped = _skipped(settings)
    scheduler = _scheduler(model, settings)
    end = 0
    for one in walks:
        one.rows = slice(end, end + one.request.latent.batch)
        end = one.rows.stop
    with ctx.use(model.unet) as unet, torch.inference_mode():
        start = _start(walks, skipped, ctx)
        extra = None
        if first.latent.masked is not None and model.in_channels > model.latent_channels:
            extra = torch.cat([_inpainting_input(ctx.to_device(w.request.latent)) for w in walks])
        asked = [
            Asked(
                ctx.to_device(r.positive),
                ctx.to_device(r.negative),
                r.guidance,
                r.latent.batch,
                _size(r.latent),
            )
            for r in (one.request for one in walks)
        ]
        predict = Guided(unet, asked, extra, ctx.rows)
        previews = Previews(scheduler, model, ctx)
        steps = settings.steps - skipped
        evaluations = len(timesteps_of(scheduler, skipped))
        going = list(walks)

        def observe(step: Step) -> list[int] | None:
            done = step.index * steps // evaluations
            whole = done > (step.index - 1) * steps // evaluations
            previews.at(step, {w.index: w.rows.start for w in going if w.request.ctx.shows})
            before = len(going)
            for one in list(going):
                try:
                    if whole:
                        shown = partial(previews.png, one.index)
                        one.request.ctx.progress(done, steps, shown)
                    else:  # a sampler of second order asks the denoiser twice in one step
                        one.request.ctx.check_cancelled()
                except Cancelled as ended:  # that one's alone
                    outcomes[one.index] = ended.with_traceback(None)
                    going.remove(one)
            if not going:
                raise _AllEnded
            return None if len(going) == before or fixed_shape(unet) else _close_up(going)

        generators = [generator for one in walks for generator in one.generators]
        try:
            return denoise(scheduler, predict, start, generators, observe)
        except _AllEnded:
            return start.latents


def _close_up(walks: list[_Walk]) -> list[int]:
    """The rows of walks that go on without the others, whose places they take."""
    rows: list[int] = []
    for one in walks:
        left = range(one.rows.start, one.rows.stop)
        one.rows = slice(len(rows), len(rows) + len(left))
        rows.extend(left)
    return rows


class _AllEnded(Exception):
    """Nobody waits for the batch any more."""


def _skipped(settings: Settings) -> int:
    return settings.steps - min(int(settings.steps * settings.denoise), settings.steps)


def _size(latent: Latent) -> tuple[int, int]:
    return latent.height, latent.width


def _inpainting_input(latent: Latent) -> torch.Tensor:
    """Mask and masked picture, as models for inpainting read them after the latents."""
    import torch

    assert latent.mask is not None
    assert latent.masked is not None
    mask = latent.mask.expand(latent.batch, -1, -1, -1)
    return torch.cat([mask, latent.masked], dim=1)


def _scheduler(model: DiffusionModel, settings: Settings) -> Any:
    config = dict(model.scheduler)
    # Clipping to -1..1 is for models of pixels; latents go beyond.
    config.setdefault("clip_sample", model.scale == 1)
    # PNDM's Runge-Kutta start is a walk of its own that can't begin halfway.
    halfway_pndm = settings.sampler == "pndm" and settings.denoise < 1
    try:
        scheduler = build_scheduler(
            "plms" if halfway_pndm else settings.sampler,
            config,
            settings.steps,
            settings.betas,
            settings.sigmas,
            settings.spacing,
        )
        scheduler.set_timesteps(settings.steps)
    except SpacingError as error:
        raise NodeError(str(error), port=error.port) from None
    except (ValueError, NotImplementedError) as error:
        raise NodeError(
            f"the sampler {settings.sampler} can't be set up for {model.unet.name}: {error}",
            hint="choose another sampler, or fewer changes to sigmas, betas and spacing",
            port="sampler",
        ) from error
    return scheduler


def _start(walks: list[_Walk], skipped: int, ctx: Context) -> Start:
    import torch

    from . import _pixels
    from ._denoise import Start

    latents = [ctx.to_device(one.request.latent) for one in walks]
    samples = torch.cat([latent.samples for latent in latents])
    if latents[0].noise:
        return Start(samples)
    noise = torch.cat([one.noise for one in walks]).to(samples.device)
    masks = [(r.mask, r.latent.batch) for r in (one.request for one in walks)]
    cells = [
        _pixels.cells(ctx.to_device(mask).values, (samples.shape[2], samples.shape[3])).expand(
            batch, -1, -1, -1
        )
        for mask, batch in masks
        if mask is not None
    ]
    return Start(samples, noise, skipped, torch.cat(cells) if cells else None)
