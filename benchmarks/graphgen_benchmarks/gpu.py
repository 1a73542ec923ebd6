"""What a GPU is needed for: a model of the shape of Stable Diffusion 1.5 with random weights,
512x512, 30 steps, float16, against the stock diffusers pipeline and that with torch.compile;
queued prompts; memory that a thousand runs leave behind; copies to host memory and back.

Pictures are drawn in processes of their own, which load, compile and record before the first
one that counts. Takes 10 GB of disk, and minutes to compile.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .accelerator import accelerator, clocked_on, on, peak
from .drawing import drawing, libraries, stock_picture, stock_pipeline
from .measure import Figure, compared, in_turn
from .processes import reported
from .queued import left_behind, together
from .sd15 import save_sd15

SIZE, STEPS, GUIDANCE = 512, 30, 5.0
DTYPE = "float16"
WARM = 3
"""Pictures before those that count: compiling, recording, and choosing kernels take the first."""
ROUNDS = 5
COPIED = 256 << 20
Draw = Callable[[str], Any]
STOCK: dict[str, dict[str, Any]] = {
    "stock": {},
    # As diffusers' documentation has it for speed.
    "stock, compiled": {"compile": True},
}
OURS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "channels last, CUDA graphs": {"channels_last": True, "cuda_graphs": True},
    "channels last, CUDA graphs, compiled": {
        "channels_last": True,
        "cuda_graphs": True,
        "compile": "whole",
    },
}
REACH = {"stock": 1 / 1.5, "stock, compiled": 1 / 1.05}
"""Images a second, 1.5 and 1.05 times as many, as ratios of seconds; for the last of ours."""


def run(quick: bool) -> Iterator[Figure]:
    device = accelerator()
    with tempfile.TemporaryDirectory(prefix="graphgen-gpu-") as folder:
        yield from _pictures(Path(folder), quick, device)
        yield from together(Path(folder), quick, device, 0.25)
        yield from left_behind(Path(folder), quick, device)
    yield from copies(device, COPIED, 2 if quick else ROUNDS)


# Pictures


def _pictures(folder: Path, quick: bool, device: str) -> Iterator[Figure]:
    save_sd15(folder / "model", quick)
    steps, rounds = (4, 2) if quick else (STEPS, ROUNDS)
    how = {"device": device, "size": SIZE, "steps": steps, "rounds": rounds, "dtype": DTYPE}
    stock = {
        name: reported(report, "stock", str(folder), {**how, **more})
        for name, more in STOCK.items()
    }
    for ours, options in OURS.items():
        made = reported(report, "ours", str(folder), {**how, "options": options})
        for against, base in stock.items():
            name = f"SD 1.5 in shape, {SIZE}x{SIZE}, {steps} steps, {DTYPE}, {ours}, against "
            name += f"{against}{on(device)}"
            reach = REACH[against] if ours == list(OURS)[-1] else None
            yield compared(
                f"{name}: time", in_turn(base["seconds"]), in_turn(made["seconds"]), rounds, reach
            )
            yield Figure(
                f"{name}: peak memory",
                "MB",
                base["peak"] / 1e6,
                made["peak"] / 1e6,
                made["peak"] / max(base["peak"], 1),
                None,
            )


def report(side: str, folder: str, settings: Mapping[str, Any]) -> None:
    """In the child: pictures that warm up, and then those whose seconds are printed, with the
    peak of the device's memory.

    Args:
        side: ``stock`` or ``ours``.
        folder: Where the pipeline ``model`` lies.
        settings: ``device``, ``dtype``, ``size``, ``steps``, ``rounds``; of stock ``compile``,
            of ours the ``options`` of ``diffusion/optimise``.
    """
    libraries()
    draw = (_stock if side == "stock" else _ours)(Path(folder), settings)
    device = settings["device"]
    for at in range(WARM):
        clocked_on(device, lambda at=at: draw(f"a green frog, number {at}"))  # type: ignore[misc]
    seconds = [
        clocked_on(device, lambda at=at: draw(f"a red apple, number {at}"))  # type: ignore[misc]
        for at in range(settings["rounds"])
    ]
    print(json.dumps({"seconds": seconds, "peak": peak(device)}))


def _stock(folder: Path, settings: Mapping[str, Any]) -> Draw:
    _, torch = libraries()
    pipeline = stock_pipeline(folder / "model", settings["dtype"]).to(settings["device"])
    if settings.get("compile"):
        how = {"mode": "reduce-overhead", "fullgraph": True}
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.vae.to(memory_format=torch.channels_last)
        pipeline.unet = torch.compile(pipeline.unet, **how)
        pipeline.vae.decode = torch.compile(pipeline.vae.decode, **how)
    steps, size = settings["steps"], settings["size"]
    return lambda prompt: stock_picture(pipeline, prompt, steps, size, GUIDANCE)


def _ours(folder: Path, settings: Mapping[str, Any]) -> Draw:
    from graphgen import Engine

    engine = Engine(
        device=settings["device"],
        dtype=settings["dtype"],
        models=[folder],
        workspace=folder / "workspace",
    )

    def draw(prompt: str) -> Any:
        document = drawing(
            "model", prompt, settings["steps"], settings["size"], settings["options"], GUIDANCE
        )
        return engine.run(document).raise_if_failed().outputs["image"].pixels

    return draw


# Copies


def copies(device: str, nbytes: int, rounds: int) -> Iterator[Figure]:
    """A value that leaves the device for host memory and comes back, as the cache moves it, in
    pinned memory, against torch's own copies."""
    import torch

    from graphgen.cache.transfer import to_host
    from graphgen.devices import to_device

    value = torch.zeros(nbytes, dtype=torch.uint8, device=device)

    def seconds(out: Callable[[Any], Any], back: Callable[[Any], Any]) -> Callable[[], float]:
        clocked_on(device, lambda: back(out(value)))  # memory is pinned once, and then kept
        return lambda: statistics.median(
            clocked_on(device, lambda: back(out(value))) for _ in range(3)
        )

    yield compared(
        f"{nbytes >> 20} MiB to host memory and back{on(device)}: pinned",
        seconds(lambda tensor: tensor.cpu(), lambda tensor: tensor.to(device)),
        seconds(to_host, lambda tensor: to_device(tensor, device)),
        rounds,
        None,
    )
