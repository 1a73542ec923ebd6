"""Models and memory: forty runs over eight models whose weights are three times what may be
loaded; and what smaller weights save and cost."""

from __future__ import annotations

import gc
import importlib.util
import math
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .drawing import drawing, libraries
from .measure import Figure, compared

MODELS = 8
RUNS = 40
PROMPTS = "a green frog", "a red apple"
SMALLER: dict[str, dict[str, Any]] = {
    "bfloat16": {"dtype": "bfloat16"},
    "float16": {"dtype": "float16"},
    "int8 weights": {"quantise": "int8"},
    "float8 weights": {"quantise": "float8"},
}


def run(quick: bool) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="graphgen-models-") as folder:
        yield from _over_a_budget(Path(folder), quick)
    yield from _smaller(quick)


# Eight models over a budget


def _over_a_budget(folder: Path, quick: bool) -> Iterator[Figure]:
    sizes = [_save_pixels(folder / f"model-{at}", 16 * (2 + at)) for at in range(MODELS)]
    budget = sum(sizes) // 3
    assert max(sizes) <= budget
    runs = 10 if quick else RUNS
    yield compared(
        f"{runs} runs over {MODELS} models, weights 3 times the budget",
        lambda: _seconds(folder, runs, None),
        lambda: _seconds(folder, runs, budget),
        2 if quick else 5,
        3.0,
    )


def _seconds(folder: Path, runs: int, budget: int | None) -> float:
    """Seconds of processor time that the runs take, in the same order whatever the budget."""
    from graphgen import Engine

    gc.collect()
    order = random.Random(7)
    budgets = {"cpu": 1 << 40 if budget is None else budget}
    with Engine(device="cpu", models=[folder], model_bytes=budgets) as engine:
        began = time.process_time()
        for seed in range(runs):
            engine.run(_pixels(order.randrange(MODELS), seed)).raise_if_failed()
            assert engine.pool.usage().get("cpu", 0) <= budgets["cpu"]
        return time.process_time() - began


def _pixels(model: int, seed: int) -> dict[str, Any]:
    noise = {"model": {"link": "load.model"}, "width": 32, "height": 32, "seed": seed}
    walk = {"model": {"link": "load.model"}, "latent": {"link": "noise.latent"}, "steps": 2}
    return {
        "format": "graphgen/1",
        "nodes": {
            "load": {"type": "diffusion/load_model", "inputs": {"model": f"model-{model}"}},
            "noise": {"type": "diffusion/latent_noise", "inputs": noise},
            "walk": {"type": "diffusion/unconditional_sample", "inputs": walk},
        },
        "outputs": {"latent": "walk.latent"},
    }


def _save_pixels(folder: Path, width: int) -> int:
    """A pipeline for pixels with random weights; bytes of its weights."""
    diffusers, _ = libraries()
    network = diffusers.UNet2DModel(
        sample_size=32,
        block_out_channels=(width, 2 * width, 2 * width),
        down_block_types=("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        layers_per_block=2,
        norm_num_groups=8,
    )
    diffusers.DDPMPipeline(network, diffusers.DDPMScheduler()).save_pretrained(folder)
    return sum(4 * parameter.numel() for parameter in network.parameters())


# Smaller weights of the embedded model


def _smaller(quick: bool) -> Iterator[Figure]:
    from graphgen import Engine

    prompts = PROMPTS if quick else (*PROMPTS, "a slice of pizza", "a blue bird", "a house")
    with Engine(device="cpu") as engine:
        plain = [_emoji(engine, prompt, {}) for prompt in prompts]
        full = _unet_bytes(engine)
        for name, options in SMALLER.items():
            if "quantise" in options and importlib.util.find_spec("torchao") is None:
                continue
            engine.pool.free()
            ours = [_emoji(engine, prompt, options) for prompt in prompts]
            loss = statistics.mean(_psnr(a, b) for a, b in zip(ours, plain, strict=True))
            size = _unet_bytes(engine)
            what = f"denoiser of emoji-64, {name}, {loss:.1f} dB PSNR: memory"
            yield Figure(what, "MB", full / 1e6, size / 1e6, size / full, None)


def _unet_bytes(engine: Any) -> int:
    models = engine.pool.statistics().models
    return sum(model.nbytes for model in models if model.loader == "diffusers/unet")


def _emoji(engine: Any, prompt: str, options: dict[str, Any]) -> Any:
    document = drawing("emoji-64", prompt, 30, 64, options)
    return engine.run(document).raise_if_failed().outputs["image"].pixels


def _psnr(made: Any, wanted: Any) -> float:
    return 10 * math.log10(1 / float(((made - wanted) ** 2).mean()))
