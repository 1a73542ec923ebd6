"""Pictures from nothing, batches and sizes."""

import pytest
import torch
from graphgen_nodes.image import Image
from graphgen_nodes.image.batch import join_batch, pick, size, split_batch
from graphgen_nodes.image.create import gradient, solid

from graphgen import NodeError


def test_solid_has_its_colour_everywhere():
    image = solid(5, 3, "#336699", 2)
    assert size(image) == (5, 3, 3, 2)
    expected = torch.tensor([0x33, 0x66, 0x99]).reshape(1, 3, 1, 1) / 255
    assert torch.equal(image.pixels, expected.expand(2, 3, 3, 5))
    assert solid(1, 1, "#ff000080").pixels.flatten().tolist() == pytest.approx([1, 0, 0, 128 / 255])


@pytest.mark.parametrize("colour", ["#12", "notacolour", "", "url(x)"])
def test_no_colour_is_a_clear_error(colour):
    with pytest.raises(NodeError, match="is not a colour"):
        solid(1, 1, colour)


def test_a_linear_gradient_is_even_and_turns_with_its_angle():
    across = gradient(4, 2, "black", "white").pixels
    assert across[0, 1, 1].tolist() == pytest.approx([0.125, 0.375, 0.625, 0.875])
    down = gradient(2, 4, "black", "white", angle=90).pixels
    assert down[0, 0, :, 0].tolist() == pytest.approx([0.125, 0.375, 0.625, 0.875])
    back = gradient(4, 2, "black", "white", angle=180).pixels
    assert torch.allclose(back, across.flip(3), atol=1e-6)
    slanted = gradient(65, 65, "black", "white", angle=45).pixels[0, 0]
    assert slanted[0, 0] == pytest.approx(0.5 / 65, abs=1e-4)
    assert slanted[32, 32] == pytest.approx(0.5)


def test_a_radial_gradient_goes_from_the_centre_to_the_corners():
    image = gradient(65, 33, "#ff0000", "#0000ff00", "radial").pixels[0]
    assert image[:, 16, 32].tolist() == pytest.approx([1, 0, 0, 1])
    assert image[3, 0, 0] < 0.03
    assert torch.allclose(image, image.flip(1), atol=1e-6)


def test_joining_keeps_the_order_and_the_most_channels():
    grey = Image(torch.full((1, 1, 2, 3), 0.1))
    colour = Image(torch.full((2, 3, 2, 3), 0.2))
    joined = join_batch([grey, colour, grey])
    assert size(joined) == (3, 2, 3, 4)
    assert joined.pixels[:, 2, 0, 0].tolist() == pytest.approx([0.1, 0.2, 0.2, 0.1])


def test_joining_different_sizes_or_nothing_is_refused():
    with pytest.raises(NodeError, match="differ in size: 2 x 2, 3 x 2"):
        join_batch([Image(torch.zeros(1, 1, 2, 3)), Image(torch.zeros(1, 1, 2, 2))])
    with pytest.raises(NodeError, match="no picture"):
        join_batch([])


def test_split_and_pick():
    batch = Image(torch.arange(4).float().reshape(4, 1, 1, 1) / 4)
    assert [image.pixels.item() for image in split_batch(batch)] == [0, 0.25, 0.5, 0.75]
    assert pick(batch, 2).pixels.item() == 0.5
    assert pick(batch, -1).pixels.item() == 0.75
    assert pick(batch, 1, 3).pixels.flatten().tolist() == [0.25, 0.5, 0.75]
    for arguments, port in (((4,), "index"), ((-5,), "index"), ((2, 3), "count")):
        with pytest.raises(NodeError, match="batch of 4") as caught:
            pick(batch, *arguments)
        assert caught.value.port == port
