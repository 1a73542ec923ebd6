"""Classical denoising, slice by slice or through the volume."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from graphgen import Context, node
from pydantic import Field

from ..types import Volume

if TYPE_CHECKING:
    import numpy as np

TIME_STEP = 0.12
Filtered = Callable[["np.ndarray"], "np.ndarray"]
Seen = Annotated[float | None, Field(gt=0, description="SD of the noise, in HU; none: estimated.")]


@node("medical/denoise_nlm", title="Denoise: non-local means")
def non_local_means(
    volume: Volume,
    strength: Annotated[
        float, Field(gt=0, le=10, description="Of the noise's SD; more smooths more.")
    ] = 0.8,
    noise: Seen = None,
    patch: Annotated[int, Field(ge=3, le=15, description="Edge of compared patches, px.")] = 5,
    distance: Annotated[int, Field(ge=1, le=30, description="How far patches are sought, px.")] = 6,
    *,
    ctx: Context,
) -> Volume:
    """Average pixels whose surroundings look alike (Buades, Coll and Morel, CVPR 2005).

    scikit-image's ``denoise_nl_means``, fast mode, slice by slice. Where the noise is not given,
    it is estimated for each slice from how pixels differ from their neighbours (Immerkaer,
    Comput. Vis. Image Underst. 1996, with the median), air left out.

    Hounsfield units: kept; means are preserved, fine texture is lost first.
    """
    from skimage.restoration import denoise_nl_means

    def filtered(picture: np.ndarray) -> np.ndarray:
        sigma = noise or estimate_noise(picture)
        return denoise_nl_means(
            picture,
            patch_size=patch,
            patch_distance=distance,
            h=max(strength * sigma, 1e-3),
            sigma=sigma,
            fast_mode=True,
        )

    return _each(volume, filtered, f"non-local means, strength {strength:g}", ctx)


@node("medical/denoise_tv", title="Denoise: total variation")
def total_variation(
    volume: Volume,
    weight: Annotated[float, Field(gt=0, le=2000, description="HU; more smooths more.")] = 40.0,
    *,
    ctx: Context,
) -> Volume:
    """Make slices as even as possible while staying close (Chambolle, J. Math. Imaging Vis. 2004).

    scikit-image's ``denoise_tv_chambolle``, slice by slice.

    Hounsfield units: kept; small bright or dark spots lose contrast, areas get flat.
    """
    from skimage.restoration import denoise_tv_chambolle

    def filtered(picture: np.ndarray) -> np.ndarray:
        return denoise_tv_chambolle(picture, weight=weight)

    return _each(volume, filtered, f"total variation, weight {weight:g} HU", ctx)


@node("medical/denoise_bilateral", title="Denoise: bilateral")
def bilateral(
    volume: Volume,
    spread: Annotated[
        float, Field(gt=0, le=4000, description="HU; pixels that differ less are averaged.")
    ] = 100.0,
    radius: Annotated[float, Field(gt=0, le=20, description="SD of the distance, in mm.")] = 1.5,
    *,
    ctx: Context,
) -> Volume:
    """Average neighbours that have about the same value (Tomasi and Manduchi, ICCV 1998).

    SimpleITK's bilateral filter, slice by slice.

    Hounsfield units: kept; edges higher than the spread stay sharp.
    """
    import SimpleITK

    dx, dy, _ = volume.spacing

    def filtered(picture: np.ndarray) -> np.ndarray:
        image = SimpleITK.GetImageFromArray(picture)
        image.SetSpacing((dx, dy))
        made = SimpleITK.Bilateral(image, domainSigma=radius, rangeSigma=spread)
        return SimpleITK.GetArrayFromImage(made)

    return _each(volume, filtered, f"bilateral, {spread:g} HU, {radius:g} mm", ctx)


@node("medical/denoise_diffusion", title="Denoise: curvature diffusion")
def curvature_diffusion(
    volume: Volume,
    iterations: Annotated[int, Field(ge=1, le=500, description="More smooths more.")] = 5,
    conductance: Annotated[
        float, Field(gt=0, le=100, description="Lower keeps fainter edges, in mean gradients.")
    ] = 0.5,
    *,
    ctx: Context,
) -> Volume:
    """Let values flow along edges but not across (Whitaker and Xue, ICIP 2001).

    SimpleITK's curvature anisotropic diffusion, slice by slice, in steps of 0.12 between pixels
    (0.125 is the largest that is stable).

    Hounsfield units: kept; edges stay, corners get rounder.
    """
    import SimpleITK

    def filtered(picture: np.ndarray) -> np.ndarray:
        made = SimpleITK.CurvatureAnisotropicDiffusion(
            SimpleITK.GetImageFromArray(picture),
            timeStep=TIME_STEP,
            conductanceParameter=conductance,
            numberOfIterations=iterations,
        )
        return SimpleITK.GetArrayFromImage(made)

    words = f"curvature diffusion, {iterations} iterations, conductance {conductance:g}"
    return _each(volume, filtered, words, ctx)


def estimate_noise(picture: np.ndarray) -> float:
    """Standard deviation of the noise of a slice in its tissue (above -900), in its unit."""
    import numpy as np
    from scipy import ndimage

    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    details = np.abs(ndimage.convolve(picture, mask))  # 6 times the noise, edges aside
    tissue = details[picture > -900]
    return float(np.median(tissue if tissue.size else details)) / (6 * 0.6745)


def _each(volume: Volume, filtered: Filtered, step: str, ctx: Context) -> Volume:
    import torch

    made = torch.empty_like(volume.data)
    for index, picture in enumerate(volume.data):
        made[index] = torch.from_numpy(filtered(picture.numpy()))
        ctx.progress(index + 1, len(made))
    return volume.derive(made, step)
