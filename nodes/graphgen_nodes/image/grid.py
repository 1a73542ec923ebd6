"""Many pictures on one sheet, with headings and labels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from graphgen import Context, NodeError, node

from .types import Image

if TYPE_CHECKING:
    import torch

MAX_PIXELS = 178_956_970
_LABEL_LINES = 3
_HEADING_EMS = 14  # row headings may be this wide beside narrow pictures

Texts = list[str] | None


@node("image/grid", title="Grid of images")
def grid(
    images: list[Image],
    columns: Annotated[
        int, Field(ge=0, le=1024, description="0: one for each heading, or about a square.")
    ] = 0,
    labels: Annotated[Texts, Field(description="Under the pictures, one for each.")] = None,
    column_headings: Annotated[Texts, Field(description="Above, one for each column.")] = None,
    row_headings: Annotated[Texts, Field(description="On the left, one for each row.")] = None,
    gap: Annotated[int, Field(ge=0, le=256, description="Pixels between and around.")] = 8,
    font_size: Annotated[int, Field(ge=6, le=256, description="Pixels.")] = 14,
    background: Annotated[str, Field(description="#rrggbb, #rrggbbaa or a CSS name.")] = "#ffffff",
    colour: Annotated[str, Field(description="Of the text.")] = "#202020",
    *,
    ctx: Context,
) -> Image:
    """Put pictures side by side, row after row, with labels and headings.

    Batches are taken apart. All cells are as large as the largest picture, smaller ones are
    centred. Long texts are wrapped, then cut with an ellipsis. The font has ASCII letters;
    others are spelled: an accent is left out, an emoji becomes its name. The result is RGB,
    or RGBA on a translucent background.

    With prompts as row headings and guidance scales as column headings it is the sheet of a
    sweep, if the pictures come with the guidance changing fastest.
    """
    from ._pixels import colour_pixel, parse_colour
    from ._text import Typesetter

    tiles = [tile for image in images for tile in image.pixels.cpu().chunk(image.batch)]
    if not tiles:
        raise NodeError("there is no picture to show", port="images")
    columns = columns or len(column_headings or ()) or math.ceil(math.sqrt(len(tiles)))
    rows = -(-len(tiles) // columns)
    for port, texts, expected, what in (
        ("labels", labels, len(tiles), "pictures"),
        ("column_headings", column_headings, columns, "columns"),
        ("row_headings", row_headings, rows, "rows"),
    ):
        if texts and len(texts) != expected:
            raise NodeError(f"there are {len(texts)} {port} for {expected} {what}", port=port)
    fill, ink = parse_colour(background, "background"), parse_colour(colour, "colour")

    writer = Typesetter(font_size)
    width, height = max(t.shape[3] for t in tiles), max(t.shape[2] for t in tiles)
    below = [writer.wrap(text, width, _LABEL_LINES) for text in labels or ()]
    above = [writer.wrap(text, width, _LABEL_LINES) for text in column_headings or ()]
    side_limit = max(width, _HEADING_EMS * font_size)
    side_lines = max(1, height // writer.line_height)
    beside = [writer.wrap(text, side_limit, side_lines) for text in row_headings or ()]

    side = max((writer.width(line) for lines in beside for line in lines), default=0)
    head = max(map(len, above), default=0) * writer.line_height
    foot = max(map(len, below), default=0) * writer.line_height
    left = gap + (side + gap if side else 0)
    top = gap + (head + gap if head else 0)
    step_x, step_y = width + gap, height + foot + gap
    full_width, full_height = left + columns * step_x, top + rows * step_y
    if full_width * full_height > MAX_PIXELS:
        raise NodeError(
            f"the sheet would be {full_width} x {full_height} pixels",
            hint="resize the pictures first, or show fewer",
            port="images",
        )
    canvas = colour_pixel(fill, 4 if fill[3] < 1 else 3, tiles[0])
    canvas = canvas.expand(-1, -1, full_height, full_width).contiguous()

    for index, tile in enumerate(tiles):
        ctx.check_cancelled()
        row, column = divmod(index, columns)
        x, y = left + column * step_x, top + row * step_y
        _place(canvas, tile, x + (width - tile.shape[3]) // 2, y + (height - tile.shape[2]) // 2)
        if below:
            _write(canvas, writer.draw(below[index], width, "centre"), ink, x, y + height)
    for column, lines in enumerate(above):
        y = gap + head - len(lines) * writer.line_height
        _write(canvas, writer.draw(lines, width, "centre"), ink, left + column * step_x, y)
    for row, lines in enumerate(beside):
        if side:
            y = top + row * step_y + (height - len(lines) * writer.line_height) // 2
            _write(canvas, writer.draw(lines, side, "right"), ink, gap, y)
    return Image(canvas)


def _place(canvas: torch.Tensor, tile: torch.Tensor, x: int, y: int) -> None:
    import torch

    from ._pixels import with_channels
    from .composite import paste

    alpha = tile[:, 3:] if tile.shape[1] == 4 else torch.ones_like(tile[:, :1])
    paste(canvas, with_channels(tile, 3), alpha, x, y)


def _write(
    canvas: torch.Tensor,
    coverage: torch.Tensor,
    ink: tuple[float, float, float, float],
    x: int,
    y: int,
) -> None:
    from ._pixels import colour_pixel
    from .composite import paste

    colour = colour_pixel(ink, 3, coverage).expand(-1, -1, *coverage.shape[2:])
    paste(canvas, colour, coverage * ink[3], x, y)
