"""Draw what ct-repair does to a slice: ``python -m training.picture --data OTHER --slice 30``.

From left to right: the slice; scanned again with few photons; repaired; what was taken away."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from graphgen import ModelRef
from PIL import Image

from graphgen_medical.networks.loaders import REPAIR, RepairLoader
from graphgen_medical.windows import WINDOWS

from . import pairs
from .evaluate import NETWORKS, hounsfield, repaired
from .scans import read_scans

TAKEN = (-200.0, 200.0)  # HU, black to white


def grey(slice: torch.Tensor, low: float, high: float, edge: int) -> np.ndarray:
    """8-bit greys ``[height, edge]`` of a slice in HU."""
    shown = ((slice - low) / (high - low)).clamp(0, 1).mul(255).byte().numpy()
    height = round(edge * shown.shape[0] / shown.shape[1])
    return np.asarray(Image.fromarray(shown).resize((edge, height), Image.Resampling.LANCZOS))


def main() -> None:
    """Simulate, repair, and write the picture."""
    parser = argparse.ArgumentParser(prog="python -m training.picture", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of CT; its first is shown")
    parser.add_argument("--work", type=Path, default=Path(__file__).with_name("runs"))
    parser.add_argument("--slice", type=int, default=0)
    parser.add_argument("--kind", choices=list(pairs.KINDS), default="photons-1e4")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--edge", type=int, default=340, help="pixels of each part")
    parser.add_argument("--repair", type=Path, default=NETWORKS / "ct-repair/ct-repair.safetensors")
    parser.add_argument("--output", type=Path, default=Path("low_dose.jpg"))
    options = parser.parse_args()
    scan = read_scans(options.data)[0]
    folder, kinds = options.work / "pairs", {options.kind: pairs.KINDS[options.kind]}
    pairs.make(scan, folder, options.seed, kinds)
    network = RepairLoader().load(ModelRef(REPAIR, str(options.repair), ""), "cpu", torch.float32)
    wanted = [options.slice]
    truth, given = (
        hounsfield(folder, scan.name, kind, wanted)[0] for kind in (pairs.TRUTH, options.kind)
    )
    made = repaired(network, pairs.load(folder, scan.name, options.kind), wanted)[0]
    center, width = WINDOWS["lung"]
    window = (center - width / 2, center + width / 2)
    parts = [grey(part, *window, options.edge) for part in (truth, given, made)]
    parts.append(grey(given - made, *TAKEN, options.edge))
    Image.fromarray(np.hstack(parts)).save(options.output, quality=85)


if __name__ == "__main__":
    main()
