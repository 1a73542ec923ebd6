"""Many runs: sixteen prompts that wait in the queue, against as many runs one after the other;
and what a thousand runs leave behind in memory."""

from __future__ import annotations

import gc
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from graphgen import templates

from .measure import Figure, compared

PROMPTS = 16
RUNS = 1000
WARM = 100
WORKFLOW = templates.FOLDER / "text_to_image.json"
WORDS = ["a red apple", "a green frog", "a slice of pizza", "a yellow sun", "a blue fish"]


def run(quick: bool) -> Iterator[Figure]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        with tempfile.TemporaryDirectory(prefix="graphgen-queued-") as folder:
            yield from _together(Path(folder), quick)
            yield from _left_behind(Path(folder), quick)
    finally:
        torch.set_num_threads(before)


# Sixteen prompts


def _together(folder: Path, quick: bool) -> Iterator[Figure]:
    seeds = itertools.count()
    steps = 4 if quick else 30
    name = f"{PROMPTS} queued prompts against {PROMPTS} runs in turn, {steps} steps"
    clocks: dict[str, Callable[[], float]] = {"s": time.perf_counter, "cpu s": time.process_time}
    for unit, clock in clocks.items():
        yield compared(
            name if unit == "s" else f"{name}: processor time",
            lambda clock=clock: _seconds(folder / "alone", 1, steps, seeds, clock),  # type: ignore[misc]
            lambda clock=clock: _seconds(folder / "together", 32, steps, seeds, clock),  # type: ignore[misc]
            2 if quick else 5,
            0.5 if unit == "s" else None,
            unit,
        )


def _seconds(
    folder: Path, max_batch: int, steps: int, seeds: Iterator[int], clock: Callable[[], float]
) -> float:
    """Seconds from when the queue may begin until the last of its runs has ended; models are
    loaded, and no picture was made before."""
    from graphgen import Engine, Workflow
    from graphgen.runs import RunQueue, RunStore

    workflow = Workflow.read(WORKFLOW)
    with Engine(device="cpu", workspace=folder, max_batch=max_batch, workers=8) as engine:
        engine.run(workflow, {"steps": 1, "seed": next(seeds)}).raise_if_failed()
        with RunQueue(engine, RunStore(folder / "graphgen.db")) as queue:
            queue.previews = False
            queue.pause()
            waiting = [
                queue.submit(
                    workflow,
                    {
                        "prompt": f"{WORDS[at % len(WORDS)]}, number {at}",
                        "seed": next(seeds),
                        "steps": steps,
                    },
                ).run_id
                for at in range(PROMPTS)
            ]
            gc.collect()
            began = clock()
            queue.resume()
            ended = [queue.wait(run_id) for run_id in waiting]
            seconds = clock() - began
        assert {record.status for record in ended} == {"succeeded"}
    return seconds


# A thousand runs


def _left_behind(folder: Path, quick: bool) -> Iterator[Figure]:
    """Memory after all runs against memory after the first hundred; the caches are full by
    then, so that only what is never given back would add to it."""
    import torch

    from graphgen import Engine, Workflow

    runs, warm = (60, 20) if quick else (RUNS, WARM)
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    workflow = Workflow.read(WORKFLOW)
    limits: dict[str, Any] = {"cache_bytes": 2 << 20, "device_cache_bytes": {device: 2 << 20}}
    with Engine(device=device, workspace=folder / "endurance", **limits) as engine:
        for seed in range(runs):
            prompt = f"{WORDS[seed % len(WORDS)]}, number {seed}"
            given = {"prompt": prompt, "seed": seed, "steps": 2}
            engine.run(workflow, given).raise_if_failed()
            if seed + 1 == warm:
                host, there = _held(device)
        yield _growth(
            f"{runs:,} runs: host memory against that after {warm}", host, _held(device)[0]
        )
        if device != "cpu":
            name = f"{runs:,} runs: memory of {torch.cuda.get_device_name(0)} against after {warm}"
            yield _growth(name, there, _held(device)[1])


def _growth(name: str, before: int, after: int) -> Figure:
    return Figure(name, "MiB", before / 2**20, after / 2**20, after / before, 1.01)


def _held(device: str) -> tuple[int, int]:
    """Bytes that the process has in host memory, and that tensors have on a device."""
    import psutil
    import torch

    gc.collect()
    there = torch.cuda.memory_allocated(device) if device != "cpu" else 0
    return psutil.Process().memory_info().rss, there
