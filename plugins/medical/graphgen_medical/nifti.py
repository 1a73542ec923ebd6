"""NIfTI-1 and NIfTI-2: RAS on disk, LPS in here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphgen import NodeError

from .geometry import Affine, as_affine, lps_to_ras
from .types import HOUNSFIELD, UNSPECIFIED, Segmentation, Source, Volume

SUFFIXES = (".nii", ".nii.gz")
RESEARCH = "graphgen-medical, research only"
_TO_MM = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}


def read_nifti(path: Path, modality: str = "CT") -> Volume:
    """Read a NIfTI file; whole axes are turned so that it lies as near LPS as it can,
    without resampling.

    NIfTI does not say its modality, so it is taken to be the one that is expected.

    Raises:
        NodeError: It is damaged, has more than three dimensions, or is no scalar image.
    """
    import nibabel
    import numpy as np
    import torch

    try:
        image = nibabel.load(path)
        if image.get_data_dtype().fields is not None:
            raise NodeError(f"{path.name} holds colours or vectors, no scan", code="not_a_scan")
        values = image.get_fdata(dtype=np.float32, caching="unchanged")
        affine = np.array(image.affine, np.float64)
        unit = image.header.get_xyzt_units()[0]
    except NodeError:
        raise
    except Exception as error:  # nibabel raises what zlib, NumPy and the system raise
        raise NodeError(
            f"{path.name} is no sound NIfTI file: {error}",
            hint="copy it again",
            code="unreadable_file",
        ) from error
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise NodeError(
            f"{path.name} has {values.ndim} dimensions ({' x '.join(map(str, values.shape))}), "
            "a volume has 3",
            hint="split a series over time into its volumes",
            code="not_a_scan",
        )
    affine[:3] *= _TO_MM.get(unit, 1.0)
    volume = lps_volume(values, lps_to_ras(as_affine(affine.tolist())), "NIfTI", modality)
    if not torch.isfinite(volume.data).all():
        raise NodeError(
            f"{path.name} holds values that are no numbers (NaN or infinite)",
            hint="replace them, by -1024 HU for instance",
            code="not_a_scan",
        )
    return volume


def write_nifti(volume: Volume, path: Path) -> None:
    """Write a volume as float32; the header names no patient, since a volume holds
    identifiers in its source only."""
    import nibabel

    nibabel.save(_image(volume.data.cpu().numpy(), volume.affine, RESEARCH), path)


def write_labels(segmentation: Segmentation, path: Path) -> None:
    """Write labels as uint8; their names stand in the header, as far as it has room."""
    import nibabel

    nibabel.save(_labels(segmentation), path)


def nifti_bytes(value: Volume | Segmentation) -> bytes:
    """A NIfTI file in memory, uncompressed: Hounsfield units rounded to int16, other values
    as float32, labels as uint8."""
    import numpy as np

    if isinstance(value, Segmentation):
        return _labels(value).to_bytes()
    values = value.data.cpu().numpy()
    if value.unit == HOUNSFIELD and abs(values).max() < 32767:
        values = np.rint(values).astype(np.int16)
    return _image(values, value.affine, RESEARCH).to_bytes()


def _labels(segmentation: Segmentation) -> Any:
    names = "; ".join(f"{n} {name}" for n, name in enumerate(segmentation.names, start=1))
    image = _image(segmentation.labels.cpu().numpy(), segmentation.affine, names)
    image.header.set_intent("label")
    return image


def _image(values: Any, affine: Affine, description: str) -> Any:
    import nibabel
    import numpy as np

    image = nibabel.Nifti1Image(
        np.ascontiguousarray(values.transpose(2, 1, 0)), np.array(lps_to_ras(affine))
    )
    image.header.set_xyzt_units("mm")
    image.set_sform(image.affine, code="scanner")
    image.set_qform(image.affine, code="scanner", strip_shears=True)
    image.header["descrip"] = description.encode("ascii", "replace")[:79]
    return image


def lps_volume(values: Any, affine: Affine, kind: str, modality: str) -> Volume:
    """A volume from ``[i, j, k]`` values, whole axes turned as near to LPS as they can be."""
    import numpy as np
    import torch
    from nibabel import orientations

    try:
        now = orientations.io_orientation(np.array(lps_to_ras(affine)))
        turn = orientations.ornt_transform(now, orientations.axcodes2ornt("LPS"))
        turned = orientations.apply_orientation(values, turn)
        moved = np.array(affine) @ orientations.inv_ornt_aff(turn, values.shape)
    except (ValueError, orientations.OrientationError) as error:
        raise NodeError(f"its orientation can't be used: {error}", code="not_a_scan") from error
    named = "OT" if modality == "any" else modality
    return Volume(
        torch.from_numpy(np.ascontiguousarray(turned.transpose(2, 1, 0), dtype=np.float32)),
        as_affine(moved.tolist()),
        modality=named,
        unit=HOUNSFIELD if named == "CT" else UNSPECIFIED,
        source=Source(kind=kind),
    )
