"""Lungs by a classical method: thresholds, connected pieces and morphology."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, NamedTuple

from graphgen import Context, NodeError, node
from pydantic import Field

from . import geometry
from .checks import need_hounsfield
from .preprocess.grid import body_mask
from .types import Report, Segmentation, Volume

if TYPE_CHECKING:
    import numpy as np

NAMES = ("left lung", "right lung")
GAS = -960.0  # HU; the median of bowel gas is below, that of lungs above
SMALLEST_LUNG = 50.0  # ml
WIDEST_AIRWAY = 1000.0  # mm2 in a slice
AIRWAY = -945.0  # HU; the median of a windpipe is below, that of dark lung above
WALLED = 0.75  # of what lies around an airway; a tip of lung by the heart has half
COARSE = 1.5  # mm


class Lungs(NamedTuple):
    """What ``medical/segment_lung`` gives."""

    segmentation: Annotated[Segmentation, Field(description="1 left lung, 2 right lung.")]
    report: Annotated[Report, Field(description="Volumes in ml and mean values in HU.")]


@node("medical/segment_lung", title="Segment lungs")
def segment_lung(
    volume: Volume,
    threshold: Annotated[
        float, Field(ge=-900, le=0, description="What is darker inside the body is air, HU.")
    ] = -400.0,
    closing: Annotated[
        float, Field(ge=0, le=30, description="Vessels and nodules up to this are lung, mm.")
    ] = 8.0,
    *,
    ctx: Context,
) -> Lungs:
    """Find the left and right lung in CT of the chest, without a network.

    Air inside the body, less the windpipe and its large branches and less bowel gas; pieces
    that touch are parted where they are thinnest; vessels are closed over (after Hu, Hoffman
    and Reinhardt, IEEE TMI 2001). Dense disease at the wall of the chest, effusion and collapsed
    lung are missed: look at the result.

    Hounsfield units: read, and not changed.
    """
    import torch

    need_hounsfield(volume, "finding lungs")
    data = volume.data.numpy()
    steps = 4
    small, factors = _coarse(volume)
    coarse = small.data.numpy()
    body = body_mask(small).numpy()
    ctx.progress(1, steps)
    air = body & (coarse < threshold)
    air &= ~_airways(coarse, air, small.spacing)
    ctx.progress(2, steps)
    lungs = _sides(coarse, air, small)
    ctx.progress(3, steps)
    labels = _refined(_closed(lungs, body, closing, small.spacing), data < threshold, factors)
    ctx.progress(4, steps)
    made = Segmentation(
        torch.from_numpy(labels),
        NAMES,
        volume.affine,
        volume.source,
        f"thresholding at {threshold:g} HU, connected components, closing {closing:g} mm",
    )
    return Lungs(made, _report(data, labels, volume))


def _coarse(volume: Volume) -> tuple[Volume, tuple[int, int]]:
    """The volume on pixels of about 1.5 mm, each the mean of its part, and how many columns and
    rows went into one: lungs are large, and all that follows gets ten times as fast."""
    from torch.nn import functional

    dx, dy, _ = volume.spacing
    across, down = max(1, round(COARSE / dx)), max(1, round(COARSE / dy))
    height, width = volume.data.shape[1:]
    across, down = min(across, width), min(down, height)
    # Padded to whole parts, with what lies at the edge.
    padded = functional.pad(
        volume.data[:, None], (0, -width % across, 0, -height % down), mode="replicate"
    )
    mean = functional.avg_pool2d(padded, (down, across))[:, 0]
    affine = geometry.resampled(volume.affine, (1 / across, 1 / down, 1))
    return Volume(mean, affine, volume.modality, volume.unit), (across, down)


def _refined(labels: np.ndarray, air: np.ndarray, factors: tuple[int, int]) -> np.ndarray:
    """Coarse labels on the fine grid: at the rim of a lung, within one coarse pixel, the fine
    voxels decide."""
    import numpy as np
    from scipy import ndimage

    across, down = factors
    if across == down == 1:
        return labels
    height, width = air.shape[1:]
    result = np.zeros(air.shape, np.uint8)
    square = np.ones((3, 3), bool)
    for index, picture in enumerate(labels):
        for side in (1, 2):
            mask = picture == side
            if not mask.any():
                continue
            inner = ndimage.binary_erosion(mask, square, border_value=1)
            outer = ndimage.binary_dilation(mask, square) & (picture != 3 - side)
            fine = [
                part.repeat(down, 0).repeat(across, 1)[:height, :width] for part in (inner, outer)
            ]
            result[index][fine[0] | (fine[1] & air[index])] = side
    return result


def _airways(data: np.ndarray, air: np.ndarray, spacing: tuple[float, float, float]) -> np.ndarray:
    """The windpipe and its large branches: very dark, narrow in every slice, walled in by
    tissue, and going on through several centimetres."""
    import numpy as np
    from scipy import ndimage

    dark = air & (ndimage.uniform_filter(data, (1, 3, 3)) < -900)
    narrow = np.zeros_like(dark)
    for index, picture in enumerate(dark):
        labels, count = ndimage.label(picture)
        if count:
            areas = np.bincount(labels.ravel()) * spacing[0] * spacing[1]
            fits = (areas < WIDEST_AIRWAY) & (areas > 20)
            fits[0] = False
            narrow[index] = fits[labels]
    labels, count = ndimage.label(narrow)
    if not count:
        return narrow
    tubes = np.zeros_like(narrow)
    long = min(30.0, 0.5 * len(data) * spacing[2])
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        if (place[0].stop - place[0].start) * spacing[2] < long:
            continue  # bits of lung that are dark by noise do not go on through slices
        piece = labels == number
        near, far = (ndimage.binary_dilation(piece, _flat(), iterations=n) for n in (2, 4))
        wall = far & ~near
        # Unlike emphysema, and unlike lung that is narrow between heart and ribs.
        if (data[wall] > -500).mean() > WALLED and np.median(data[piece]) < AIRWAY:
            tubes |= piece
    reach = max(2, round(3.0 / spacing[0]))
    return ndimage.binary_dilation(tubes, _flat(), iterations=reach) & air


def _sides(data: np.ndarray, air: np.ndarray, volume: Volume) -> np.ndarray:
    """1 in the left lung, 2 in the right lung."""
    import numpy as np
    from scipy import ndimage

    voxel = abs(geometry.determinant(volume.affine)) / 1000  # ml
    labels, count = ndimage.label(air)
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * voxel
    medians = ndimage.median(data, labels, range(1, count + 1)) if count else []
    pieces = [
        number
        for number in range(1, count + 1)
        if sizes[number] >= SMALLEST_LUNG and medians[number - 1] > GAS
    ]
    if not pieces:
        raise NodeError(
            "no lungs were found: no piece of air in the body is as large as a lung",
            hint="is it CT of the chest? the threshold may be too low",
            port="volume",
            code="no_lung",
        )
    result = np.zeros(data.shape, np.uint8)
    middle = _across(volume, np.isin(labels, pieces))
    for number in pieces:
        piece = labels == number
        for part in _parted(piece, voxel):
            side = 1 if _across(volume, part) > middle else 2
            result[part] = side
    return result


def _parted(piece: np.ndarray, voxel: float) -> list[np.ndarray]:
    """A piece that is both lungs as two: worn down slice by slice until it falls apart, every
    voxel then going to the nearer core."""
    import numpy as np
    from scipy import ndimage

    total = piece.sum()
    core = piece
    for _ in range(8):
        labels, count = ndimage.label(core)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        sizes[0] = 0
        first, second = np.argsort(sizes)[::-1][:2] if count > 1 else (0, 0)
        if count > 1 and sizes[second] > 0.15 * total and sizes[second] * voxel > SMALLEST_LUNG:
            cores = np.where(labels == first, 1, np.where(labels == second, 2, 0))
            nearest = ndimage.distance_transform_edt(
                cores == 0, return_distances=False, return_indices=True
            )
            owner = cores[tuple(nearest)]
            return [piece & (owner == 1), piece & (owner == 2)]
        core = ndimage.binary_erosion(core, _flat())
        if core.sum() < 0.2 * total:
            break
    return [piece]


def _closed(
    lungs: np.ndarray, body: np.ndarray, closing: float, spacing: tuple[float, float, float]
) -> np.ndarray:
    """Each lung with its vessels and holes, slice by slice, the left one first."""
    import numpy as np
    from scipy import ndimage

    reach = closing / 2
    rows, columns = (math.ceil(reach / edge) for edge in (spacing[1], spacing[0]))
    y, x = np.mgrid[-rows : rows + 1, -columns : columns + 1]
    disc = (y * spacing[1]) ** 2 + (x * spacing[0]) ** 2 <= max(reach, 1e-6) ** 2
    result = np.zeros_like(lungs)
    for side in (1, 2):
        for index, picture in enumerate(lungs == side):
            if picture.any():
                wide = np.pad(picture, ((rows, rows), (columns, columns)))
                whole = ndimage.binary_fill_holes(ndimage.binary_closing(wide, disc))
                height, width = picture.shape
                whole = whole[rows : rows + height, columns : columns + width]
                free = (result[index] == 0) & (lungs[index] != 3 - side) & body[index]
                result[index][whole & free] = side
    return result


def _across(volume: Volume, mask: np.ndarray) -> float:
    """Mean millimetres to the patient's left of the voxels in a mask."""
    from scipy import ndimage

    k, j, i = ndimage.center_of_mass(mask)
    return geometry.apply(volume.affine, (i, j, k))[0]


def _flat() -> np.ndarray:
    """Neighbours within a slice."""
    from scipy import ndimage

    flat: np.ndarray = ndimage.generate_binary_structure(3, 1)
    flat[0], flat[2] = False, False
    return flat


def _report(data: np.ndarray, labels: np.ndarray, volume: Volume) -> Report:
    voxel = abs(geometry.determinant(volume.affine)) / 1000
    rows: list[tuple[str, float, str]] = []
    for side, name in enumerate(NAMES, 1):
        mask = labels == side
        rows.append((f"{name}: volume", float(mask.sum()) * voxel, "ml"))
        if mask.any():
            rows.append((f"{name}: mean", float(data[mask].mean()), "HU"))
    rows.append(("lungs: volume", float((labels > 0).sum()) * voxel, "ml"))
    note = "By thresholds and morphology; look at the result before using a figure."
    return Report("Lungs", tuple(rows), (note,))
