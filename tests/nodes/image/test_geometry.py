"""Crop, pad, flip and rotate move pixels and change none."""

import numpy as np
import pytest
import torch
from graphgen_nodes.image import Image
from graphgen_nodes.image.geometry import crop, flip, pad, rotate
from hypothesis import given
from hypothesis import strategies as st

from graphgen import NodeError


def numbered(height: int = 3, width: int = 4, channels: int = 1) -> Image:
    count = channels * height * width
    return Image((torch.arange(count).float() / 255).reshape(1, channels, height, width))


def rows(image: Image) -> list:
    return (image.pixels[0, 0] * 255).round().int().tolist()


def test_crop_takes_the_rectangle_and_leaves_off_what_is_outside():
    assert rows(crop(numbered(), 1, 1, 2, 2)) == [[5, 6], [9, 10]]
    assert rows(crop(numbered(), 3, 2, 100, 100)) == [[11]]
    assert crop(numbered(), 1, 0, 2, 3).pixels.is_contiguous()


@pytest.mark.parametrize(("x", "y", "port"), [(4, 0, "x"), (0, 3, "y")])
def test_an_empty_crop_names_its_cause(x, y, port):
    with pytest.raises(NodeError, match="the picture is") as caught:
        crop(numbered(), x, y, 1, 1)
    assert caught.value.port == port


@given(
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.tuples(*[st.integers(0, 12)] * 4),
    st.sampled_from(["edge", "reflect"]),
)
def test_edge_and_reflect_agree_with_numpy(shape, sides, mode):
    image = numbered(*shape)
    left, top, right, bottom = sides
    expected = np.pad(image.pixels.numpy(), [(0, 0), (0, 0), (top, bottom), (left, right)], mode)
    padded = pad(image, left, top, right, bottom, mode)
    assert np.array_equal(padded.pixels.numpy(), expected)


def test_constant_pads_with_its_colour():
    padded = pad(numbered(2, 2, 3), 1, 2, 3, 0, "constant", "#ff8000")
    assert padded.pixels.shape == (1, 3, 4, 6)
    assert torch.equal(padded.pixels[:, :, 2:, 1:3], numbered(2, 2, 3).pixels)
    assert torch.allclose(padded.pixels[0, :, 0, 0], torch.tensor([1, 128 / 255, 0]))
    assert torch.equal(padded.pixels[0, :, 3, 5], padded.pixels[0, :, 0, 0])


def test_constant_makes_room_for_its_colour():
    assert pad(numbered(), left=1, colour="red").pixels.shape[1] == 3
    assert pad(numbered(), left=1, colour="#777777").pixels.shape[1] == 1
    translucent = pad(numbered(), left=1, colour="#00000000").pixels
    assert translucent.shape[1] == 4
    assert translucent[0, 3].tolist() == [[0, 1, 1, 1, 1]] * 3


def test_a_bad_colour_is_a_clear_error():
    with pytest.raises(NodeError, match="'blurple' is not a colour") as caught:
        pad(numbered(), left=1, colour="blurple")
    assert caught.value.port == "colour"


def test_flip_mirrors_one_axis():
    assert rows(flip(numbered(2, 2), "horizontal")) == [[1, 0], [3, 2]]
    assert rows(flip(numbered(2, 2), "vertical")) == [[2, 3], [0, 1]]


def test_rotate_turns_clockwise():
    assert rows(rotate(numbered(2, 3), 90)) == [[3, 0], [4, 1], [5, 2]]
    assert rows(rotate(numbered(2, 3), 180)) == [[5, 4, 3], [2, 1, 0]]
    assert rows(rotate(numbered(2, 3), 270)) == [[2, 5], [1, 4], [0, 3]]
