"""Train ct-x4 on your own CT: ``python -m training.enlarge --data DIR --minutes 30``.

Slices are made four times as small in plane, half of the time as a detector with larger pixels
would see them (the mean of four by four), half of the time by a bicubic filter, and
Real-ESRGAN's compact network learns to lead back. What was trained goes on when called again;
``--minutes`` counts the training in all.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

from graphgen_medical.networks.greys import to_grey

from .loop import arguments, train
from .scans import Scan, read_scans

FACTOR = 4
FEATURES, CONVOLUTIONS = 48, 10
KNEE = 0.002  # of the range; about 8 HU


class Compact(torch.nn.Module):
    """Real-ESRGAN's compact network (SRVGGNetCompact), small, for one channel. Its layers are
    named so that spandrel recognises the weights."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[torch.nn.Module] = []
        widths = [1] + [FEATURES] * (CONVOLUTIONS + 1)
        for before, after in pairwise(widths):
            layers += [torch.nn.Conv2d(before, after, 3, 1, 1), torch.nn.PReLU(after)]
        layers.append(torch.nn.Conv2d(FEATURES, FACTOR**2, 3, 1, 1))
        self.body = torch.nn.ModuleList(layers)

    def forward(self, small: torch.Tensor) -> torch.Tensor:
        features = small
        for layer in self.body:
            features = layer(features)
        base = functional.interpolate(small, scale_factor=FACTOR, mode="nearest")
        return base + functional.pixel_shuffle(features, FACTOR).to(base)


def shrink(slices: torch.Tensor, how: str) -> torch.Tensor:
    """``[batch, 1, height, width]`` four times as small: ``mean`` or ``bicubic``."""
    if how == "mean":
        return functional.avg_pool2d(slices, FACTOR)
    return functional.interpolate(slices, scale_factor=1 / FACTOR, mode="bicubic", antialias=True)


def draw(
    scans: list[Scan], odds: np.ndarray, count: int, edge: int, rng: np.random.Generator
) -> torch.Tensor:
    """Crops ``[count, 1, edge, edge]`` in the network's range, flipped and turned."""
    drawn: list[np.ndarray] = []
    while len(drawn) < count:
        scan = scans[rng.choice(len(scans), p=odds)]
        depth, height, width = scan.hounsfield.shape
        y, x = int(rng.integers(height - edge + 1)), int(rng.integers(width - edge + 1))
        crop = scan.hounsfield[int(rng.integers(depth)), y : y + edge, x : x + edge]
        if crop.mean() < -900 and rng.random() < 0.9:  # mostly air teaches little
            continue
        crop = np.rot90(crop, int(rng.integers(4)))
        drawn.append(crop[:, ::-1] if rng.integers(2) else crop)
    return to_grey(torch.from_numpy(np.stack(drawn).astype(np.float32))[:, None])


def main() -> None:
    """Train, and write ``WORK/enlarge/ct-x4.safetensors``."""
    options = arguments("enlarge", __doc__, minutes=30, edge=128, rate=1e-3).parse_args()
    torch.set_num_threads(options.threads)
    scans = read_scans(options.data)
    slices = np.array([len(scan.hounsfield) for scan in scans], dtype=float)
    torch.manual_seed(options.seed)
    folder = options.work / "enlarge"
    network, average = Compact(), Compact()

    def loss_of(step: int) -> torch.Tensor:
        rng = np.random.default_rng([options.seed, step])
        large = draw(scans, slices / slices.sum(), options.batch, options.edge, rng)
        small = shrink(large, "mean" if step % 2 else "bicubic")
        with torch.autocast("cpu", torch.bfloat16):
            made = network(small)
        return (torch.sqrt((made - large).square() + KNEE**2) - KNEE).mean() * 10

    def export(module: torch.nn.Module, facts: dict[str, Any]) -> None:
        told = {name: str(value) for name, value in facts.items()}
        weights = {name: value.contiguous() for name, value in module.state_dict().items()}
        path = folder / "ct-x4.safetensors"
        names = ", ".join(scan.name for scan in scans)
        save_file(weights, path, metadata={"format": "pt", **told, "scans": names})
        path.chmod(0o644)

    train(
        network, average, loss_of, options.work / "enlarge", options.minutes, options.rate, export
    )


if __name__ == "__main__":
    main()
