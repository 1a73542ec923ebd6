"""Words on pictures, in the font that comes with Pillow (Aileron)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_UNASSIGNED = "\U000fffff"
_LOOKALIKES = {
    "×": "x",
    "←": "<-",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "′": "'",
    "″": '"',
    "ß": "ss",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
}


class Typesetter:
    """Breaks text into lines and draws them.

    Args:
        size: Of the font, in pixels.
    """

    def __init__(self, size: int) -> None:
        self.font = _font(size)
        ascent, descent = self.font.getmetrics()
        self.line_height = int(ascent + descent)

    def width(self, text: str) -> int:
        """Pixels from the left of the first to the right of the last letter."""
        return int(-(-self.font.getlength(text) // 1))

    def wrap(self, text: str, width: int, max_lines: int) -> list[str]:
        """Lines no wider than ``width`` pixels; what is too much ends in an ellipsis."""
        lines: list[str] = []
        for paragraph in printable(text).split("\n"):
            line = ""
            for word in paragraph.split():
                joined = f"{line} {word}" if line else word
                if self.width(joined) <= width:
                    line = joined
                    continue
                if line:
                    lines.append(line)
                while len(word) > 1 and len(lines) <= max_lines:
                    cut = self._fitting(word, width)
                    if cut == len(word):
                        break
                    lines.append(word[:cut])
                    word = word[cut:]
                line = word
                if len(lines) > max_lines:
                    break
            lines.append(line)
            if len(lines) > max_lines:
                break
        if len(lines) > max_lines:
            last = lines[max_lines - 1]
            while last and self.width(last + "…") > width:
                last = last[:-1]
            lines = [*lines[: max_lines - 1], last.rstrip() + "…"]
        return lines

    def draw(self, lines: list[str], width: int, align: str) -> torch.Tensor:
        """How much of each pixel ink covers, 0..1: ``[1, 1, lines x line height, width]``."""
        from PIL import Image as Pillow
        from PIL import ImageDraw

        from ._pixels import from_array

        sheet = Pillow.new("L", (width, max(1, len(lines) * self.line_height)))
        pen = ImageDraw.Draw(sheet)
        for row, line in enumerate(lines):
            slack = width - self.width(line)
            start = {"left": 0, "centre": slack // 2, "right": slack}[align]
            pen.text((start, row * self.line_height), line, fill=255, font=self.font)
        return from_array(sheet)

    def _fitting(self, word: str, width: int) -> int:
        """How many letters of a word fit, at least one."""
        cut = 1
        while cut < len(word) and self.width(word[: cut + 1]) <= width:
            cut += 1
        return cut


def printable(text: str) -> str:
    """The text with what the font has no letter for written in letters that it has.

    Accented letters lose their accents, emoji and other symbols become their Unicode names
    in brackets; of the rest each letter becomes a question mark. Invisible characters go.
    """
    written = []
    for char in unicodedata.normalize("NFC", text):
        if char == "\n" or _drawable(char):
            written.append(char)
        elif char in _LOOKALIKES:
            written.append(_LOOKALIKES[char])
        else:
            written.append(_spelled(char))
    return "".join(written)


def _spelled(char: str) -> str:
    category = unicodedata.category(char)
    if char.isspace():
        return " "
    if category[0] in "MC":  # marks, joiners, variation selectors, controls, unassigned
        return ""
    plain = unicodedata.normalize("NFKD", char)
    if plain != char:
        kept = "".join(c for c in plain if _drawable(c))
        if kept:
            return kept
    if category == "Pd":
        return "-"
    if category[0] == "S":
        return f"({unicodedata.name(char, '?').lower()})"
    return "?"


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


@lru_cache(maxsize=4096)
def _drawable(char: str) -> bool:
    if char == " ":
        return True
    font = _font(16)
    return bytes(font.getmask(char)) not in (b"", bytes(font.getmask(_UNASSIGNED)))
