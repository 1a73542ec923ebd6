"""Volumes for the tests: Shepp and Logan's head in Hounsfield units."""

from __future__ import annotations

import numpy as np
import torch

from graphgen_medical.geometry import Affine, compose
from graphgen_medical.types import Volume

AXES = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]


def affine(spacing: tuple[float, float, float] = (1.0, 1.0, 3.0)) -> Affine:
    return compose((-30.0, -20.0, 5.0), spacing, AXES)


def shepp_logan(edge: int = 65, depth: int = 2, spacing=(2.0, 2.0, 3.0)) -> Volume:
    """Air around a skull of +1000 HU, brain about 0 to 300 HU; slices differ by 5 HU."""
    from skimage.data import shepp_logan_phantom
    from skimage.transform import resize

    head = resize(shepp_logan_phantom(), (edge, edge), anti_aliasing=True)
    slices = [head * 2000 - 1000 + 5 * z * (head > 0.05) for z in range(depth)]
    return Volume(torch.from_numpy(np.stack(slices).astype(np.float32)), affine(spacing))
