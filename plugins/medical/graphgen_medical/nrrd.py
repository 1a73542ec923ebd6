"""NRRD, by SimpleITK, which brings every space to LPS."""

from __future__ import annotations

from pathlib import Path

from graphgen import NodeError

from .geometry import compose
from .nifti import lps_volume
from .types import Volume

SUFFIXES = (".nrrd", ".nhdr")


def read_nrrd(path: Path, modality: str = "CT") -> Volume:
    """Read an NRRD file; see ``read_nifti`` for axes and modality.

    Raises:
        NodeError: It is damaged, has more than three dimensions, or several values a voxel.
    """
    import SimpleITK

    try:
        image = SimpleITK.ReadImage(str(path), imageIO="NrrdImageIO")
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1]
        raise NodeError(
            f"{path.name} is no sound NRRD file: {why}",
            hint="copy it again",
            code="unreadable_file",
        ) from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise NodeError(
            f"{path.name} has {image.GetDimension()} dimensions and "
            f"{image.GetNumberOfComponentsPerPixel()} values a voxel; a volume has 3 and 1",
            code="not_a_scan",
        )
    direction = image.GetDirection()
    affine = compose(
        image.GetOrigin(),
        image.GetSpacing(),
        [(direction[axis], direction[3 + axis], direction[6 + axis]) for axis in range(3)],
    )
    values = SimpleITK.GetArrayViewFromImage(image).transpose(2, 1, 0)
    return lps_volume(values, affine, "NRRD", modality)
