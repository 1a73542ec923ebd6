"""Batches of pictures, and what is known of them."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field

from graphgen import NodeError, node

from .types import Image


class Size(NamedTuple):
    width: Annotated[int, Field(description="Pixels.")]
    height: Annotated[int, Field(description="Pixels.")]
    channels: Annotated[int, Field(description="1 grey, 3 RGB, 4 RGBA.")]
    batch: Annotated[int, Field(description="Pictures in the batch.")]


@node("image/join_batch", title="Join to a batch")
def join_batch(images: list[Image]) -> Image:
    """Join pictures of one size to a batch, in order; batches among them are joined too.

    The result has as many channels as the one that has most.
    """
    import torch

    from ._pixels import with_channels

    if not images:
        raise NodeError("there is no picture to join", port="images")
    sizes = sorted({(image.width, image.height) for image in images})
    if len(sizes) > 1:
        listed = ", ".join(f"{width} x {height}" for width, height in sizes)
        raise NodeError(
            f"the pictures differ in size: {listed}",
            hint="resize them to one size first",
            port="images",
        )
    channels = max(image.pixels.shape[1] for image in images)
    device = images[0].pixels.device
    return Image(torch.cat([with_channels(i.pixels.to(device), channels) for i in images]))


@node("image/split_batch", title="Split a batch")
def split_batch(image: Image) -> list[Image]:
    """Make a list of single pictures from a batch; what comes after works on each."""
    return [Image(pixels.contiguous()) for pixels in image.pixels.chunk(image.batch)]


@node("image/pick", title="Pick from a batch")
def pick(
    image: Image,
    index: Annotated[int, Field(description="From 0; -1 is the last.")] = 0,
    count: Annotated[int, Field(ge=1, description="Pictures to take from there on.")] = 1,
) -> Image:
    """Take one or several successive pictures out of a batch."""
    first = index + image.batch if index < 0 else index
    if not 0 <= first < image.batch:
        raise NodeError(
            f"there is no picture {index} in a batch of {image.batch}",
            hint=f"0 to {image.batch - 1}, or -1 for the last",
            port="index",
        )
    if first + count > image.batch:
        raise NodeError(
            f"{count} pictures from {first} on reach beyond a batch of {image.batch}",
            hint=f"at most {image.batch - first}",
            port="count",
        )
    return Image(image.pixels[first : first + count].contiguous())


@node("image/size", title="Image size")
def size(image: Image) -> Size:
    """Width, height, channels and batch size of pictures."""
    return Size(image.width, image.height, int(image.pixels.shape[1]), image.batch)
