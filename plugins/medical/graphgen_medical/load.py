"""Scans from files of the workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from graphgen import Context, InputFile, NodeError, node
from pydantic import Field

from . import nifti, nrrd
from .dicom.headers import BARE_SUFFIXES
from .types import Volume

SUFFIXES = (*BARE_SUFFIXES, ".zip", *nifti.SUFFIXES, *nrrd.SUFFIXES)


@node("medical/load", title="Load scan")
def load(
    source: Annotated[
        str,
        InputFile(suffixes=SUFFIXES, folders=True),
        Field(description="A DICOM series as folder, zip or file; or a NIfTI or NRRD file."),
    ],
    series: Annotated[
        str, Field(description="Of several DICOM series: number, description or UID.")
    ] = "",
    modality: Annotated[
        Literal["CT", "MR", "PT", "any"],
        Field(description="What it must be; NIfTI and NRRD do not say, and are taken to be it."),
    ] = "CT",
    irregular: Annotated[
        Literal["refuse", "resample"],
        Field(description="Missing or uneven slices and a tilted gantry: refuse or resample."),
    ] = "refuse",
    *,
    ctx: Context,
) -> Volume:
    """Read a scan: DICOM (single slices, enhanced multi-frame, compressed), NIfTI or NRRD.

    DICOM files are grouped by series UID and sorted by position along the slice normal.
    Rescale slope and intercept are always applied, so CT is in Hounsfield units; padding
    outside the reconstruction becomes -1024 HU. Localizers in the series are left out.
    Missing or uneven slices and a tilted gantry are refused, or resampled linearly to a
    regular grid when asked.
    """
    path = ctx.files.resolve(source)
    return read_scan(path, series, modality, irregular == "resample", ctx.progress)


def load_volume(path: Path) -> Volume:
    """The CT at a path; see ``medical/load``."""
    return read_scan(path)


def read_scan(
    path: Path,
    series: str = "",
    modality: str = "CT",
    correct: bool = False,
    progress: Callable[[int, int], object] = lambda step, total: None,
) -> Volume:
    """A scan of any format that the pack reads.

    Raises:
        NodeError: It can't be read, or is not what was asked for.
    """
    name = path.name.lower()
    try:
        if path.is_file() and name.endswith(nifti.SUFFIXES):
            return nifti.read_nifti(path, modality)
        if path.is_file() and name.endswith(nrrd.SUFFIXES):
            return nrrd.read_nrrd(path, modality)
        from .dicom.read import read_series

        return read_series(path, series, modality, correct, progress)
    except OSError as error:
        reason = error.strerror or str(error)
        raise NodeError(f"{path.name} can't be read: {reason}", code="unreadable_file") from error
