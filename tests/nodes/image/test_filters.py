"""Blur and sharpen."""

import pytest
import torch
from graphgen_nodes.image import Image
from graphgen_nodes.image.filters import blur, sharpen


def dot() -> torch.Tensor:
    pixels = torch.zeros(1, 1, 41, 41)
    pixels[..., 20, 20] = 1
    return pixels


def spread(pixels: torch.Tensor) -> float:
    """Variance along x of what a dot became."""
    weights = pixels[0, 0].double().sum(dim=0)
    places = torch.arange(41, dtype=torch.float64) - 20
    return float((weights * places**2).sum() / weights.sum())


@pytest.mark.parametrize("sigma", [0.8, 2.0, 4.5])
def test_a_gaussian_has_its_standard_deviation_and_keeps_the_sum(sigma):
    blurred = blur(Image(dot()), sigma).pixels
    assert float(blurred.sum()) == pytest.approx(1, abs=1e-4)
    assert spread(blurred) == pytest.approx(sigma**2, rel=0.01)
    assert torch.allclose(blurred, blurred.transpose(2, 3), atol=1e-7)


@pytest.mark.parametrize(("radius", "row"), [(1, [0, 1 / 3, 1 / 3]), (1.5, [1 / 8, 1 / 4, 1 / 4])])
def test_a_box_is_the_mean_and_parts_of_pixels_count(radius, row):
    line = blur(Image(dot()), radius, "box").pixels[0, 0].sum(dim=0)
    assert line[18:21].tolist() == pytest.approx(row, abs=1e-6)


@pytest.mark.parametrize("kind", ["gaussian", "box"])
def test_no_radius_is_no_blur_and_flat_stays_flat_to_the_edge(kind):
    pixels = torch.rand(1, 3, 6, 5)
    assert torch.equal(blur(Image(pixels), 0, kind).pixels, pixels)
    flat = blur(Image(torch.full((2, 3, 6, 5), 0.7)), 30, kind).pixels
    assert (flat - 0.7).abs().max() < 1e-5


def test_transparent_colour_does_not_bleed_in():
    pixels = torch.zeros(1, 4, 9, 9)
    pixels[:, 1] = 1
    pixels[:, :, :, 4:] = torch.tensor([1.0, 0, 0, 1]).reshape(1, 4, 1, 1)
    blurred = blur(Image(pixels), 1.5).pixels
    seen = blurred[:, 3:] > 0.01
    assert (blurred[:, :1][seen] - 1).abs().max() < 1e-3
    assert blurred[:, 1:2][seen].max() < 1e-3


def test_sharpening_adds_the_difference_from_the_blur():
    pixels = 0.4 + 0.2 * torch.rand(1, 3, 16, 16)
    soft = blur(Image(pixels), 1.2).pixels
    sharp = sharpen(Image(pixels), amount=0.7, radius=1.2).pixels
    assert torch.allclose(sharp, pixels + 0.7 * (pixels - soft), atol=1e-6)
    assert torch.equal(sharpen(Image(pixels), amount=0).pixels, pixels)


def test_small_differences_stay_below_the_threshold_and_alpha_stays():
    pixels = torch.full((1, 4, 16, 16), 0.5)
    pixels[:, :3, :, 8:] = 0.9
    pixels[:, :3, 4, 4] = 0.51
    pixels[:, 3] = torch.rand(16, 16)
    opaque = pixels.clone()
    opaque[:, 3] = 1
    sharp = sharpen(Image(opaque), 1, 1, threshold=0.05).pixels
    assert sharp[0, 0, 4, 4].item() == pytest.approx(0.51)
    assert sharp[0, 0, 10, 8] > 0.95
    assert torch.equal(sharpen(Image(pixels), 1, 1).pixels[:, 3], pixels[:, 3])
