from __future__ import annotations

import numpy as np
import pytest

from .conftest import STEPS
from .pictures import array, cells, colour, distance, ink, middle, reduced, sharpness


@pytest.fixture
def outputs(run):
    return run("upscale", prompt="red apple", steps=STEPS)


@pytest.fixture
def small(draw):
    return draw("red apple")


def test_the_result_is_four_times_as_large_and_the_same_picture(outputs, small):
    large = array(outputs["image"])
    assert large.shape == (256, 256, 3)
    assert distance(reduced(large, 4), small) < 0.02
    assert colour(middle(large)) == "red"


def test_it_is_another_picture_for_another_prompt(run, draw, small):
    large = array(run("upscale", prompt="fish", steps=STEPS)["image"])
    assert distance(reduced(large, 4), draw("fish")) < 0.02
    assert distance(reduced(large, 4), small) > 0.1


def test_it_is_sharper_than_resampling(outputs, run):
    resampled = array(run("upscale", "resample", prompt="red apple", steps=STEPS)["image"])
    assert resampled.shape == (256, 256, 3)
    assert sharpness(array(outputs["image"])) > 1.2 * sharpness(resampled)


def test_the_comparison_shows_pixels_resampled_and_network_under_headings(outputs, run, small):
    sheet = array(outputs["comparison"])
    assert sheet.shape[1] == 3 * 264 + 8
    ((pixels, resampled, network),) = cells(sheet, 256, 264, 3, 1)
    assert (network == array(outputs["image"])).all()
    assert np.allclose(pixels, small.repeat(4, axis=0).repeat(4, axis=1), atol=1e-6)
    assert sharpness(resampled) < sharpness(network)
    top = sheet.shape[0] - 264
    for column in range(3):
        heading = sheet[:top, 8 + column * 264 : 264 + column * 264]
        assert ink(heading) > 30
    assert ink(sheet[:, :8]) == 0


def test_another_factor(run):
    outputs = run("upscale", prompt="red apple", steps=STEPS, factor=2.0)
    assert array(outputs["image"]).shape == (128, 128, 3)
    ((_, resampled, network),) = cells(array(outputs["comparison"]), 128, 136, 3, 1)
    assert distance(resampled, network) < 0.05
