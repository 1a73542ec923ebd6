"""Pictures that lie on a device stay there, and come out as they do on the CPU."""

from __future__ import annotations

import pytest
import torch
from graphgen_nodes.image import (
    batch,
    channels,
    colour,
    composite,
    filters,
    geometry,
    grid,
    masks,
    resize,
)  # fmt: skip
from graphgen_nodes.image.codec import preview_image, preview_mask
from graphgen_nodes.image.types import Image, Mask

from graphgen import Context
from tests.toy_device import DEVICE

HOST_ONLY = {"resize", "grid"}
"""Drawn by Pillow."""
CALLS = {
    "join": lambda rgb, rgba, mask: batch.join_batch([rgb, rgba]),
    "pick": lambda rgb, rgba, mask: batch.pick(rgb, 1),
    "grey": lambda rgb, rgba, mask: channels.convert_channels(rgba, "grey"),
    "alpha": lambda rgb, rgba, mask: channels.set_alpha(rgb, mask),
    "colour": lambda rgb, rgba, mask: colour.adjust(rgba, 1.1, 0.9, 1.2, 30.0),
    "composite": lambda rgb, rgba, mask: composite.composite(rgb, rgba, mask, 3, -2, 0.7, "screen"),
    "blur": lambda rgb, rgba, mask: filters.blur(rgba, 2.5),
    "sharpen": lambda rgb, rgba, mask: filters.sharpen(rgba),
    "crop": lambda rgb, rgba, mask: geometry.crop(rgb, 2, 3, 8, 8),
    "pad": lambda rgb, rgba, mask: geometry.pad(rgb, 1, 2, 3, 4, colour="#ff000080"),
    "mirror": lambda rgb, rgba, mask: geometry.pad(rgb, 1, 2, 3, 4, "reflect"),
    "rotate": lambda rgb, rgba, mask: geometry.rotate(rgb),
    "luminance": lambda rgb, rgba, mask: masks.mask_from_image(rgba),
    "grow": lambda rgb, rgba, mask: masks.mask_grow(mask, 3),
    "shrink": lambda rgb, rgba, mask: masks.mask_grow(mask, -3),
    "feather": lambda rgb, rgba, mask: masks.mask_feather(mask, 2.0),
    "combine": lambda rgb, rgba, mask: masks.mask_combine(mask, mask, "subtract"),
    "resize": lambda rgb, rgba, mask: resize.resize(rgba, 11, 7, ctx=Context()),
    "grid": lambda rgb, rgba, mask: grid.grid([rgb, rgba], labels=list("abcd"), ctx=Context()),
}


def tensor(value):
    return value.pixels if isinstance(value, Image) else value.values


def inputs(device):
    generator = torch.Generator().manual_seed(0)
    pictures = [torch.rand(2, c, 20, 24, generator=generator).to(device) for c in (3, 4, 1)]
    return Image(pictures[0]), Image(pictures[1]), Mask(pictures[2])


@pytest.mark.parametrize("name", CALLS)
def test_nodes_compute_where_the_picture_lies(name):
    wanted, made = CALLS[name](*inputs("cpu")), CALLS[name](*inputs(DEVICE))
    assert tensor(made).device.type == ("cpu" if name in HOST_ONLY else "toy")
    assert torch.equal(tensor(made).cpu(), tensor(wanted))


def test_a_mask_of_the_host_goes_with_a_picture_of_the_device():
    rgb, rgba, _ = inputs(DEVICE)
    mask = inputs("cpu")[2]
    for made in (channels.set_alpha(rgb, mask), composite.composite(rgb, rgba, mask)):
        assert made.pixels.device == torch.device(DEVICE)


def test_previews_are_those_of_the_cpu():
    (there, _, mask_there), (here, _, mask_here) = inputs(DEVICE), inputs("cpu")
    assert preview_image(there) == preview_image(here)
    assert preview_mask(mask_there) == preview_mask(mask_here)
