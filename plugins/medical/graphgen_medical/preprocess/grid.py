"""Resampling, cropping and orienting: nodes that change where voxels lie."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from graphgen import NodeError, node
from pydantic import Field

from .. import geometry
from ..checks import need_hounsfield
from ..types import Volume

if TYPE_CHECKING:
    import SimpleITK
    import torch

MAX_VOXELS = 2**30
AIR = -1000.0

Millimetres = Annotated[float, Field(ge=0, le=100, description="mm; 0 leaves this axis as it is.")]
Method = Literal["nearest", "linear", "b-spline", "lanczos"]


@node("medical/resample", title="Resample to a spacing")
def resample(
    volume: Volume,
    x: Millimetres = 1.0,
    y: Millimetres = 1.0,
    z: Millimetres = 1.0,
    method: Annotated[
        Method, Field(description="linear never leaves the range of the values; the others can.")
    ] = "linear",
    smooth: Annotated[
        bool, Field(description="Blur first where voxels grow, so that nothing aliases.")
    ] = True,
) -> Volume:
    """Resample a volume to voxels of another size, in millimetres along width, height, depth.

    The edges of the volume stay where they are to within half a voxel, and the affine says
    where the new voxels lie. SimpleITK's resampling; ``smooth`` is a Gaussian of the standard
    deviation that takes the old voxel size to the new one.

    Hounsfield units: kept, interpolated. b-spline and lanczos can overshoot at edges of bone
    and air.
    """
    import SimpleITK
    import torch

    old = volume.spacing
    new = [want or have for want, have in zip((x, y, z), old, strict=True)]
    size = [
        max(1, math.floor(count * have / want + 0.5))
        for count, have, want in zip(volume.size, old, new, strict=True)
    ]
    if math.prod(size) > MAX_VOXELS:
        raise NodeError(
            f"{size[0]} x {size[1]} x {size[2]} voxels would not fit in memory",
            hint="choose a larger spacing",
            port="x",
        )
    factors = [have / want for have, want in zip(old, new, strict=True)]
    affine = geometry.resampled(volume.affine, factors)
    image = to_image(volume)
    if smooth:
        for axis, (have, want) in enumerate(zip(old, new, strict=True)):
            if want > have and volume.size[axis] > 1:
                sigma = 0.5 * math.sqrt(want**2 - have**2) / math.sqrt(2 * math.log(2))
                sigmas = [1e-6] * 3
                sigmas[axis] = sigma
                image = SimpleITK.DiscreteGaussian(image, [s**2 for s in sigmas], 64, 0.01, True)
    interpolators = {
        "nearest": SimpleITK.sitkNearestNeighbor,
        "linear": SimpleITK.sitkLinear,
        "b-spline": SimpleITK.sitkBSpline,
        "lanczos": SimpleITK.sitkLanczosWindowedSinc,
    }
    resampler = SimpleITK.ResampleImageFilter()
    resampler.SetInterpolator(interpolators[method])
    resampler.SetSize(size)
    # On the grid of indexes: SimpleITK allows no skewed affines, and needs none for this.
    resampler.SetOutputSpacing(new)
    resampler.SetOutputOrigin(
        [(0.5 / f - 0.5) * have for f, have in zip(factors, old, strict=True)]
    )
    resampler.UseNearestNeighborExtrapolatorOn()
    made = torch.from_numpy(SimpleITK.GetArrayFromImage(resampler.Execute(image)))
    step = f"resampled to {new[0]:.4g} x {new[1]:.4g} x {new[2]:.4g} mm, {method}"
    return volume.derive(made, step, affine=affine)


@node("medical/crop_to_body", title="Crop to body")
def crop_to_body(
    volume: Volume,
    margin: Annotated[float, Field(ge=0, le=500, description="Left around the body, mm.")] = 10.0,
    threshold: Annotated[float, Field(description="Tissue is above this, HU.")] = -300.0,
    clear: Annotated[bool, Field(description="Fill what is not body with air, -1000 HU.")] = False,
) -> Volume:
    """Cut slices down to the patient: table, clothes and air around are left out.

    The body is the largest connected piece above the threshold, after thin bridges to the
    table were cut, with its holes (lungs, bowel) filled slice by slice. All slices stay, and
    get one common rectangle.

    Hounsfield units: kept.
    """
    need_hounsfield(volume, "finding the body")
    body = body_mask(volume, threshold)
    rows = body.any(dim=(0, 2)).nonzero().flatten()
    columns = body.any(dim=(0, 1)).nonzero().flatten()
    dx, dy, _ = volume.spacing
    height, width = volume.data.shape[1:]
    top = max(0, int(rows[0]) - math.ceil(margin / dy))
    bottom = min(height, int(rows[-1]) + 1 + math.ceil(margin / dy))
    left = max(0, int(columns[0]) - math.ceil(margin / dx))
    right = min(width, int(columns[-1]) + 1 + math.ceil(margin / dx))
    data = volume.data
    if clear:
        data = data.where(body, data.new_tensor(AIR))
    made = data[:, top:bottom, left:right].contiguous()
    affine = geometry.cropped(volume.affine, (left, top, 0))
    return volume.derive(made, f"cropped to the body, margin {margin:g} mm", affine=affine)


def body_mask(volume: Volume, threshold: float = -300.0) -> torch.Tensor:
    """Where the patient is: bool ``[depth, height, width]``, without holes in any slice.

    Raises:
        NodeError: ``no_body``: nothing is above the threshold.
    """
    import numpy as np
    import torch
    from scipy import ndimage

    tissue = volume.data.numpy() > threshold
    flat = ndimage.generate_binary_structure(3, 1)
    flat[0], flat[2] = False, False  # within slices: they may be far apart
    apart = ndimage.binary_erosion(tissue, flat, iterations=2, border_value=1)
    labels, count = ndimage.label(apart)
    if count == 0:
        raise NodeError(
            f"there is no body: hardly a voxel is above {threshold:g} HU",
            hint="lower the threshold, or look whether the values are Hounsfield units",
            port="threshold",
            code="no_body",
        )
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    body = ndimage.binary_dilation(labels == sizes.argmax(), flat, iterations=2, mask=tissue)
    filled = [ndimage.binary_fill_holes(picture) for picture in body]
    return torch.from_numpy(np.stack(filled))


@node("medical/orient", title="Orient")
def orient(
    volume: Volume,
    axes: Annotated[
        str,
        Field(
            pattern="^[LRAPSIlrapsi]{3}$",
            description="Where columns, rows and slices lead: LPS is the usual axial view.",
        ),
    ] = "LPS",
) -> Volume:
    """Turn and flip a volume so that its axes lead where they should; nothing is interpolated.

    Letters: L left or R right, P back (posterior) or A front, S head (superior) or I feet, of
    the patient. LPS: columns to the left of the patient, rows to the back, slices to the head.
    Of oblique axes the nearest counts.

    Hounsfield units: kept.
    """
    pairs = {"L": 0, "R": 0, "P": 1, "A": 1, "S": 2, "I": 2}
    wanted = axes.upper()
    if len({pairs[letter] for letter in wanted}) < 3:
        raise NodeError(
            f"{wanted} names one direction twice",
            hint="one of L and R, one of P and A, one of S and I, in any order",
            port="axes",
        )
    now = geometry.orientation(volume.affine)
    order = [next(i for i in range(3) if pairs[now[i]] == pairs[letter]) for letter in wanted]
    # Tensor axes count the other way round: 0 is the slice, 2 the column.
    data = volume.data.permute([2 - order[2 - axis] for axis in range(3)])
    affine = geometry.permuted(volume.affine, order)
    for axis, letter in enumerate(wanted):
        if now[order[axis]] != letter:
            data = data.flip(2 - axis)
            affine = geometry.flipped(affine, axis, data.shape[2 - axis])
    return volume.derive(data.contiguous(), f"oriented {now} to {wanted}", affine=affine)


def to_image(volume: Volume) -> SimpleITK.Image:
    """As SimpleITK's image, with spacing alone: it begins at 0 and is not turned, since skewed
    axes can't be told to it."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(volume.data.numpy())
    image.SetSpacing(volume.spacing)
    return image
