"""Four independent branches of equal work on the thread pool, against one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from graphgen import Engine, hookimpl, node

from .measure import Figure, clocked, compared

BRANCHES = 4


@node("bench/sort", title="Sort", volatile=True)
def sort(seed: int, size: int) -> float:
    """Sort random numbers, which NumPy does on one core and outside the interpreter lock."""
    numbers = np.random.default_rng(seed).random(size)
    numbers.sort()
    return float(numbers[0])


class Pack:
    @hookimpl
    def graphgen_nodes(self) -> list[Callable[..., Any]]:
        return [sort]


def run(quick: bool) -> Iterator[Figure]:
    size = 1_000_000 if quick else 8_000_000
    with (
        TemporaryDirectory() as folder,
        Engine(plugins=[Pack()], installed=False, workspace=folder) as engine,
    ):
        one, four = _document(1, size), _document(BRANCHES, size)
        yield compared(
            "four branches against one, two cores",
            lambda: clocked(lambda: engine.run(one)),
            lambda: clocked(lambda: engine.run(four)),
            3 if quick else 7,
            2.2,
        )


def _document(count: int, size: int) -> dict[str, Any]:
    return {
        "nodes": {
            f"n{at}": {"type": "bench/sort", "inputs": {"seed": at, "size": size}}
            for at in range(count)
        }
    }
