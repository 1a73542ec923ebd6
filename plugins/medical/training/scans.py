"""CT scans from a folder of anything: DICOM series, NRRD, NIfTI, MetaImage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK

SUFFIXES = (".nrrd", ".nii", ".nii.gz", ".mha", ".mhd")
NO_SCANS = ("label", "mask", "seg")


@dataclass(frozen=True)
class Scan:
    """One CT.

    Attributes:
        name: Name of its file, or of the folder of its slices.
        hounsfield: float32 ``[depth, height, width]``, not below -1000 HU.
        spacing: Millimetres per column and per row.
    """

    name: str
    hounsfield: np.ndarray
    spacing: tuple[float, float]


def read_scans(folder: Path) -> list[Scan]:
    """Every CT under a folder, by name; files whose name says label, mask or seg are left out.

    Raises:
        SystemExit: There is none.
    """
    scans = sorted(_files(folder), key=lambda scan: scan.name)
    if not scans:
        raise SystemExit(f"no CT (DICOM, {', '.join(SUFFIXES)}) is in {folder}")
    return scans


def _files(folder: Path) -> Iterator[Scan]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name.lower().endswith(SUFFIXES):
            if not any(word in path.name.lower() for word in NO_SCANS):
                yield _scan(path.name.split(".")[0], SimpleITK.ReadImage(str(path)))
        elif path.is_dir():
            yield from _series(path)
    yield from _series(folder)


def _series(folder: Path) -> Iterator[Scan]:
    for number, uid in enumerate(SimpleITK.ImageSeriesReader.GetGDCMSeriesIDs(str(folder)), 1):
        names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), uid)
        single = SimpleITK.ReadImage(names[0])
        if single.GetMetaData("0008|0060").strip() != "CT":
            continue
        image = SimpleITK.ReadImage(names) if len(names) > 1 else single
        yield _scan(folder.name if number == 1 else f"{folder.name}-{number}", image)


def _scan(name: str, image: SimpleITK.Image) -> Scan:
    values = SimpleITK.GetArrayFromImage(image).astype(np.float32)
    values = values.reshape(-1, *values.shape[-2:])
    dx, dy = image.GetSpacing()[:2]
    return Scan(name, values.clip(-1000, 3071), (float(dx), float(dy)))
