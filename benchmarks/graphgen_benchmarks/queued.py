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
from graphgen.devices import HOST

from .accelerator import allocated, on
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
            yield from together(Path(folder), quick, HOST, 0.5)
            yield from left_behind(Path(folder), quick, HOST)
    finally:
        torch.set_num_threads(before)


# Sixteen prompts


def together(folder: Path, quick: bool, device: str, reach: float) -> Iterator[Figure]:
    """Sixteen prompts in the queue, on a device; on the CPU processor time as well."""
    seeds = itertools.count()
    steps = 4 if quick else 30
    name = f"{PROMPTS} queued prompts against {PROMPTS} runs in turn, {steps} steps{on(device)}"
    clocks: dict[str, Callable[[], float]] = {"s": time.perf_counter}
    if device == HOST:
        clocks["cpu s"] = time.process_time

    def seconds(at: str, max_batch: int, clock: Callable[[], float]) -> Callable[[], float]:
        return lambda: _seconds(folder / at, device, max_batch, steps, seeds, clock)

    for unit, clock in clocks.items():
        yield compared(
            name if unit == "s" else f"{name}: processor time",
            seconds("alone", 1, clock),
            seconds("together", 32, clock),
            2 if quick else 5,
            reach if unit == "s" else None,
            unit,
        )


def _seconds(
    folder: Path,
    device: str,
    max_batch: int,
    steps: int,
    seeds: Iterator[int],
    clock: Callable[[], float],
) -> float:
    """Seconds from when the queue may begin until the last of its runs has ended; models are
    loaded, and no picture was made before."""
    from graphgen import Engine, Workflow
    from graphgen.runs import RunQueue, RunStore

    workflow = Workflow.read(WORKFLOW)
    with Engine(device=device, workspace=folder, max_batch=max_batch, workers=8) as engine:
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


def left_behind(folder: Path, quick: bool, device: str) -> Iterator[Figure]:
    """Memory after all runs against memory after the first hundred; the caches are full by
    then, so that only what is never given back would add to it."""
    from graphgen import Engine, Workflow

    runs, warm = (60, 20) if quick else (RUNS, WARM)
    workflow = Workflow.read(WORKFLOW)
    limits: dict[str, Any] = {"cache_bytes": 2 << 20, "device_cache_bytes": {device: 2 << 20}}
    with Engine(device=device, workspace=folder / "endurance", **limits) as engine:
        for seed in range(runs):
            prompt = f"{WORDS[seed % len(WORDS)]}, number {seed}"
            given = {"prompt": prompt, "seed": seed, "steps": 2}
            engine.run(workflow, given).raise_if_failed()
            if seed + 1 == warm:
                host, there = _held(device)
        name = f"{runs:,} runs{on(device)}"
        yield _growth(f"{name}: host memory against that after {warm}", host, _held(device)[0])
        if device != HOST:
            yield _growth(f"{name}: its memory against that after {warm}", there, _held(device)[1])


def _growth(name: str, before: int, after: int) -> Figure:
    return Figure(name, "MiB", before / 2**20, after / 2**20, after / before, 1.01)


def _held(device: str) -> tuple[int, int]:
    """Bytes that the process has in host memory, and that tensors have on a device."""
    import psutil

    gc.collect()
    return psutil.Process().memory_info().rss, allocated(device)
