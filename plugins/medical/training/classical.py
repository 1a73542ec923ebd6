"""The classical denoisers of the pack, tuned: each setting goes up and down a ladder of values
until no step from where it is does better."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import torch
from graphgen import Context

from graphgen_medical.preprocess import denoise
from graphgen_medical.types import Volume

Setting = dict[str, float]
Figures = dict[str, float]
MEASURES = ("psnr", "ssim")


@dataclass(frozen=True)
class Denoiser:
    """A node, and the values of each of its settings that are tried, from low to high."""

    node: Callable[..., Volume]
    ladders: Mapping[str, Sequence[float]]

    def __call__(self, volume: Volume, setting: Setting) -> Volume:
        return self.node(volume, **setting, ctx=Context())

    def ends(self, setting: Setting) -> list[str]:
        """The settings whose best value is the lowest or highest that was tried."""
        return [key for key, tried in self.ladders.items() if setting[key] in (tried[0], tried[-1])]


DENOISERS = {
    "total variation": Denoiser(
        denoise.total_variation,
        {"weight": (20, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960, 1280)},
    ),
    "non-local means": Denoiser(
        denoise.non_local_means,
        {
            "noise": (20, 40, 80, 120, 160, 240, 320, 480, 640, 960),
            "strength": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.6, 2.2, 3.0),
            "patch": (3, 5, 7, 9, 11, 13),
            "distance": (3, 4, 6, 9, 13),
        },
    ),
    "bilateral": Denoiser(
        denoise.bilateral,
        {
            "spread": (50, 100, 150, 250, 400, 650, 1000, 1600, 2500, 4000),
            "radius": (0.3, 0.5, 0.8, 1.1, 1.5, 2.0, 2.7),
        },
    ),
    "curvature diffusion": Denoiser(
        denoise.curvature_diffusion,
        {
            "iterations": (5, 10, 14, 20, 28, 40, 56, 80, 112, 160),
            "conductance": (1, 2, 3, 5, 8, 12, 20, 32),
        },
    ),
}
"""By name; noise, weight and spread in HU, radius in mm, patch and distance in pixels."""


def tuned(
    denoiser: Denoiser, defect: Volume, figures: Callable[[torch.Tensor], Figures]
) -> dict[str, Setting]:
    """The best settings, by what is best with them: ``psnr`` and ``ssim``.

    Args:
        figures: Of what was made of the defect; higher ``psnr`` and ``ssim`` are better.
    """
    seen: dict[tuple[float, ...], Figures] = {}

    def best(measure: str) -> Setting:
        values = max(seen, key=lambda values: seen[values][measure])
        return dict(zip(denoiser.ladders, values, strict=True))

    start = {key: tried[len(tried) // 2] for key, tried in denoiser.ladders.items()}
    for measure in MEASURES:

        def score(setting: Setting, measure: str = measure) -> float:
            values = tuple(setting.values())
            if values not in seen:
                seen[values] = figures(denoiser(defect, setting).data)
            return seen[values][measure]

        climb(denoiser.ladders, start, score)
        start = best(MEASURES[-1])
    return {measure: best(measure) for measure in MEASURES}


def climb(
    ladders: Mapping[str, Sequence[float]], start: Setting, score: Callable[[Setting], float]
) -> Setting:
    """From ``start`` upwards in the score, by one setting or two at once, each a rung up or down
    its ladder, until no such step makes the score grow."""
    best = dict(start)
    while True:
        for step in _steps(list(ladders)):
            other = _taken(ladders, best, step)
            better = False
            while other is not None and score(other) > score(best):
                best, better = other, True
                other = _taken(ladders, best, step)
            if better:
                break
        else:
            return best


def _steps(keys: list[str]) -> Iterator[dict[str, int]]:
    """Single ones first: they are enough but where one setting makes up for another."""
    for size in (1, 2):
        for chosen in combinations(keys, size):
            for ways in product((1, -1), repeat=size):
                yield dict(zip(chosen, ways, strict=True))


def _taken(
    ladders: Mapping[str, Sequence[float]], setting: Setting, step: dict[str, int]
) -> Setting | None:
    """The setting after a step; None beyond an end."""
    made = dict(setting)
    for key, way in step.items():
        place = ladders[key].index(setting[key]) + way
        if not 0 <= place < len(ladders[key]):
            return None
        made[key] = ladders[key][place]
    return made
