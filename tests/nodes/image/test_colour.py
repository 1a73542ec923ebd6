"""Colour adjustment, channels and alpha, against the formulas of the standards."""

import pytest
import torch
from graphgen_nodes.image import Image, Mask
from graphgen_nodes.image.channels import convert_channels, set_alpha
from graphgen_nodes.image.colour import adjust
from hypothesis import given
from hypothesis import strategies as st

from graphgen import NodeError


def pixel(*values: float) -> Image:
    return Image(torch.tensor(values, dtype=torch.float32).reshape(1, -1, 1, 1))


def values(image: Image) -> list[float]:
    return image.pixels.flatten().tolist()


def test_doing_nothing_changes_nothing():
    image = Image(torch.rand(2, 4, 5, 6))
    assert torch.allclose(adjust(image).pixels, image.pixels, atol=1e-6)
    assert torch.allclose(adjust(image, hue=360).pixels, image.pixels, atol=1e-6)


def test_brightness_multiplies_and_contrast_spreads_about_the_middle():
    assert values(adjust(pixel(0.2, 0.4, 0.8), brightness=1.5)) == pytest.approx([0.3, 0.6, 1])
    assert values(adjust(pixel(0.4, 0.5, 0.9), contrast=2)) == pytest.approx([0.3, 0.5, 1])
    assert values(adjust(pixel(0.1, 0.5, 0.9), contrast=0)) == pytest.approx([0.5] * 3)


def test_saturation_follows_the_filter_effects_matrix():
    assert values(adjust(pixel(1, 0, 0), saturation=0)) == pytest.approx([0.213] * 3)
    # First column of the matrix for 0.5: 0.213 + 0.787 s, 0.213 - 0.213 s, the same.
    half = values(adjust(pixel(1, 0, 0), saturation=0.5))
    assert half == pytest.approx([0.6065, 0.1065, 0.1065])


def test_hue_follows_the_filter_effects_matrix():
    # hue-rotate(90deg): column of red is 0.213 - 0.213, 0.213 + 0.143, 0.213 - 0.787.
    assert values(adjust(pixel(0.5, 0, 0), hue=90)) == pytest.approx([0, 0.178, 0], abs=1e-6)
    there = adjust(pixel(0.5, 0.45, 0.4), hue=70)
    assert values(adjust(there, hue=-70)) == pytest.approx([0.5, 0.45, 0.4], abs=2e-3)


@given(st.floats(-360, 360))
def test_turning_the_hue_keeps_luma(hue):
    turned = values(adjust(pixel(0.5, 0.45, 0.55), hue=hue))
    weights = (0.213, 0.715, 0.072)
    expected = sum(w * v for w, v in zip(weights, (0.5, 0.45, 0.55), strict=True))
    assert sum(w * v for w, v in zip(weights, turned, strict=True)) == pytest.approx(
        expected, abs=1e-3
    )


def test_alpha_stays_and_grey_has_no_hue():
    assert values(adjust(pixel(0.2, 0.4, 0.6, 0.3), brightness=2, hue=50))[3] == pytest.approx(0.3)
    assert values(adjust(pixel(0.4), saturation=0, hue=120)) == pytest.approx([0.4])
    assert values(adjust(pixel(0.4), brightness=0.5)) == pytest.approx([0.2])


def test_grey_is_luma():
    assert values(convert_channels(pixel(1, 0, 0), "grey")) == pytest.approx([0.2126])
    assert values(convert_channels(pixel(1, 1, 1), "grey")) == pytest.approx([1])


def test_losing_alpha_lays_the_picture_on_a_colour():
    image = pixel(1, 0, 0, 0.25)
    assert values(convert_channels(image, "rgb")) == pytest.approx([1, 0.75, 0.75])
    assert values(convert_channels(image, "rgb", "blue")) == pytest.approx([0.25, 0, 0.75])
    assert values(convert_channels(image, "grey", "black")) == pytest.approx([0.2126 * 0.25])
    assert values(convert_channels(image, "rgba")) == [1, 0, 0, 0.25]


def test_gaining_channels():
    assert values(convert_channels(pixel(0.5), "rgb")) == [0.5] * 3
    assert values(convert_channels(pixel(0.5), "rgba")) == [0.5, 0.5, 0.5, 1]


def test_a_mask_becomes_alpha():
    image = set_alpha(pixel(0.1, 0.2, 0.3, 1), Mask(torch.full((2, 1, 1, 1), 0.4)))
    assert image.batch == 2
    assert image.pixels[1].flatten().tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])
    with pytest.raises(NodeError, match="the mask is 2 x 1"):
        set_alpha(pixel(0.5), Mask(torch.ones(1, 1, 1, 2)))
