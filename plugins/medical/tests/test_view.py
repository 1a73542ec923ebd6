"""Montages and previews, looked at pixel by pixel."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from graphgen import NodeError
from PIL import Image

from graphgen_medical import view
from graphgen_medical.tiles import pick_slices
from graphgen_medical.types import Picture, Segmentation, Source, Volume
from graphgen_medical.windows import WINDOWS, to_grey, window_range


def volume(depth=6, height=16, width=16, **options):
    """Every slice has its own value: -1000, -900 and on."""
    data = torch.arange(depth, dtype=torch.float32)[:, None, None] * 100 - 1000
    return Volume(data.expand(depth, height, width).contiguous(), **options)


def opened(png):
    return np.asarray(Image.open(io.BytesIO(png)))


def test_a_window_is_black_below_and_white_above():
    values = np.array([[-2000.0, -160.0, 40.0, 240.0, 3000.0]], np.float32)
    assert to_grey(values, -160.0, 240.0).tolist() == [[0, 0, 128, 255, 255]]


@pytest.mark.parametrize("name", list(WINDOWS))
def test_presets(name):
    low, high = window_range(volume(), name)
    center, width = WINDOWS[name]
    assert (low + high) / 2 == center
    assert high - low == width


def test_the_automatic_window_is_the_scanners():
    tags = {"00281050": [-500, 40], "00281051": [1400, 80]}
    header = json.dumps({tag: {"vr": "DS", "Value": value} for tag, value in tags.items()})
    assert window_range(volume(source=Source(header=header))) == (-1200, 200)
    assert window_range(volume()) == (-160, 240)
    assert window_range(volume(unit="US")) == (-1000, -500)


def test_slices_in_rows_from_the_top_left():
    sheet = view.montage(
        volume(), window="free", center=-750, width=500, slices=0, columns=4, edge=16
    ).pixels
    assert sheet.shape == (32, 64)
    middles = [[int(sheet[8 + 16 * r, 8 + 16 * c]) for c in range(4)] for r in range(2)]
    assert middles == [[0, 51, 102, 153], [204, 255, 0, 0]]


def test_a_few_slices_are_evenly_spaced():
    assert pick_slices(64, 4) == [8, 24, 40, 56]
    assert pick_slices(3, 16) == [0, 1, 2]
    assert pick_slices(5, 0) == [0, 1, 2, 3, 4]


def test_pixels_that_are_not_square_are_shown_in_proportion():
    affine = [[0.5, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    sheet = view.montage(volume(1, affine=affine), edge=64, slices=1).pixels
    assert sheet.shape == (64, 16)


def test_a_montage_is_no_larger_than_a_png_can_well_be():
    sheet = view.montage(volume(100), slices=100, columns=40, edge=1024).pixels
    assert max(sheet.shape) <= 16384


def test_an_overlay_draws_outlines():
    labels = torch.zeros(6, 16, 16, dtype=torch.uint8)
    labels[:, 4:12, 4:12] = 1
    scan = volume()
    made = view.montage(scan, Segmentation(labels, ("lung",), scan.affine), slices=1, edge=16)
    red = (made.pixels == torch.tensor([230, 80, 60], dtype=torch.uint8)).all(dim=2)
    assert int(red.sum()) == 28  # the edge of an 8 x 8 square
    assert not red[8, 8]


def test_an_overlay_of_another_grid_is_refused():
    labels = torch.zeros(6, 8, 8, dtype=torch.uint8)
    with pytest.raises(NodeError) as caught:
        view.montage(volume(), Segmentation(labels, ("lung",)))
    assert caught.value.port == "overlay"


def test_previews_are_small_pictures():
    scan = volume(5, 600, 300)
    assert opened(view.preview_volume(scan)).shape == (256, 128)
    labels = torch.zeros(5, 600, 300, dtype=torch.uint8)
    labels[3, 100:200] = 2
    shown = opened(view.preview_segmentation(Segmentation(labels, ("a", "b"))))
    assert shown.shape == (256, 128, 3)
    assert tuple(shown[64, 64]) == (70, 150, 240)
    picture = Picture(torch.full((1024, 512), 9, dtype=torch.uint8))
    assert opened(view.preview_picture(picture)).shape == (256, 128)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
def test_a_picture_goes_on_as_an_image(shape):
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8)
    image = view.picture_to_image(Picture(pixels))
    assert list(image.pixels.shape) == [1, 1 if len(shape) == 2 else 3, 4, 5]
    assert torch.equal(
        (image.pixels * 255).round().to(torch.uint8)[0, 0], pixels.reshape(4, 5, -1)[:, :, 0]
    )
