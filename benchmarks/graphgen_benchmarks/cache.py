"""What little memory costs: someone goes back and forth between edits of several pictures.

Each picture is a chain of filters; an edit changes a filter somewhere in it. The same visits
are made with room for everything, with room for a quarter, and with none. What is compared is
processor time of the whole, with one thread for torch.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from graphgen import Engine, Workflow, hookimpl, node

from .measure import Figure, clocked, compared

if TYPE_CHECKING:
    import torch

EDGE = 96
PICTURES = 6
FILTERS = 6
SETTINGS = 3


@node("bench/picture", title="Picture")
def picture(seed: int) -> Any:
    """Noise, float32 ``[1, 3, 96, 96]``."""
    import torch

    return torch.rand(1, 3, EDGE, EDGE, generator=torch.Generator().manual_seed(seed))


@node("bench/filter", title="Filter")
def blur(pixels: Any, setting: int) -> Any:
    """Blur, the more often the higher the setting."""
    made: torch.Tensor = pixels
    for _ in range(1 + setting):
        made = _blurred(made)
    return made


def _blurred(pixels: torch.Tensor) -> torch.Tensor:
    from torch.nn.functional import avg_pool2d

    return avg_pool2d(pixels, 9, stride=1, padding=4)


class Pack:
    @hookimpl
    def graphgen_nodes(self) -> list[Callable[..., Any]]:
        return [picture, blur]


def run(quick: bool) -> Iterator[Figure]:
    visits = _visits(40 if quick else 150)
    everything = PICTURES * FILTERS * SETTINGS * EDGE * EDGE * 12
    rounds = 1 if quick else 5
    with TemporaryDirectory() as folder:

        def within(share: float) -> Callable[[], float]:
            return lambda: _seconds(visits, int(everything * share), Path(folder))

        for name, share in (("a quarter of the memory", 0.25), ("a tenth of the memory", 0.1)):
            yield compared(f"{len(visits)} edits, {name}", within(1), within(share), rounds, None)
            yield compared(
                f"{len(visits)} edits, {name}, against none", within(0), within(share), rounds, 1.0
            )


def _visits(count: int) -> list[Workflow]:
    """Documents in the order in which they are run; some pictures are worked on more."""
    chance = random.Random(7)
    settings = [[0] * FILTERS for _ in range(PICTURES)]
    made = []
    for _ in range(count):
        at = min(chance.randrange(PICTURES) for _ in range(2))
        settings[at][chance.randrange(FILTERS)] = chance.randrange(SETTINGS)
        made.append(_document(at, settings[at]))
    return made


def _document(seed: int, settings: list[int]) -> Workflow:
    nodes: dict[str, Any] = {"n0": {"type": "bench/picture", "inputs": {"seed": seed}}}
    for at, setting in enumerate(settings):
        inputs = {"pixels": {"link": f"n{at}.value"}, "setting": setting}
        nodes[f"n{at + 1}"] = {"type": "bench/filter", "inputs": inputs}
    return Workflow.parse({"nodes": nodes})


def _work(engine: Engine, visits: list[Workflow]) -> None:
    for each in visits:  # no result is held: what is in use would stay
        engine.run(each)


def _seconds(visits: list[Workflow], cache_bytes: int, folder: Path) -> float:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        pack = Pack()
        with Engine(
            [pack], installed=False, workspace=folder, device="cpu", cache_bytes=cache_bytes
        ) as engine:
            return clocked(lambda: _work(engine, visits), time.process_time)
    finally:
        torch.set_num_threads(threads)
