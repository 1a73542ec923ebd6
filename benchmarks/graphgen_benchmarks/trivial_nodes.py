"""What the engine costs per node: adding integers, against ``dask.get`` on the same graph.

Both are single-threaded here, so processor time is taken: other programs on the machine
then matter less. Graphs and documents are ready before the clock starts; planning is part
of what is timed, and the engine is fresh in every cold round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graphgen import Engine, Workflow, hookimpl, node

from .measure import Figure, clocked, compared

LADDER = 8
Previous = Callable[[int], "int | None"]


@node("bench/add", title="Add")
def add(a: int, b: int = 0) -> int:
    """Add two integers."""
    return a + b


class Pack:
    @hookimpl
    def graphgen_nodes(self) -> list[Callable[..., Any]]:
        return [add]


def chain(at: int) -> int | None:
    return at - 1 if at else None


def ladder(at: int) -> int | None:
    return at - LADDER if at >= LADDER else None


def run(quick: bool) -> Iterator[Figure]:
    sizes = (100, 1_000) if quick else (100, 1_000, 10_000, 100_000)
    for size in sizes:
        rounds = 3 if quick or size > 10_000 else 7
        for shape, previous in (("chain", chain), (f"{LADDER}-wide ladder", ladder)):
            yield from _size(shape, previous, size, rounds)


def _size(shape: str, previous: Previous, size: int, rounds: int) -> Iterator[Figure]:
    import dask

    document, edited = workflow(previous, size), workflow(previous, size, last=7)
    graph, wanted = dask_graph(previous, size)
    with TemporaryDirectory() as folder:

        def baseline() -> float:
            return clocked(lambda: dask.get(graph, wanted), time.process_time)

        def cold() -> float:
            with engine(Path(folder)) as fresh:
                return clocked(lambda: fresh.run(document), time.process_time)

        warm = engine(Path(folder))
        warm.run(document)
        turns = [0]

        def again() -> float:
            return clocked(lambda: warm.run(document), time.process_time)

        def leaf() -> float:
            turns[0] += 1
            nodes = dict(edited.nodes)
            last = f"n{size - 1}"
            inputs = {**nodes[last].inputs, "b": 7 + turns[0]}
            nodes[last] = nodes[last].model_copy(update={"inputs": inputs})
            fresh = edited.model_copy(update={"nodes": nodes})
            return clocked(lambda: warm.run(fresh), time.process_time)

        label = f"{size:,} nodes, {shape}"
        per_node = 1e6 / size
        for what, ours, reach in (("cold", cold, 0.5), ("cached", again, 0.2), ("leaf", leaf, 0.2)):
            yield compared(
                f"{label}: {what}", baseline, ours, rounds, reach, "us per node", per_node
            )
        warm.close()


def engine(folder: Path) -> Engine:
    """A fresh engine that has met the node before, so that it knows it to be quick."""
    made = Engine(plugins=[Pack()], installed=False, workspace=folder)
    made.run(workflow(chain, 3))
    return made


def workflow(previous: Previous, size: int, last: int = 1) -> Workflow:
    nodes: dict[str, Any] = {}
    for at in range(size):
        source = previous(at)
        a: Any = at if source is None else {"link": f"n{source}.value"}
        b = last if at == size - 1 else 1
        nodes[f"n{at}"] = {"type": "bench/add", "inputs": {"a": a, "b": b}}
    return Workflow.parse({"nodes": nodes})


def dask_graph(previous: Previous, size: int) -> tuple[dict[str, Any], list[str]]:
    def plain(a: int, b: int = 0) -> int:
        return a + b

    graph: dict[str, Any] = {}
    for at in range(size):
        source = previous(at)
        graph[f"n{at}"] = (plain, at if source is None else f"n{source}", 1)
    needed = {previous(at) for at in range(size)}
    return graph, [f"n{at}" for at in range(size) if at not in needed]
