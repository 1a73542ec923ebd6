"""Sheets of pictures, and the words on them."""

import pytest
import torch
from graphgen_nodes.image import Image
from graphgen_nodes.image._text import Typesetter, printable
from graphgen_nodes.image.create import solid
from graphgen_nodes.image.grid import grid
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen import Context, NodeError

COLOURS = ("#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff", "#ff00ff")


def sheet(images, **options) -> torch.Tensor:
    return grid(images, ctx=Context(), **options).pixels


def tiles(count: int = 6, size: int = 20) -> list[Image]:
    return [solid(size, size, colour) for colour in COLOURS[:count]]


def find(pixels: torch.Tensor, colour: str) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the rectangle of a colour, which nothing may cover."""
    wanted = solid(1, 1, colour).pixels
    hit = (pixels - wanted).abs().amax(dim=1)[0] < 1e-6
    y, x = hit.nonzero(as_tuple=True)
    box = int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1
    assert hit.sum() == (box[2] - box[0]) * (box[3] - box[1])
    return box


def ink(pixels: torch.Tensor, left: int, top: int, right: int, bottom: int) -> float:
    return float((1 - pixels[..., top:bottom, left:right]).sum())


def test_pictures_go_row_after_row():
    pixels = sheet(tiles(), columns=3, gap=4)
    assert pixels.shape == (1, 3, 2 * 24 + 4, 3 * 24 + 4)
    for index, colour in enumerate(COLOURS):
        left, top = 4 + 24 * (index % 3), 4 + 24 * (index // 3)
        assert find(pixels, colour) == (left, top, left + 20, top + 20)


def test_columns_follow_the_headings_or_make_a_square():
    assert sheet(tiles(5), gap=0).shape == (1, 3, 40, 60)
    assert sheet(tiles(4), gap=0, column_headings=["a", "b", "c", "d"]).shape[3] == 80


def test_batches_are_taken_apart_and_values_are_kept():
    batch = Image(torch.rand(3, 3, 8, 8))
    pixels = sheet([batch, Image(torch.rand(1, 1, 8, 8))], columns=2, gap=0)
    assert torch.equal(pixels[0, :, :8, 8:], batch.pixels[1])
    assert torch.equal(pixels[0, :, 8:, :8], batch.pixels[2])


def test_smaller_pictures_are_centred_and_transparent_ones_show_the_ground():
    small = Image(torch.tensor([1.0, 0, 0, 0.5]).reshape(1, 4, 1, 1).expand(1, 4, 10, 10))
    pixels = sheet([solid(20, 20, "#00ff00"), small], columns=2, gap=0, background="#ffffff")
    assert pixels[0, :, 4, 30].tolist() == [1, 1, 1]
    assert pixels[0, :, 10, 30].tolist() == pytest.approx([1, 0.5, 0.5])


def test_a_translucent_ground_makes_rgba():
    pixels = sheet(tiles(2), columns=2, gap=4, background="#00000000")
    assert pixels.shape[1] == 4
    assert pixels[0, 3, 0, 0] == 0
    assert pixels[0, :, 10, 10].tolist() == [1, 0, 0, 1]


def test_headings_and_labels_stand_at_their_pictures_and_touch_none():
    images = tiles(6, 64)
    headings = {"column_headings": ["one", "two", "three"], "row_headings": ["first", "second"]}
    pixels = sheet(images, labels=[f"n {i}" for i in range(6)], **headings)
    boxes = [find(pixels, colour) for colour in COLOURS]
    for left, _, right, bottom in boxes:
        assert ink(pixels, left, bottom, right, bottom + 17) > 20
    for left, top, right, _ in boxes[:3]:
        assert ink(pixels, left, 0, right, top) > 20
    for left, top, _, bottom in (boxes[0], boxes[3]):
        assert ink(pixels, 0, top, left, bottom) > 20
    corner = ink(pixels, 0, 0, boxes[0][0], boxes[0][1])
    assert corner == 0


def test_the_words_differ_with_the_text():
    a, b = (sheet(tiles(1), labels=[text]) for text in ("i", "W"))
    assert ink(b, 0, 0, 36, 60) > ink(a, 0, 0, 36, 60)
    assert not torch.equal(a, b)


@pytest.mark.parametrize(
    ("port", "message"),
    [("labels", "1 labels for 6 pictures"), ("column_headings", "1 column_headings for 3 columns"),
     ("row_headings", "1 row_headings for 2 rows")],
)  # fmt: skip
def test_texts_must_match_in_number(port, message):
    with pytest.raises(NodeError, match=message) as caught:
        sheet(tiles(), columns=3, **{port: ["x"]})
    assert caught.value.port == port


def test_nothing_to_show_is_refused():
    with pytest.raises(NodeError, match="no picture"):
        sheet([])


def test_wrapping_stays_within_the_width_and_ends_in_an_ellipsis():
    writer = Typesetter(14)
    text = "a slice of pizza with pineapple and incomprehensibilities"
    lines = writer.wrap(text, 80, 20)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(map(writer.width, lines)) <= 80
    short = writer.wrap(text, 80, 2)
    assert short[0] == lines[0]
    assert short[1].endswith("…")
    assert writer.width(short[1]) <= 80
    assert writer.wrap("one\ntwo", 500, 5) == ["one", "two"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", ["x" * 100_000, "word " * 100_000, "\n" * 100_000])
def test_endless_text_is_cut_quickly(text):
    assert len(Typesetter(14).wrap(text, 200, 3)) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("crème brûlée", "creme brulee"),
        ("3 × 2 — ½", "3 x 2 - 1⁄2"),
        ("🍕!", "(slice of pizza)!"),
        ("❤️", "(heavy black heart)"),
        ("日本", "??"),
        ("a\u200db\tc\x00", "ab c"),
    ],
)
def test_text_is_spelled_in_the_letters_there_are(text, expected):
    assert printable(text) == expected


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=40), st.integers(1, 120), st.integers(1, 4))
def test_any_text_wraps_and_draws(text, width, max_lines):
    writer = Typesetter(12)
    lines = writer.wrap(text, width, max_lines)
    assert 1 <= len(lines) <= max_lines
    drawn = writer.draw(lines, width, "centre")
    assert drawn.shape == (1, 1, len(lines) * writer.line_height, width)
