"""Compositing: places, alpha, blending formulas, batches."""

import pytest
import torch
from graphgen_nodes.image import Image, Mask
from graphgen_nodes.image.composite import composite

from graphgen import NodeError


def flat(*colour: float, size: tuple[int, int] = (2, 2), batch: int = 1) -> Image:
    pixel = torch.tensor(colour, dtype=torch.float32).reshape(1, -1, 1, 1)
    return Image(pixel.expand(batch, -1, *size).contiguous())


def pixel(image: Image, y: int = 0, x: int = 0, index: int = 0) -> list[float]:
    return image.pixels[index, :, y, x].tolist()


@pytest.mark.parametrize(
    ("blend", "expected"),
    [
        ("normal", [0.5, 0.25, 0.9]),
        ("multiply", [0.1, 0.15, 0.72]),
        ("screen", [0.6, 0.7, 0.98]),
        ("overlay", [0.2, 0.4, 0.96]),
        ("add", [0.7, 0.85, 1.0]),
        ("difference", [0.3, 0.35, 0.1]),
    ],
)
def test_blend_modes_follow_the_specification(blend, expected):
    below, above = flat(0.2, 0.6, 0.8), flat(0.5, 0.25, 0.9)
    assert pixel(composite(below, above, blend=blend)) == pytest.approx(expected, abs=1e-6)
    half = [(a + b) / 2 for a, b in zip([0.2, 0.6, 0.8], expected, strict=True)]
    mixed = composite(below, above, opacity=0.5, blend=blend)
    assert pixel(mixed) == pytest.approx(half, abs=1e-6)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, 1), (-1, -1), (4, 3), (-2, 0), (100, 0)])
def test_the_foreground_lands_at_its_place_and_stays_inside(x, y):
    result = composite(flat(0.0, size=(4, 5)), flat(1.0, size=(2, 2)), x=x, y=y).pixels[0, 0]
    expected = torch.zeros(4, 5)
    for row in range(y, y + 2):
        for column in range(x, x + 2):
            if 0 <= row < 4 and 0 <= column < 5:
                expected[row, column] = 1
    assert torch.equal(result, expected)


def test_alpha_mask_and_opacity_multiply():
    mask = Mask(torch.tensor([[1.0, 0.5], [0.0, 1.0]])[None, None])
    result = composite(flat(0, 0, 0), flat(1, 1, 1, 0.8), mask, opacity=0.5)
    assert result.pixels[0, 1].flatten().tolist() == pytest.approx([0.4, 0.2, 0, 0.4])


def test_translucent_over_translucent_is_the_over_operator():
    result = composite(flat(0, 0, 1, 0.5), flat(1, 0, 0, 0.5))
    # Porter and Duff: alpha 0.75, of which two thirds come from above.
    assert pixel(result) == pytest.approx([2 / 3, 0, 1 / 3, 0.75], abs=1e-6)


def test_blending_needs_something_below():
    result = composite(flat(0, 0, 0, 0.0), flat(0.3, 0.6, 0.9), blend="multiply")
    assert pixel(result) == pytest.approx([0.3, 0.6, 0.9, 1])


def test_nothing_over_nothing_keeps_the_colour_and_no_nan():
    result = composite(flat(0.1, 0.2, 0.3, 0), flat(1, 1, 1, 0))
    assert pixel(result) == pytest.approx([0.1, 0.2, 0.3, 0])


def test_grey_is_promoted_by_colour_only():
    assert composite(flat(0.5), flat(1.0)).pixels.shape[1] == 1
    assert pixel(composite(flat(0.5), flat(1.0, 0, 0, 0.5))) == pytest.approx([0.75, 0.25, 0.25])
    assert pixel(composite(flat(0, 0, 0), flat(0.5))) == [0.5, 0.5, 0.5]


def test_batches_are_paired_and_one_serves_all():
    many = Image(torch.tensor([0.1, 0.2, 0.3]).reshape(3, 1, 1, 1).expand(3, 1, 2, 2))
    assert pixel(composite(flat(0.0), many), index=2) == pytest.approx([0.3])
    assert composite(many, flat(1.0), opacity=0.5).batch == 3
    masks = Mask(torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1).expand(2, 1, 2, 2))
    masked = composite(flat(0.0), flat(1.0), masks)
    assert masked.pixels[:, 0, 0, 0].tolist() == [0, 1]
    with pytest.raises(NodeError, match="batch of 3 and a batch of 2"):
        composite(flat(0.0, batch=2), many)


def test_inputs_are_left_as_they_are():
    below, above = flat(0.0), flat(1.0)
    composite(below, above)
    assert below.pixels.max() == 0


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(NodeError, match="the mask is 3 x 2, the foreground 2 x 2") as caught:
        composite(flat(0.0), flat(1.0), Mask(torch.ones(1, 1, 2, 3)))
    assert caught.value.port == "mask"
