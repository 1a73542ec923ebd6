"""The image pack: pictures and masks, from files to files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from graphgen import TypeSpec, hookimpl

from . import (
    batch,
    channels,
    codec,
    colour,
    composite,
    create,
    files,
    filters,
    geometry,
    grid,
    masks,
    resize,
)
from ._decode import SUFFIXES
from .types import Image, Mask


@hookimpl
def graphgen_types() -> Iterable[TypeSpec]:
    return [
        TypeSpec(
            Image,
            colour="#4c9be8",
            save=codec.save_image,
            load=codec.load_image,
            suffixes=SUFFIXES,
            preview=codec.preview_image,
            saves_arrays=True,
        ),
        TypeSpec(
            Mask,
            colour="#b8bfc9",
            conversions={Image: codec.mask_to_image},
            save=codec.save_mask,
            load=codec.load_mask,
            suffixes=SUFFIXES,
            preview=codec.preview_mask,
            saves_arrays=True,
        ),
    ]


@hookimpl
def graphgen_nodes() -> Iterable[Callable[..., Any]]:
    return [
        files.load,
        files.save,
        resize.resize,
        geometry.crop,
        geometry.pad,
        geometry.flip,
        geometry.rotate,
        composite.composite,
        colour.adjust,
        channels.convert_channels,
        channels.set_alpha,
        filters.blur,
        filters.sharpen,
        create.solid,
        create.gradient,
        batch.join_batch,
        batch.split_batch,
        batch.pick,
        batch.size,
        grid.grid,
        masks.mask_from_image,
        masks.mask_shape,
        masks.mask_invert,
        masks.mask_grow,
        masks.mask_feather,
        masks.mask_threshold,
        masks.mask_combine,
    ]
