"""How good the networks are on scans that they never saw, beside the classical ways:
``python -m training.evaluate --data DIR``; DIR holds other patients than those trained on.

The classical denoisers of the pack are tuned for each kind of defect on some of the very slices
that are reported, so they are shown at about their best. PSNR and SSIM refer to 2000 HU.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from graphgen import ModelRef
from safetensors.torch import load_file
from torch.nn import functional

from graphgen_medical.geometry import compose
from graphgen_medical.measure.metrics import psnr, rmse, ssim
from graphgen_medical.networks.architecture import RepairNetwork
from graphgen_medical.networks.greys import from_grey, to_grey
from graphgen_medical.networks.loaders import REPAIR, RepairLoader
from graphgen_medical.types import Volume

from . import pairs
from .classical import DENOISERS, tuned
from .enlarge import FACTOR, Compact, shrink
from .scans import Scan, read_scans

SPAN = 2000.0
COPIES = 4  # mirror images, as the node does by default
KINDS = ("views-60", "photons-1e4", "views-60-photons-1e5", "full")
DEFECTS = KINDS[:3]
NETWORKS = Path(__file__).parents[1] / "graphgen_medical" / "networks"


def figures(made: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """Mean of the slices of PSNR and SSIM, and RMSE over all in HU."""
    values = [psnr(one, other, SPAN) for one, other in zip(made, truth, strict=True)]
    return {
        "psnr": round(sum(values) / len(values), 3),
        "ssim": round(ssim(made, truth, SPAN), 4),
        "rmse": round(rmse(made, truth), 2),
    }


def hounsfield(folder: Path, name: str, kind: str, slices: list[int]) -> torch.Tensor:
    """Slices of a kind of a scan."""
    return torch.from_numpy(pairs.load(folder, name, kind)[slices] / np.float32(pairs.EIGHTHS))


def classical_figures(
    folder: Path, scan: Scan, slices: list[int], tuning: list[int]
) -> dict[str, Any]:
    """For each kind of defect, each denoiser with its best setting for PSNR and for SSIM, and its
    figures."""
    dx, dy = scan.spacing
    affine = compose((0, 0, 0), (dx, dy, 5.0), [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
    some, every = (hounsfield(folder, scan.name, pairs.TRUTH, part) for part in (tuning, slices))
    result: dict[str, Any] = {}
    for kind in DEFECTS:
        result[kind] = {}
        few, whole = (
            Volume(hounsfield(folder, scan.name, kind, part), affine) for part in (tuning, slices)
        )
        for name, denoiser in DENOISERS.items():
            for measure, setting in tuned(denoiser, few, partial(figures, truth=some)).items():
                found = figures(denoiser(whole, setting).data, every)
                key = name if measure == "psnr" else f"{name}, tuned for SSIM"
                result[kind][key] = {"setting": setting, **found}
                ends = ", ".join(denoiser.ends(setting))
                note = f"({ends}: nothing beyond was tried)" if ends else ""
                print(kind, key, result[kind][key], note, flush=True)
    return result


@torch.no_grad()
def repaired(network: RepairNetwork, slices: np.ndarray, wanted: list[int]) -> torch.Tensor:
    """Slices of a scan, in eighths of HU, through the repair network."""
    reach, made = network.shape.neighbours, []
    for index in wanted:
        near = [min(max(i, 0), len(slices) - 1) for i in range(index - reach, index + reach + 1)]
        stack = torch.from_numpy(slices[near] / np.float32(pairs.EIGHTHS))[None]
        made.append(network.averaged(stack, COPIES)[0])
    return torch.cat(made)


def repair_figures(folder: Path, scan: Scan, slices: list[int], weights: Path) -> dict[str, Any]:
    """For each kind: the input and the network."""
    network = RepairLoader().load(ModelRef(REPAIR, str(weights), ""), "cpu", torch.float32)
    truth = hounsfield(folder, scan.name, pairs.TRUTH, slices)
    result: dict[str, Any] = {}
    for kind in KINDS:
        given = hounsfield(folder, scan.name, kind, slices)
        made = repaired(network, pairs.load(folder, scan.name, kind), slices)
        gains = [
            psnr(a, t, SPAN) - psnr(b, t, SPAN) for a, b, t in zip(made, given, truth, strict=True)
        ]
        result[kind] = {"input": figures(given, truth), "network": figures(made, truth)}
        result[kind]["worst_gain"] = round(min(gains), 3)
        print(kind, result[kind], flush=True)
    same = repaired(network, pairs.load(folder, scan.name, pairs.TRUTH), slices)
    result["untouched"] = {"rmse": round(rmse(same, truth), 2)}
    print("untouched", result["untouched"], flush=True)
    return result


@torch.no_grad()
def enlarge_figures(scan: Scan, slices: list[int], weights: Path) -> dict[str, Any]:
    """For each way of making slices small: bicubic and the network."""
    network = Compact()
    network.load_state_dict(load_file(weights))
    truth = torch.from_numpy(scan.hounsfield[slices])
    height, width = (edge // FACTOR * FACTOR for edge in truth.shape[1:])
    truth = truth[:, :height, :width]
    result: dict[str, Any] = {}
    for how in ("mean", "bicubic"):
        small = shrink(truth[:, None], how)
        bicubic = functional.interpolate(small, scale_factor=FACTOR, mode="bicubic")
        made = [from_grey(network(to_grey(part[None])).clamp(0, 1))[0, 0] for part in small]
        result[how] = {
            "bicubic": figures(bicubic[:, 0], truth),
            "network": figures(torch.stack(made), truth),
        }
        print(how, result[how], flush=True)
    return result


def main() -> None:
    """Measure, and write ``WORK/figures.json``."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of CT to report on")
    parser.add_argument("--work", type=Path, default=Path(__file__).with_name("runs"))
    parser.add_argument("--every", type=int, default=6, help="take each n-th slice")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repair", type=Path, default=NETWORKS / "ct-repair/ct-repair.safetensors")
    parser.add_argument("--enlarge", type=Path, default=NETWORKS / "ct-x4/ct-x4.safetensors")
    parser.add_argument("--only", choices=["classical", "repair", "enlarge"])
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    file = options.work / "figures.json"
    told: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for scan in read_scans(options.data):
        part = told.setdefault(scan.name, {})
        depth = len(scan.hounsfield)
        slices = list(range(min(options.every, depth) // 2, depth, options.every))
        tuning = slices[len(slices) // 6 :: max(1, len(slices) // 3)]
        part["slices"], part["tuning"] = slices, tuning
        kinds = {kind: pairs.KINDS[kind] for kind in KINDS}
        if options.only in (None, "classical", "repair"):
            pairs.make(scan, options.work / "pairs", options.seed, kinds)
        if options.only in (None, "repair"):
            part["repair"] = repair_figures(options.work / "pairs", scan, slices, options.repair)
        if options.only in (None, "enlarge"):
            part["enlarge"] = enlarge_figures(scan, slices, options.enlarge)
        if options.only in (None, "classical"):
            part["classical"] = classical_figures(options.work / "pairs", scan, slices, tuning)
    if file.exists():
        told = {**json.loads(file.read_text()), **told}
    file.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
