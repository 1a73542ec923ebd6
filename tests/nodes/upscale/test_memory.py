"""An upscaler on a device that is too small: the run ends with the whole run's picture, tile by
tile. On the toy device, with a tiny random network."""

from __future__ import annotations

import gc

import pytest
import torch
from graphgen_nodes import image, upscale
from graphgen_nodes.image.types import Image

from graphgen import Engine, node
from graphgen.engine.events import NodeRetried
from tests.support import Pack
from tests.toy_device import DEVICE, MEMORY, UNLIMITED

from .networks import compact, save

KIB = 1024
SIZE = 192


@node("test/noise", title="Noise")
def noise() -> Image:
    """A picture that shows every seam."""
    generator = torch.Generator().manual_seed(5)
    return Image(torch.rand(1, 3, SIZE, SIZE, generator=generator))


DOCUMENT = {
    "format": "graphgen/1",
    "nodes": {
        "model": {"type": "upscale/load_model", "inputs": {"model": "net.safetensors"}},
        "picture": {"type": "test/noise"},
        "larger": {
            "type": "upscale/upscale",
            "inputs": {
                "image": {"link": "picture.image"},
                "model": {"link": "model.upscale_model"},
            },
        },
    },
    "outputs": {"image": "larger.image"},
}


@pytest.fixture
def run(tmp_path):
    """Runs the document on the toy device with so much memory: its picture, its retries and the
    most that it took."""
    torch.set_num_threads(1)
    save(compact(scale=2, convolutions=0), tmp_path / "upscale" / "net.safetensors")
    engines = []

    def run(limit=UNLIMITED):
        packs = [upscale, image, Pack(noise)]
        engine = Engine(packs, installed=False, models=[tmp_path], device=DEVICE)
        engines.append(engine)
        gc.collect()
        MEMORY.reset()
        before, events = MEMORY.used, []
        with MEMORY.limited(before + limit):
            result = engine.run(DOCUMENT, listeners=[events.append])
        assert result.status == "succeeded", result.problems
        retried = [(e.node, e.means) for e in events if isinstance(e, NodeRetried)]
        return result.outputs["image"].pixels, retried, MEMORY.peak - before

    yield run
    for engine in engines:
        engine.close()


def test_a_picture_that_only_fits_in_tiles(run):
    wanted, retried, peak = run()
    assert not retried

    made, retried, tight = run(limit=peak // 6)

    assert retried == [("larger", "evict"), *[("larger", "tile")] * (len(retried) - 1)]
    assert len(retried) > 1
    assert tight <= peak // 6
    assert made.shape == wanted.shape == (1, 3, 2 * SIZE, 2 * SIZE)
    assert float((made - wanted).abs().max()) < 1e-5
