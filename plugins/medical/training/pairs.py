"""Pairs to train repair on: every scan, scanned again with fewer views and fewer photons by the
same simulation as the pack's nodes, and kept, so that training reads what it needs.

``WORK/pairs/SCAN/KIND.npy`` holds int16 in eighths of a Hounsfield unit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from graphgen_medical.preprocess.denoise import estimate_noise
from graphgen_medical.simulate.attenuation import to_attenuation, to_hounsfield
from graphgen_medical.simulate.projection import project, reconstruct, view_angles
from graphgen_medical.simulate.scan import count_photons

from .scans import Scan

VIEWS = 360
TRUTH = "truth"
KINDS: dict[str, tuple[int, float | None]] = {
    "views-60": (60, None),
    "views-90": (90, None),
    "views-120": (120, None),
    "views-60-photons-1e5": (60, 1e5),
    "photons-5e3": (VIEWS, 5e3),
    "photons-1e4": (VIEWS, 1e4),
    "photons-3e4": (VIEWS, 3e4),
    "photons-1e5": (VIEWS, 1e5),
    "full": (VIEWS, None),
}
"""By name: views, each a divisor of ``VIEWS``, and photons per bin and view."""
STARVED = {kind: KINDS[kind] for kind in ("photons-1e4", "photons-3e4", "views-60-photons-1e5")}
"""Of a larger patient: noise, until hardly a photon comes through."""
EIGHTHS = 8.0
CHUNK = 4
NOISY = 10.0  # HU; scans with more are also shown as a softer kernel shows them
LARGER = 1.3


def load(folder: Path, name: str, kind: str) -> np.ndarray:
    """``[depth, height, width]`` int16 in eighths of HU, read from disk as it is needed."""
    return np.load(folder / name / f"{kind}.npy", mmap_mode="r")


def make(scan: Scan, folder: Path, seed: int, kinds: dict[str, tuple[int, float | None]]) -> None:
    """Write what is missing of the pairs of a scan."""
    target = folder / scan.name
    target.mkdir(parents=True, exist_ok=True)
    if not (target / f"{TRUTH}.npy").exists():
        _write(target / f"{TRUTH}.npy", scan.hounsfield)
        (target / "scan.json").write_text(json.dumps({"spacing": scan.spacing}))
    kinds = {kind: how for kind, how in kinds.items() if not (target / f"{kind}.npy").exists()}
    made: dict[str, list[np.ndarray]] = {kind: [] for kind in kinds}
    angles = view_angles(VIEWS)
    depth, height, width = scan.hounsfield.shape
    for start in range(0, depth if kinds else 0, CHUNK):
        slices = torch.from_numpy(scan.hounsfield[start : start + CHUNK])
        sinogram = project(to_attenuation(slices), angles, scan.spacing)
        for number, (kind, (views, photons)) in enumerate(kinds.items()):
            every = VIEWS // views
            seen = sinogram[:, ::every]
            if photons is not None:
                seeds = [hash((seed, start + i, number)) % 2**31 for i in range(len(slices))]
                seen = count_photons(
                    seen, photons, [torch.Generator().manual_seed(seed) for seed in seeds]
                )
            shown = reconstruct(seen, angles[::every], (height, width), scan.spacing)
            made[kind].append(to_hounsfield(shown).numpy())
        print(f"{scan.name}: {min(start + CHUNK, depth)} of {depth} slices", flush=True)
    for kind, parts in made.items():
        _write(target / f"{kind}.npy", np.concatenate(parts))


def variants(scan: Scan) -> list[tuple[Scan, dict[str, tuple[int, float | None]]]]:
    """A scan and what else can be learned from it, each with the kinds of defects to make: with
    a softer kernel where it is noisy, on coarser pixels, and of a larger patient."""
    made = [(scan, KINDS)]
    clean = scan
    if estimate_noise(scan.hounsfield[len(scan.hounsfield) // 2]) > NOISY:
        clean = softer(scan)
        made.append((clean, KINDS))
    if len(scan.hounsfield) > 1:
        made += [(coarser(clean), KINDS), (larger(clean), STARVED)]
    return made


def softer(scan: Scan) -> Scan:
    """The scan with in-plane detail below about two pixels smoothed away (a Gaussian of one
    pixel), as a softer reconstruction kernel shows it: a truth with far less noise of its own."""
    smooth = ndimage.gaussian_filter(scan.hounsfield, (0, 1, 1))
    return Scan(f"{scan.name}-soft", smooth, scan.spacing)


def larger(scan: Scan) -> Scan:
    """The scan of a patient so much larger that fewer photons come through. In Hounsfield units
    the slices are the same."""
    dx, dy = scan.spacing
    return Scan(f"{scan.name}-large", scan.hounsfield, (LARGER * dx, LARGER * dy))


def coarser(scan: Scan) -> Scan:
    """The scan on pixels twice as wide and high, each the mean of four: less noise, and what
    is seen through larger pixels."""
    depth, height, width = scan.hounsfield.shape
    cut = scan.hounsfield[:, : height // 2 * 2, : width // 2 * 2]
    mean = cut.reshape(depth, height // 2, 2, width // 2, 2).mean(axis=(2, 4))
    dx, dy = scan.spacing
    return Scan(f"{scan.name}-coarse", mean, (2 * dx, 2 * dy))


def _write(path: Path, hounsfield: np.ndarray) -> None:
    part = path.with_suffix(".part.npy")
    np.save(part, np.round(hounsfield * EIGHTHS).clip(-32768, 32767).astype(np.int16))
    part.replace(path)
