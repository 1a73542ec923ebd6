"""Scans as pictures: montages and previews. Without the editor's viewer, this is how a scan is
looked at."""

from __future__ import annotations

import io
import math
from typing import Annotated, Any, Literal

from graphgen import node
from pydantic import Field

from .checks import need_same_grid
from .tiles import coloured, lay_out, outlines, pick_slices, resized, tile_size
from .types import Picture, Segmentation, Volume
from .windows import to_grey, window_range

PREVIEW_EDGE = 256
_MOST_PIXELS = 16384


@node("medical/montage", title="Montage of slices")
def montage(
    volume: Volume,
    overlay: Segmentation | None = None,
    window: Annotated[
        Literal["auto", "lung", "bone", "brain", "abdomen", "mediastinum", "free"],
        Field(description="What is shown from black to white; auto: as the scanner set it."),
    ] = "auto",
    center: Annotated[float, Field(description="Of a free window, in HU.")] = 40.0,
    width: Annotated[float, Field(gt=0, description="Of a free window, in HU.")] = 400.0,
    slices: Annotated[
        int, Field(ge=0, le=400, description="How many, evenly spaced; 0 shows all.")
    ] = 16,
    columns: Annotated[
        int, Field(ge=0, le=40, description="Slices in a row; 0 makes it nearly square.")
    ] = 0,
    edge: Annotated[
        int, Field(ge=16, le=1024, description="Longer side of a slice in the montage, pixels.")
    ] = 256,
) -> Picture:
    """Lay slices out in rows, the lowest along the slice normal at the top left.

    Hounsfield units become grey values by a window (centre and width): below it is black,
    above it white. Values that are no Hounsfield units any more go from black at the lowest
    to white at the highest when the window is auto. Pixels that are not square are shown in
    proportion. An overlay colours the outlines of its labels.
    """
    import torch

    picked = pick_slices(volume.data.shape[0], slices)
    columns = columns or math.ceil(math.sqrt(len(picked)))
    edge = min(edge, _MOST_PIXELS // max(columns, math.ceil(len(picked) / columns)))
    low, high = window_range(volume, window, center, width)
    high_px, wide_px = tile_size(volume, edge)
    data = volume.data.cpu().numpy()
    tiles = [resized(to_grey(data[index], low, high), high_px, wide_px) for index in picked]
    sheet = lay_out(tiles, columns)
    if overlay is not None:
        shape, other = tuple(volume.data.shape), tuple(overlay.labels.shape)
        need_same_grid(shape, volume.affine, other, overlay.affine, "overlay")
        labels = overlay.labels.cpu().numpy()
        marked = [outlines(labels[index], high_px, wide_px) for index in picked]
        sheet = coloured(sheet, lay_out(marked, columns))
    return Picture(torch.from_numpy(sheet.copy() if not sheet.flags.writeable else sheet))


def preview_volume(volume: Volume) -> bytes:
    """The middle slice as a small PNG, in the window that suits it."""
    low, high = window_range(volume)
    height, width = tile_size(volume, PREVIEW_EDGE)
    middle = volume.data[volume.data.shape[0] // 2].cpu().numpy()
    return _png(resized(to_grey(middle, low, high), height, width))


def preview_segmentation(segmentation: Segmentation) -> bytes:
    """The slice with most labels as a small PNG, in the colours of the labels."""
    import numpy as np
    from PIL import Image

    labels = segmentation.labels.cpu().numpy()
    fullest = labels[int(np.argmax((labels > 0).sum(axis=(1, 2))))]
    picture = Image.fromarray(coloured(np.zeros_like(fullest), fullest))
    picture.thumbnail((PREVIEW_EDGE, PREVIEW_EDGE), Image.Resampling.NEAREST)
    return _png(np.asarray(picture))


def preview_picture(picture: Picture) -> bytes:
    """The picture as a small PNG."""
    import numpy as np
    from PIL import Image

    small = Image.fromarray(picture.pixels.cpu().contiguous().numpy())
    small.thumbnail((PREVIEW_EDGE, PREVIEW_EDGE), Image.Resampling.BOX)
    return _png(np.asarray(small))


def picture_to_image(picture: Picture) -> object:
    """For the nodes of the image pack: 0..1, ``[1, channel, height, width]``."""
    from graphgen_nodes.image.types import Image

    pixels = picture.pixels if picture.pixels.ndim == 3 else picture.pixels[:, :, None]
    return Image(pixels.permute(2, 0, 1)[None].float().div(255))


def _png(pixels: Any) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()
