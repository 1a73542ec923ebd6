"""Train ct-repair on your own CT: ``python -m training.repair --data DIR --minutes 60``.

Every scan under DIR (DICOM series, NRRD, NIfTI) is scanned again with 60 to 120 views and
5e3 to 1e5 photons, as it is, on coarser pixels, as of a larger patient, and softer where it is
noisy itself. A small U-Net learns to lead back to the original. Slices that are whole are shown
as well, for it to leave them alone. What was trained goes on when called again; ``--minutes``
counts the training in all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from graphgen_medical.networks.architecture import RepairShape

from . import pairs
from .loop import arguments, train
from .scans import read_scans
from .slopes import quicken

SHARES = {
    "truth": 0.08,
    "full": 0.07,
    "views-60": 0.20,
    "views-90": 0.04,
    "views-120": 0.04,
    "views-60-photons-1e5": 0.13,
    "photons-5e3": 0.10,
    "photons-1e4": 0.20,
    "photons-3e4": 0.09,
    "photons-1e5": 0.05,
}
"""How often each kind is shown."""
FADED = 0.3  # share of crops whose defects are made weaker or stronger
KNEE = 30.0  # HU; smaller errors count by their square


class Crops:
    """Draws crops of pairs.

    Args:
        folder: The pairs, as ``pairs.make`` wrote them.
        kinds: Of each scan, by its name; a scan is drawn as often as it has slices.
    """

    def __init__(
        self, folder: Path, kinds: dict[str, list[str]], shape: RepairShape, edge: int
    ) -> None:
        self.scans = {
            name: {kind: pairs.load(folder, name, kind) for kind in (*made, pairs.TRUTH)}
            for name, made in kinds.items()
        }
        self.names: dict[str, list[str]] = {}
        self.odds: dict[str, np.ndarray] = {}
        for kind in SHARES:
            self.names[kind] = [name for name, shown in self.scans.items() if kind in shown]
            slices = [len(self.scans[name][kind]) for name in self.names[kind]]
            self.odds[kind] = np.array(slices) / sum(slices)
        self.shape, self.edge = shape, edge

    def draw(self, count: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Stacks ``[count, 2 neighbours + 1, edge, edge]`` and their truth ``[count, 1, edge,
        edge]`` in HU, flipped and turned at random."""
        drawn = [self._crop(rng) for _ in range(count)]
        stacks, truths = (np.stack(part) for part in zip(*drawn, strict=True))
        return torch.from_numpy(stacks), torch.from_numpy(truths)

    def _crop(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        for _ in range(8):
            scan = self.scans[rng.choice(self.names[kind], p=self.odds[kind])]
            depth, height, width = scan[pairs.TRUTH].shape
            z, edge = int(rng.integers(depth)), self.edge
            y, x = int(rng.integers(height - edge + 1)), int(rng.integers(width - edge + 1))
            reach = range(z - self.shape.neighbours, z + self.shape.neighbours + 1)
            near = [min(max(i, 0), depth - 1) for i in reach]
            place = (near, slice(y, y + edge), slice(x, x + edge))
            whole = scan[pairs.TRUTH][place] / np.float32(pairs.EIGHTHS)
            if whole.mean() > -900:  # mostly air teaches little
                break
        stack = scan[kind][place] / np.float32(pairs.EIGHTHS)
        if rng.random() < FADED:
            stack = whole + np.float32(rng.uniform(0.2, 1.2)) * (stack - whole)
        truth = whole[self.shape.neighbours][None]
        turns, flip = int(rng.integers(4)), int(rng.integers(2))
        both = [np.rot90(part, turns, (1, 2)) for part in (stack, truth)]
        both = [part[..., ::-1] if flip else part for part in both]
        return both[0].astype(np.float32), both[1].astype(np.float32)


def main() -> None:
    """Make what pairs are missing, train, and write ``WORK/repair/ct-repair.safetensors``."""
    options = arguments("repair", __doc__, minutes=60, edge=96, rate=5e-4).parse_args()
    torch.set_num_threads(options.threads)
    shape = RepairShape()
    if options.edge % shape.multiple:
        raise SystemExit(f"--edge {options.edge} is no multiple of {shape.multiple}")
    kinds: dict[str, list[str]] = {}
    for scan in read_scans(options.data):
        for part, wanted in pairs.variants(scan):
            if min(part.hounsfield.shape[1:]) < options.edge:
                print(f"{part.name} is left out, being smaller than a crop")
                continue
            pairs.make(part, options.work / "pairs", options.seed, wanted)
            kinds[part.name] = list(wanted)
    if not kinds:
        raise SystemExit(f"every scan in {options.data} is smaller than --edge {options.edge}")
    torch.manual_seed(options.seed)
    network, average = shape.build(), shape.build()
    for module in (network, average):
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # quicker
    quicken(network)
    with torch.no_grad():  # begin with next to no correction
        network.model[-1][0].conv.weight *= 0.02  # type: ignore[union-attr,index]
        network.model[-1][0].conv.bias *= 0.0  # type: ignore[union-attr,index]
    crops = Crops(options.work / "pairs", kinds, shape, options.edge)

    def loss_of(step: int) -> torch.Tensor:
        stack, truth = crops.draw(options.batch, np.random.default_rng([options.seed, step]))
        with torch.autocast("cpu", torch.bfloat16):
            correction = network(stack / shape.scale)
        middle = stack[:, shape.neighbours : shape.neighbours + 1]
        error = middle + correction.float() * shape.scale - truth
        return (torch.sqrt(error.square() + KNEE**2) - KNEE).mean() / 100

    def export(module: torch.nn.Module, facts: dict[str, Any]) -> None:
        told = {name: str(value) for name, value in facts.items()}
        weights = {name: value.contiguous() for name, value in module.state_dict().items()}
        path = options.work / "repair" / "ct-repair.safetensors"
        save_file(weights, path, metadata={**shape.metadata(), **told, "scans": ", ".join(kinds)})
        path.chmod(0o644)

    train(network, average, loss_of, options.work / "repair", options.minutes, options.rate, export)


if __name__ == "__main__":
    main()
