"""A picture of the embedded model, against the stock diffusers pipeline with the same
weights, scheduler, noise and steps; both give float pixels. Time in one process, in turn;
peak memory of whole processes of their own, with the same imports."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from graphgen import templates

from .measure import Figure, clocked, compared
from .processes import reported

STEPS = 30
GUIDANCE = 5.0
PROMPT = "a red apple"
WORKFLOW = templates.FOLDER / "text_to_image.json"


def run(quick: bool) -> Iterator[Figure]:
    steps, rounds = (4, 2) if quick else (STEPS, 5)
    stock, ours = _stock(steps), _ours(steps)
    for batch in (1, 8):
        _check_equal(stock(batch), ours(batch))
        yield compared(
            f"text to image, {steps} steps, batch {batch}: time",
            lambda batch=batch: clocked(lambda: stock(batch), time.process_time),  # type: ignore[misc]
            lambda batch=batch: clocked(lambda: ours(batch), time.process_time),  # type: ignore[misc]
            rounds,
            1.03,
        )
        yield compared(
            f"text to image, {steps} steps, batch {batch}: peak memory",
            lambda batch=batch: reported(report_peak, "stock", batch, steps)["peak"],  # type: ignore[misc]
            lambda batch=batch: reported(report_peak, "ours", batch, steps)["peak"],  # type: ignore[misc]
            1 if quick else 3,
            1.05,
            "MB",
            1 / 1024,
        )
    yield _second_prompt(steps, 1 if quick else 3)


def _second_prompt(steps: int, rounds: int) -> Figure:
    def seconds() -> tuple[float, float]:
        from graphgen import Engine

        with Engine(device="cpu") as engine:
            loaded = _load_only(engine)
            first = clocked(lambda: _picture(engine, "a red apple", 1, steps))
            second = clocked(lambda: _picture(engine, "a green frog", 1, steps))
            assert loaded == engine.pool.loads, "weights were loaded twice"
        return first, second

    pairs = [seconds() for _ in range(rounds)]
    taken = iter(pairs)
    kept: list[float] = []

    def first() -> float:
        one, two = next(taken)
        kept.append(two)
        return one

    return compared("second prompt against the first without loading", first, kept.pop, rounds, 1.0)


def _load_only(engine: Any) -> int:
    """Load the weights with one step, so that they are not part of the first picture."""
    _picture(engine, "warm", 1, 1)
    return int(engine.pool.loads)


def _picture(engine: Any, prompt: str, batch: int, steps: int) -> Any:
    from graphgen import Workflow

    document = Workflow.read(WORKFLOW)
    nodes = dict(document.nodes)
    changes: dict[str, dict[str, Any]] = {
        "diffusion/latent_noise": {"seed": 7, "batch": batch},
        "diffusion/sample": {"steps": steps, "guidance": GUIDANCE},
    }
    for id, doc in nodes.items():
        if doc.type in changes:
            inputs = {**doc.inputs, **changes[doc.type]}
            nodes[id] = doc.model_copy(update={"inputs": inputs})
    result = engine.run(document.model_copy(update={"nodes": nodes}), {"prompt": prompt})
    return result.raise_if_failed().outputs["image"].pixels


def _ours(steps: int) -> Callable[[int], Any]:
    from graphgen import Engine

    engine = Engine(device="cpu", cache_bytes=0)
    return lambda batch: _picture(engine, PROMPT, batch, steps)


def _stock(steps: int) -> Callable[[int], Any]:
    import torch
    from graphgen_nodes._torchvision import prepare_torchvision

    prepare_torchvision()
    import graphgen_nodes.diffusion as pack
    from diffusers import StableDiffusionPipeline

    folder = Path(pack.__file__).parent / "emoji-64"
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)

    def draw(batch: int) -> Any:
        generators = [torch.Generator("cpu").manual_seed(7 + at) for at in range(batch)]
        return pipeline(
            PROMPT,
            num_images_per_prompt=batch,
            num_inference_steps=steps,
            guidance_scale=GUIDANCE,
            generator=generators,
            output_type="pt",
        ).images

    return draw


def _check_equal(stock: Any, ours: Any) -> None:
    difference = float((stock - ours).abs().max())
    assert difference < 1e-3, f"the pictures differ by {difference}"


def report_peak(side: str, batch: int, steps: int) -> None:
    """In a process of its own: draw, and print its peak resident memory in kB."""
    import resource

    import diffusers  # noqa: F401  (both sides have imported the same)

    (_stock if side == "stock" else _ours)(steps)(batch)
    print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
