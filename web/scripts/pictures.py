"""Draws the pictures of the template gallery: runs each shipped workflow as it is.

    python web/scripts/pictures.py [NAME ...]

Writes ``workflows/pictures/NAME.webp``, at most 30 kB each. A workflow that changes a
picture shows that picture beside what it makes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from graphgen import Engine, Workflow, templates

OUTPUTS = ("comparison", "sheet", "image")
EDGE = 512  # pixels
GAP = 4
MOST_BYTES = 30_000


def main(names: list[str]) -> None:
    """Draw the pictures of some templates, or of all."""
    templates.PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Engine(workspace=Path(folder)) as engine:
        for name in names or templates.names():
            workflow = templates.template(name)
            if workflow is None:
                sys.exit(f"there is no template {name}")
            path = templates.PICTURES / f"{name}.webp"
            save(picture(engine, workflow), path)
            print(f"{path}  {path.stat().st_size} bytes", flush=True)


def picture(engine: Engine, workflow: Workflow) -> Image.Image:
    """What a workflow makes, small enough, and beside it what it was made from."""
    ready = templates.ready(workflow, engine.workspace, engine.registry)
    result = engine.run(ready)
    result.raise_if_failed()
    made = next(result.outputs[name] for name in OUTPUTS if name in result.outputs)
    pixels = made.pixels[0].permute(1, 2, 0).float().numpy()
    shown = Image.fromarray((pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)).convert("RGB")
    if "image" in workflow.inputs:
        node, port = str(workflow.inputs["image"]).rsplit(".", 1)
        given = templates.FOLDER / str(workflow.nodes[node].inputs[port])
        with Image.open(given) as source:
            shown = beside(source.convert("RGB").resize(shown.size), shown)
    shown.thumbnail((EDGE, EDGE))
    return shown


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures of one size in a row."""
    width, height = left.size
    both = Image.new("RGB", (2 * width + GAP, height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (width + GAP, 0))
    return both


def save(shown: Image.Image, path: Path) -> None:
    """Without loss if it is small enough so, else as well as fits."""
    shown.save(path, lossless=True, method=6)
    quality = 90
    while path.stat().st_size > MOST_BYTES:
        shown.save(path, quality=quality, method=6)
        quality -= 10


if __name__ == "__main__":
    main(sys.argv[1:])
