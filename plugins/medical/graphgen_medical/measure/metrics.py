"""Image quality figures of volumes, with scikit-image where it has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def rmse(made: torch.Tensor, truth: torch.Tensor) -> float:
    """Root of the mean squared difference, in the unit of the values."""
    return math.sqrt(float((made.double() - truth.double()).square().mean()))


def psnr(made: torch.Tensor, truth: torch.Tensor, span: float) -> float:
    """Peak signal-to-noise ratio ``20 log10(span / rmse)`` in dB; infinite if both are equal."""
    error = rmse(made, truth)
    return math.inf if error == 0 else 20 * math.log10(span / error)


def ssim(
    made: torch.Tensor,
    truth: torch.Tensor,
    span: float,
    tick: Callable[[int], object] = bool,
) -> float:
    """Mean structural similarity of the slices: scikit-image's, with the Gaussian window of
    Wang et al., "Image quality assessment", IEEE TIP 2004 (sigma 1.5 pixels).

    Args:
        made: ``[depth, height, width]``, at least 11 pixels high and wide.
        truth: Likewise.
        span: The range of values that the constants are scaled to.
        tick: Called with the number of slices done.
    """
    from skimage.metrics import structural_similarity

    total = 0.0
    for index, (one, other) in enumerate(zip(made, truth, strict=True)):
        total += structural_similarity(
            one.numpy(),
            other.numpy(),
            data_range=span,
            gaussian_weights=True,
            use_sample_covariance=False,
        )
        tick(index + 1)
    return float(total) / len(made)
