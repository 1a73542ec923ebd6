"""Four independent branches of equal work on the thread pool, against one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from graphgen import Engine, hookimpl, node

from .measure import Figure, clocked, compared

BRANCHES = 4
NUMBERS = 100_000


@node("bench/sort", title="Sort", volatile=True)
def sort(seed: int, rounds: int) -> float:
    """Sort random numbers, which NumPy does on one core and outside the interpreter lock.

    Few at a time: cores share the way to memory, which is not what is measured.
    """
    generator = np.random.default_rng(seed)
    numbers = np.empty(NUMBERS)
    for _ in range(rounds):
        generator.random(out=numbers)
        numbers.sort()
    return float(numbers[0])


class Pack:
    @hookimpl
    def graphgen_nodes(self) -> list[Callable[..., Any]]:
        return [sort]


def run(quick: bool) -> Iterator[Figure]:
    rounds = 10 if quick else 100
    with (
        TemporaryDirectory() as folder,
        Engine(plugins=[Pack()], installed=False, workspace=folder) as engine,
    ):
        one, four = _document(1, rounds), _document(BRANCHES, rounds)
        yield compared(
            "four branches against one, two cores",
            lambda: clocked(lambda: engine.run(one)),
            lambda: clocked(lambda: engine.run(four)),
            3 if quick else 7,
            2.2,
        )


def _document(count: int, rounds: int) -> dict[str, Any]:
    return {
        "nodes": {
            f"n{at}": {"type": "bench/sort", "inputs": {"seed": at, "rounds": rounds}}
            for at in range(count)
        }
    }
