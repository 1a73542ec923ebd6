"""What the sampler and the decoder take from host memory is copied to the device once."""

from __future__ import annotations

import torch
from graphgen_nodes import diffusion, image

from graphgen import Engine
from tests.nodes.diffusion.test_memory import workflow
from tests.toy_device import DEVICE


def test_what_went_to_host_memory_comes_back_once(models):
    def run(steps):
        result = engine.run(workflow(steps=steps))
        assert result.problems == []
        return result.outputs["image"].pixels.cpu()

    def moves():
        return engine.cache.stats().moves.get(("cpu", DEVICE), 0)

    options = {"device_cache_bytes": {DEVICE: 1 << 30}, "max_batch": 1}
    with Engine(
        [diffusion, image], installed=False, models=[models], device=DEVICE, **options
    ) as engine:
        expected = run(1)
        assert moves() == 1  # the noise, which is drawn in host memory
        engine.cache.evict(DEVICE)
        run(2)
        once = moves()
        assert once == 3  # and the conditioning and the noise again, once for both prompts
        for steps in (3, 4):
            run(steps)
        assert moves() == once
        assert engine.cache.evict(DEVICE) > 0
        again = run(1)
        assert torch.equal(again, expected)
