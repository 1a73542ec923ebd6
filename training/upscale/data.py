"""Emoji as pairs of a small and a large picture, drawn from SVG."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn import functional

PACKAGE = "@iconify-json/noto@1.2.9"  # Noto Emoji, Apache-2.0
SCALE = 4
LARGE = 256
HELD_OUT = 10  # one family of icons in so many is kept for the evaluation


@dataclass(frozen=True)
class Icons:
    """Icons as uint8 ``[icon, 256, 256, 4]`` with straight alpha, and their names."""

    names: tuple[str, ...]
    rgba: npt.NDArray[np.uint8]

    def part(self, held_out: bool) -> Icons:
        """The icons of the evaluation, or those of the training."""
        rows = [row for row, name in enumerate(self.names) if is_held_out(name) == held_out]
        return Icons(tuple(self.names[row] for row in rows), self.rgba[rows])


def is_held_out(name: str) -> bool:
    """Whether an icon is for the evaluation; those that share their first word stay together."""
    family = name.partition("-")[0]
    return int(hashlib.sha256(family.encode()).hexdigest(), 16) % HELD_OUT == 0


def load_icons(work: Path) -> Icons:
    """The icons in ``work``, fetched with npm and drawn at the first call."""
    names, pictures = work / "icons.json", work / "icons.npy"
    if not (names.exists() and pictures.exists()):
        drawn = draw_icons(fetch(work))
        np.save(pictures, drawn.rgba)
        names.write_text(json.dumps(drawn.names))
    return Icons(tuple(json.loads(names.read_text())), np.load(pictures))


def fetch(work: Path) -> Path:
    """The folder of the icons' package, unpacked under ``work``."""
    target = work / "noto"
    if not target.exists():
        download = work / "download"
        download.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=download, check=True)
        with tarfile.open(next(download.glob("*.tgz"))) as archive:
            archive.extractall(download, filter="data")
        (download / "package").rename(target)
    return target


def draw_icons(package: Path) -> Icons:
    """Draw every icon that is shown by itself and has no skin tone."""
    collection: dict[str, Any] = json.loads((package / "icons.json").read_text())
    width, height = collection["width"], collection["height"]
    names = sorted(
        name
        for name, icon in collection["icons"].items()
        if "skin-tone" not in name and not icon.get("hidden")
    )
    pictures = [draw(collection["icons"][name]["body"], width, height) for name in names]
    return Icons(tuple(names), np.stack(pictures))


def draw(body: str, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Rasterise the body of an SVG."""
    import resvg_py

    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{body}</svg>'
    png = resvg_py.svg_to_bytes(svg_string=svg, width=LARGE, height=LARGE, skip_system_fonts=True)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def on_colour(rgba: npt.NDArray[np.uint8], colours: torch.Tensor) -> torch.Tensor:
    """Icons on opaque colours (``[icon, 3]``): float32 ``[icon, 3, h, w]`` in 0..1."""
    pixels = torch.from_numpy(np.ascontiguousarray(rgba)).permute(0, 3, 1, 2).float() / 255
    return torch.lerp(
        colours[:, :, None, None].expand_as(pixels[:, :3]), pixels[:, :3], pixels[:, 3:]
    )


def reduce(large: torch.Tensor) -> torch.Tensor:
    """A quarter of the size, by the mean of each four by four pixels."""
    return functional.avg_pool2d(large, SCALE)


def soften(
    small: torch.Tensor, sigma: torch.Tensor, noise: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """What a small diffusion model's decoder does: a slight blur, a little noise, 8 bits.

    Args:
        small: ``[picture, 3, h, w]``.
        sigma: Standard deviation of the blur for each picture, in pixels; 0 is none.
        noise: Standard deviation of the noise for each picture.
        generator: Of the noise.
    """
    places = torch.arange(-2.0, 3.0)
    weights = torch.exp(-0.5 * (places / sigma.clamp_min(0.05)[:, None]) ** 2)
    weights = weights / weights.sum(dim=1, keepdim=True)
    kernels = weights[:, :, None] * weights[:, None, :]
    count, channels, height, width = small.shape
    planes = functional.pad(small, (2, 2, 2, 2), mode="replicate")
    planes = planes.reshape(1, count * channels, height + 4, width + 4)
    kernels = kernels.repeat_interleave(channels, 0)[:, None]
    blurred = functional.conv2d(planes, kernels, groups=count * channels).reshape(small.shape)
    grain = torch.randn(small.shape, generator=generator) * noise[:, None, None, None]
    return (blurred + grain).clamp(0, 1).mul(255).round().div(255)


def draw_batch(
    icons: Icons, count: int, edge: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random crops: small ones ``[count, 3, edge, edge]`` and what they come from.

    Seven in ten are on white, the others on any colour; half are softened; all are flipped
    and turned at random.
    """
    size = edge * SCALE

    def whole(high: int) -> list[int]:
        return torch.randint(high, (count,), generator=generator).tolist()

    def uniform() -> torch.Tensor:
        return torch.rand(count, generator=generator)

    rows, steps = whole(len(icons.names)), LARGE // SCALE - edge + 1
    corners = zip(rows, whole(steps), whole(steps), strict=True)
    cut = [
        icons.rgba[row, y * SCALE : y * SCALE + size, x * SCALE : x * SCALE + size]
        for row, y, x in corners
    ]
    colours = torch.rand(count, 3, generator=generator)
    colours[uniform() < 0.7] = 1.0
    large = on_colour(np.stack(cut), colours)
    turns = whole(8)
    large = torch.stack(
        [
            torch.rot90(picture.flip(2) if turn >= 4 else picture, turn % 4, (1, 2))
            for picture, turn in zip(large, turns, strict=True)
        ]
    )
    soft = uniform() < 0.5
    small = reduce(large)
    softened = soften(small, 0.3 + 0.6 * uniform(), 0.02 * uniform(), generator)
    return torch.where(soft[:, None, None, None], softened, small), large
