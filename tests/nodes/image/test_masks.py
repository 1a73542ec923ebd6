"""Masks: where they come from and what is done to them."""

import math

import pytest
import torch
from graphgen_nodes.image import Image, Mask, masks

from graphgen import NodeError


def dot(size: int = 21) -> Mask:
    values = torch.zeros(1, 1, size, size)
    values[..., size // 2, size // 2] = 1
    return Mask(values)


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("luminance", 0.2126 * 0.2 + 0.7152 * 0.4 + 0.0722 * 0.6), ("alpha", 0.8), ("red", 0.2),
     ("green", 0.4), ("blue", 0.6)],
)  # fmt: skip
def test_each_channel_becomes_a_mask(channel, expected):
    image = Image(torch.tensor([0.2, 0.4, 0.6, 0.8]).reshape(1, 4, 1, 1))
    assert masks.mask_from_image(image, channel).values.item() == pytest.approx(expected)


def test_grey_and_opaque_pictures_have_every_channel():
    grey = Image(torch.full((1, 1, 2, 2), 0.3))
    assert masks.mask_from_image(grey, "blue").values.max() == pytest.approx(0.3)
    assert masks.mask_from_image(grey, "alpha").values.min() == 1


def test_a_rectangle_covers_pixels_in_part():
    mask = masks.mask_shape(4, 3, "rectangle", left=1, top=0.5, right=2.25, bottom=9).values
    assert mask[0, 0].tolist() == [[0, 0.5, 0.125, 0], [0, 1, 0.25, 0], [0, 1, 0.25, 0]]


def test_an_ellipse_has_its_area_and_place():
    mask = masks.mask_shape(60, 40, "ellipse", left=10, top=5, right=50, bottom=35).values[0, 0]
    assert float(mask.sum()) == pytest.approx(math.pi * 20 * 15, rel=1e-3)
    assert torch.equal(mask, mask.flip(0))
    assert torch.equal(mask, mask.flip(1))
    assert mask[20, 10:50].min() > 0.3
    assert mask[:, :10].max() == mask[:5].max() == 0


def test_an_empty_shape_names_its_cause():
    with pytest.raises(NodeError, match="the shape is empty") as caught:
        masks.mask_shape(8, 8, "ellipse", left=4, right=4)
    assert caught.value.port == "right"


def test_invert_and_threshold():
    mask = Mask(torch.tensor([0.0, 0.25, 0.5, 1.0]).reshape(1, 1, 1, 4))
    assert masks.mask_invert(mask).values.flatten().tolist() == [1, 0.75, 0.5, 0]
    assert masks.mask_threshold(mask, 0.5).values.flatten().tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 7, 10])
def test_growing_a_dot_gives_the_disc(radius):
    grown = masks.mask_grow(dot(), radius).values[0, 0]
    y, x = torch.meshgrid(torch.arange(21) - 10, torch.arange(21) - 10, indexing="ij")
    assert torch.equal(grown, (x * x + y * y <= radius * radius).float())


def test_growing_is_the_maximum_over_the_disc_and_shrinking_the_minimum():
    values = torch.rand(1, 1, 12, 9)
    grown = masks.mask_grow(Mask(values), 3).values
    shrunk = masks.mask_grow(Mask(values), -3).values
    for y, x in ((0, 0), (5, 4), (11, 8), (3, 8)):
        disc = [
            values[0, 0, row, column].item()
            for row in range(12)
            for column in range(9)
            if (row - y) ** 2 + (column - x) ** 2 <= 9
        ]
        assert grown[0, 0, y, x].item() == max(disc)
        assert shrunk[0, 0, y, x].item() == pytest.approx(min(disc), abs=1e-6)


def test_growing_far_beyond_the_picture_fills_it_and_a_full_one_never_shrinks():
    assert masks.mask_grow(dot(), 512).values.min() == 1
    full = Mask(torch.ones(1, 1, 8, 8))
    assert masks.mask_grow(full, -100).values.min() == 1


def test_growing_leaves_its_input_alone():
    mask = dot()
    masks.mask_grow(mask, 4)
    assert mask.values.sum() == 1


def test_feathering_spreads_the_edge_evenly():
    step = torch.zeros(1, 1, 8, 64)
    step[..., 32:] = 1
    soft = masks.mask_feather(Mask(step), 4).values[0, 0, 4]
    # An edge under a Gaussian is its cumulative distribution.
    expected = [0.5 * (1 + math.erf((x - 31.5) / (4 * math.sqrt(2)))) for x in range(64)]
    assert soft.tolist() == pytest.approx(expected, abs=2e-3)
    assert torch.equal(masks.mask_feather(Mask(step), 0).values, step)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("union", [0.2, 0.7, 1]), ("intersect", [0, 0.4, 1]), ("subtract", [0.2, 0.3, 0]),
     ("difference", [0.2, 0.3, 0])],
)  # fmt: skip
def test_masks_combine_as_fuzzy_sets(operation, expected):
    first = Mask(torch.tensor([0.2, 0.4, 1.0]).reshape(1, 1, 1, 3))
    second = Mask(torch.tensor([0.0, 0.7, 1.0]).reshape(1, 1, 1, 3))
    result = masks.mask_combine(first, second, operation).values.flatten().tolist()
    assert result == pytest.approx(expected)


def test_masks_of_different_sizes_do_not_combine():
    with pytest.raises(NodeError, match="3 x 2 and 5 x 4"):
        masks.mask_combine(Mask(torch.ones(1, 1, 2, 3)), Mask(torch.ones(1, 1, 4, 5)))
