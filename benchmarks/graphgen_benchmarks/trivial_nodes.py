"""What the engine costs per node: adding integers, against ``dask.get`` on the same graph.

Both are single-threaded here, so processor time is taken: other programs on the machine
then matter less. Graphs and documents are ready before the clock starts; planning is part
of what is timed, and the engine is fresh in every cold round.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graphgen import Engine, Workflow, hookimpl, node

from .measure import Figure, clocked, compared

LADDER = 8
NEAR = 50  # a random node takes from one of so many before it
Sources = Callable[[int], "list[int]"]
"""The nodes that a node takes its inputs from, at most two, by its number."""


@node("bench/add", title="Add")
def add(a: int, b: int = 0) -> int:
    """Add two integers."""
    return a + b


class Pack:
    @hookimpl
    def graphgen_nodes(self) -> list[Callable[..., Any]]:
        return [add]


def chain(at: int) -> list[int]:
    return [at - 1] if at else []


def ladder(at: int) -> list[int]:
    return [at - LADDER] if at >= LADDER else []


def random_dag(at: int) -> list[int]:
    near = range(max(0, at - NEAR), at)
    return random.Random(at).sample(near, min(2, len(near)))


def run(quick: bool) -> Iterator[Figure]:
    sizes = (100, 1_000) if quick else (100, 1_000, 10_000, 100_000)
    for size in sizes:
        rounds = 3 if quick or size > 10_000 else 7
        shapes = ("chain", chain), (f"{LADDER}-wide ladder", ladder), ("random DAG", random_dag)
        for shape, sources in shapes:
            # dask's own books of a random graph grow with the square of its nodes: of 100,000
            # they take minutes and 14 GB (and graphgen a fiftieth of the time).
            if sources is not random_dag or size <= 10_000:
                yield from _size(shape, sources, size, rounds)


def _size(shape: str, sources: Sources, size: int, rounds: int) -> Iterator[Figure]:
    import dask

    document = workflow(sources, size)
    graph, wanted = dask_graph(sources, size)
    with TemporaryDirectory() as folder:

        def baseline() -> float:
            return clocked(lambda: dask.get(graph, wanted), time.process_time)

        def cold(cache_dir: Path | None = None) -> float:
            with engine(Path(folder), cache_dir) as fresh:
                return clocked(lambda: fresh.run(document), time.process_time)

        def as_served() -> float:  # the command line and the server keep outputs on disk
            return cold(Path(folder) / "cache")

        warm = engine(Path(folder))
        warm.run(document)
        turns = [0]

        def again() -> float:
            return clocked(lambda: warm.run(document), time.process_time)

        def leaf() -> float:
            turns[0] += 1
            nodes = dict(document.nodes)
            last = f"n{size - 1}"
            inputs = {**nodes[last].inputs, "b": 7 + turns[0]}
            nodes[last] = nodes[last].model_copy(update={"inputs": inputs})
            fresh = document.model_copy(update={"nodes": nodes})
            return clocked(lambda: warm.run(fresh), time.process_time)

        label = f"{size:,} nodes, {shape}"
        per_node = 1e6 / size
        # In a small graph the fixed cost of a run shows.
        first, later = (0.5, 0.2) if size < 1000 else (0.3, 0.1)
        rows = (
            ("cold", cold, first),
            ("cold, with a disk cache", as_served, None),
            ("cached", again, later),
            ("leaf", leaf, later),
        )
        for what, ours, reach in rows:
            yield compared(
                f"{label}: {what}", baseline, ours, rounds, reach, "us per node", per_node
            )
        warm.close()


def engine(folder: Path, cache_dir: Path | None = None) -> Engine:
    """A fresh engine that has met the node before, so that it knows it to be quick."""
    made = Engine(plugins=[Pack()], installed=False, workspace=folder, cache_dir=cache_dir)
    made.run(workflow(chain, 3))
    return made


def workflow(sources: Sources, size: int) -> Workflow:
    nodes: dict[str, Any] = {}
    for at in range(size):
        inputs: dict[str, Any] = {"a": at, "b": 1}
        for port, source in zip("ab", sources(at), strict=False):
            inputs[port] = {"link": f"n{source}.value"}
        nodes[f"n{at}"] = {"type": "bench/add", "inputs": inputs}
    return Workflow.parse({"nodes": nodes})


def dask_graph(sources: Sources, size: int) -> tuple[dict[str, Any], list[str]]:
    def plain(a: int, b: int = 0) -> int:
        return a + b

    graph: dict[str, Any] = {}
    needed: set[int] = set()
    for at in range(size):
        taken = sources(at)
        needed.update(taken)
        first = f"n{taken[0]}" if taken else at
        second = f"n{taken[1]}" if len(taken) > 1 else 1
        graph[f"n{at}"] = (plain, first, second)
    return graph, [f"n{at}" for at in range(size) if at not in needed]
