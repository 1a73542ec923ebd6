"""The evaluation: reconstruction, retrieval, unseen prompts, samplers, guidance, speed and size."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from skimage.color import deltaE_ciede2000, rgb2lab
from torch import Tensor
from torch.nn import functional as F

from . import card, loop
from .concepts import captions, choose, evaluation_prompts, is_inside
from .data import load_icons
from .sampling import GUIDANCE, STEPS, draw, load_pipeline, sheet
from .vae import reconstruct

SUBSETS = {"guidance": 96, "samplers": 48}  # labels in the tables: DDPM takes 1000 steps a picture
SAMPLER_GUIDANCE = 3.0


def lab(pictures: Tensor) -> np.ndarray:
    """Convert pictures [count, 3, height, width] in 0..1 to CIELAB [count, height, width, 3]."""
    return np.asarray(rgb2lab(pictures.permute(0, 2, 3, 1).numpy()))


def features(pictures: Tensor) -> np.ndarray:
    """Return fixed features [count, 64]: CIELAB means and lightness contrast of 4x4 cells.

    A cell is 16x16 pixels.
    """
    cells = lab(pictures).reshape(len(pictures), 4, 16, 4, 16, 3)
    means = cells.mean(axis=(2, 4)).reshape(len(pictures), -1)
    contrast = cells[..., 0].std(axis=(2, 4)).reshape(len(pictures), -1)
    return np.concatenate([means, contrast], axis=1)


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Frechet distance between Gaussians fitted to two sets of features [count, width]."""
    gap = first.mean(0) - second.mean(0)
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    # The trace of the root of a product of covariances is the sum of the roots of its eigenvalues.
    roots = np.sqrt(np.linalg.eigvals(a @ b).real.clip(min=0))
    return float(gap @ gap + np.trace(a) + np.trace(b) - 2 * roots.sum())


class Gallery:
    """All icons, in pixels at 16x16 and in latents, to find the nearest of a picture."""

    def __init__(self, vae: Any, icons: Tensor) -> None:
        self.vae = vae
        self.pixels = self._small(icons)
        self.latents = self._encode(icons)

    @staticmethod
    def _small(pictures: Tensor) -> Tensor:
        return F.avg_pool2d(pictures, 4).flatten(1)

    @torch.no_grad()
    def _encode(self, pictures: Tensor) -> Tensor:
        scaled = pictures.to(self.vae.device) * 2 - 1
        batches = torch.split(scaled, 64)
        parts = [self.vae.encode(batch).latent_dist.mode() for batch in batches]
        return torch.cat(parts).flatten(1).cpu()

    def hits(self, pictures: Tensor, rows: list[int], count: int) -> dict[str, float]:
        """Return the percentage of pictures whose icon is among the nearest ``count``."""
        right = torch.tensor(rows)[:, None]
        pairs = {
            "pixels": (self._small(pictures), self.pixels),
            "latents": (self._encode(pictures), self.latents),
        }
        return {
            name: round(
                100
                * float(
                    (torch.cdist(x, y).topk(count, largest=False).indices == right)
                    .any(1)
                    .float()
                    .mean()
                ),
                1,
            )
            for name, (x, y) in pairs.items()
        }


def reconstruction(vae: Any, icons: Tensor, work: Path) -> dict[str, float]:
    """Measure the autoencoder over all icons: PSNR in dB and mean CIEDE2000."""
    output = ((reconstruct(vae, (icons * 2 - 1).to(vae.device)) + 1) / 2).cpu()
    error = (output - icons).square()
    per_picture = -10 * error.mean(dim=(1, 2, 3)).log10()
    colour = deltaE_ciede2000(lab(icons), lab(output))
    pairs = torch.stack([icons[::35], output[::35]], dim=1).flatten(0, 1)
    sheet(pairs, 16, work / "reconstructions.png")
    return {
        "psnr_mean": round(float(per_picture.mean()), 2),
        "psnr_pooled": round(float(-10 * error.mean().log10()), 2),
        "psnr_5th_percentile": round(float(per_picture.quantile(0.05)), 2),
        "ciede2000_mean": round(float(colour.mean()), 2),
    }


def seconds_per_picture(pipeline: Any) -> float:
    """Time single pictures, DDIM with guidance; return the shortest time, as others may be busy."""
    times = []
    for seed in range(4):
        start = time.perf_counter()
        draw(pipeline, ["a red apple"], seed)
        times.append(time.perf_counter() - start)
    return round(min(times), 2)


def spread_rows(count: int, wanted: int) -> list[int]:
    """Return ``wanted`` rows spread evenly over ``count``."""
    return [int(row) for row in np.linspace(0, count - 1, wanted).round()]


class Evaluation:
    """One exported folder, the icons and the prompts; each public method is a part."""

    def __init__(self, work: Path, folder: Path, seed: int, device: str) -> None:
        icons = load_icons(work)
        self.work, self.folder, self.seed = work, folder, seed
        self.chosen = choose(icons)
        self.rows = {emoji.label: emoji.row for emoji in self.chosen}
        self.labels = list(self.rows)
        self.pictures = torch.from_numpy(icons.on_white())
        self.pipeline = load_pipeline(folder, device)

    @cached_property
    def gallery(self) -> Gallery:
        """The icons to search."""
        return Gallery(self.pipeline.vae, self.pictures)

    def reconstruction(self) -> dict[str, Any]:
        """Encode and decode every icon."""
        return reconstruction(self.pipeline.vae, self.pictures, self.work)

    def concepts(self) -> dict[str, Any]:
        """Draw every concept from its plain label."""
        drawn = draw(self.pipeline, self.labels, self.seed)
        sheet(drawn[spread_rows(len(drawn), 96)], 12, self.work / "samples.png")
        hits = self.gallery.hits(drawn, list(self.rows.values()), 1)
        return {"count": len(drawn), "guidance": GUIDANCE, **hits}

    def unseen(self) -> dict[str, Any]:
        """Draw the held-out prompts."""
        prompts = [
            (kind, prompt, label)
            for kind, pairs in evaluation_prompts().items()
            for prompt, label in pairs.items()
        ]
        drawn = draw(self.pipeline, [prompt for _, prompt, _ in prompts], self.seed)
        sheet(drawn, 10, self.work / "unseen.png")
        kinds = {"all": list(range(len(prompts)))}
        for kind in evaluation_prompts():
            kinds[kind] = [i for i, prompt in enumerate(prompts) if prompt[0] == kind]
        texts = [text for items in captions(self.chosen, seed=0).values() for text, _ in items]
        apart = [i for i, prompt in enumerate(prompts) if not is_inside(prompt[1], texts)]
        kinds[f"the {len(apart)} that are no part of a longer caption either"] = apart
        return {
            kind: self.gallery.hits(drawn[rows], [self.rows[prompts[i][2]] for i in rows], 5)
            for kind, rows in kinds.items()
        }

    def guidance(self) -> dict[str, Any]:
        """Compare guidance scales."""
        scales = (1.0, 2.0, 3.0, 5.0, 7.5, 10.0)
        return {str(scale): self._row("guidance", "DDIM", STEPS, scale) for scale in scales}

    def samplers(self) -> dict[str, Any]:
        """Compare samplers."""
        table = (("DDIM", 30), ("DPM++ 2M", 15), ("Euler", 30), ("DDPM", 1000))
        return {
            f"{name} {steps}": self._row("samplers", name, steps, SAMPLER_GUIDANCE)
            for name, steps in table
        }

    def speed(self) -> dict[str, Any]:
        """Time a picture and weigh the folder."""
        size = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        seconds = seconds_per_picture(self.pipeline)
        return {"seconds_per_picture": seconds, "megabytes": round(size / 1e6, 1)}

    def _row(self, part: str, sampler: str, steps: int, guidance: float) -> dict[str, float]:
        some = [self.labels[index] for index in spread_rows(len(self.labels), SUBSETS[part])]
        right = [self.rows[label] for label in some]
        drawn = draw(self.pipeline, some, self.seed, sampler, steps, guidance)
        distance = frechet_distance(features(drawn), features(self.pictures[right]))
        return {**self.gallery.hits(drawn, right, 1), "frechet": round(distance, 1)}


PARTS = ("reconstruction", "concepts", "unseen", "guidance", "samplers", "speed")


def evaluate(work: Path, folder: Path, seed: int, device: str, parts: Iterable[str]) -> None:
    """Run the named parts, merge their figures into ``work/figures.json``, write the card."""
    evaluation = Evaluation(work, folder, seed, device)
    path = work / "figures.json"
    for part in parts:
        result = getattr(evaluation, part)()
        loop.log(work, "evaluation", part=part, figures=result)
        figures = json.loads(path.read_text()) if path.exists() else {}
        figures |= {part: result, "subsets": SUBSETS}
        path.write_text(json.dumps(figures, indent=2) + "\n")
    card.write(work, folder / "README.md", len(evaluation.labels))
