"""The server, against an aiohttp handler that commits one row to SQLite and answers; both
in processes of their own, asked by the same client in turn. And its start, against the
imports that it can't do without.

Both answer when the disk has their row: SQLite's default, and what a run that was accepted
promises. So these figures are those of the disk as well. A run that makes a picture waits for
it twice more, for the file and for its name."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from graphgen import templates

from .measure import Figure, clocked, compared

WORKFLOW = templates.FOLDER / "text_to_image.json"
COMMAND = "import sys; from graphgen.cli import main; sys.exit(main())"
IMPORTS = "import aiohttp, pydantic, networkx"
CLIENTS = 16
THREE = {
    "format": "graphgen/1",
    "nodes": {
        "a": {"type": "control/value", "inputs": {"value": 1.0}},
        "b": {"type": "control/arithmetic", "inputs": {"a": {"link": "a.value"}, "b": 2.0}},
        "c": {"type": "control/arithmetic", "inputs": {"a": {"link": "b.value"}, "b": 3.0}},
    },
    "outputs": {"sum": "c.value"},
}


def run(quick: bool) -> Iterator[Figure]:
    yield _start(3 if quick else 11)
    with TemporaryDirectory() as folder, _bare(folder) as bare, served(folder) as ours:
        yield from _latency(bare, ours, 3 if quick else 10, 10 if quick else 50)
        yield _rate(bare, ours, 2 if quick else 5, 0.5 if quick else 4.0)


def _start(rounds: int) -> Figure:
    def imports() -> float:
        return clocked(lambda: subprocess.run([sys.executable, "-c", IMPORTS], check=True))

    def serve() -> float:
        with TemporaryDirectory() as folder:
            began = time.perf_counter()
            with served(folder) as address:
                asyncio.run(_get(f"{address}/healthz"))
                return time.perf_counter() - began

    imports(), serve()  # bytecode is written once
    return compared("graphgen serve until /healthz answers", imports, serve, rounds, 2.5)


def _latency(bare: str, ours: str, rounds: int, block: int) -> Iterator[Figure]:
    """In blocks, in turn; the quantile is over all of them."""
    taken: list[float] = []

    def baseline() -> float:
        return statistics.median(asyncio.run(_post_rows(bare, block)))

    def cached() -> float:
        seconds = asyncio.run(_cached_runs(ours, block))
        taken.extend(seconds)
        return statistics.median(seconds)

    baseline(), cached()
    taken.clear()
    name = "cached text to image, POST to finished event"
    yield compared(f"{name}: median", baseline, cached, rounds, 5.0, "ms", 1000)
    middle = statistics.median(taken) * 1000
    late = sorted(taken)[int(len(taken) * 0.99)] * 1000
    yield Figure(f"{name}: p99 against its median", "ms", middle, late, late / middle, 3.0)


def _rate(bare: str, ours: str, rounds: int, seconds: float) -> Figure:
    return compared(
        f"three-node runs from {CLIENTS} clients, time per run",
        lambda: asyncio.run(_rows_at_once(bare, seconds)),
        lambda: asyncio.run(_runs_at_once(ours, seconds)),
        rounds,
        1 / 0.3,
        "ms",
        1000,
    )


async def _get(address: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        assert answer.status == 200


async def _post_rows(address: str, count: int) -> list[float]:
    async with aiohttp.ClientSession(address) as session:
        taken = []
        for _ in range(count):
            began = time.perf_counter()
            await _posted(session, "/rows", THREE)
            taken.append(time.perf_counter() - began)
        return taken


async def _cached_runs(address: str, count: int) -> list[float]:
    """The first run of all makes the picture; the others find it in the cache."""
    body = {"workflow": json.loads(WORKFLOW.read_text()), "inputs": {"steps": 2}}
    async with aiohttp.ClientSession(address) as session:
        wait = {"Prefer": "wait=300"}
        async with session.post("/api/runs", json=body, headers=wait) as answer:
            assert (await answer.json())["status"] == "succeeded"
        async with session.ws_connect("/api/events") as events:
            taken = []
            for _ in range(count):
                began = time.perf_counter()
                run_id = (await _posted(session, "/api/runs", body))["run_id"]
                await Ends(events).of(run_id)
                taken.append(time.perf_counter() - began)
            return taken


async def _rows_at_once(address: str, seconds: float) -> float:
    async def ask(until: float) -> int:
        count = 0
        async with aiohttp.ClientSession(address) as session:
            while time.perf_counter() < until:
                await _posted(session, "/rows", THREE)
                count += 1
        return count

    return await _time_of_each(ask, seconds)


async def _runs_at_once(address: str, seconds: float) -> float:
    async def ask(until: float) -> int:
        count = 0
        async with (
            aiohttp.ClientSession(address) as session,
            session.ws_connect("/api/events") as events,
        ):
            ends = Ends(events)
            while time.perf_counter() < until:
                run_id = (await _posted(session, "/api/runs", {"workflow": THREE}))["run_id"]
                await ends.of(run_id)
                count += 1
        return count

    return await _time_of_each(ask, seconds)


class Ends:
    """Reads events, all of them, sees that none is missing, and waits for ends of runs."""

    def __init__(self, events: aiohttp.ClientWebSocketResponse) -> None:
        self._events = events
        self._seq: int | None = None

    async def of(self, run_id: str) -> None:
        while True:
            message = await self._events.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                assert message.type is aiohttp.WSMsgType.BINARY, "the server went away"
                continue
            text: str = message.data
            if text.startswith('{"seq":'):
                seq = int(text[7 : text.index(",")])
                assert self._seq is None or seq == self._seq + 1, "an event is missing"
                self._seq = seq
                if '"run_finished"' in text and run_id in text:
                    assert json.loads(text)["status"] == "succeeded"
                    return


async def _posted(session: aiohttp.ClientSession, path: str, body: Any) -> Any:
    async with session.post(path, json=body) as answer:
        assert answer.status == 202, await answer.text()
        return await answer.json()


async def _time_of_each(ask: Callable[[float], Any], seconds: float) -> float:
    began = time.perf_counter()
    counts = await asyncio.gather(*(ask(began + seconds) for _ in range(CLIENTS)))
    return (time.perf_counter() - began) / sum(counts)


def _bare(folder: str) -> Any:
    return _process("-m", "graphgen_benchmarks.bare_handler", f"{folder}/rows.db")


def served(folder: str) -> Any:
    """A ``graphgen serve`` over a workspace in a folder; gives its address."""
    return _process("-c", COMMAND, "serve", "--port", "0", "--workspace", f"{folder}/workspace")


@contextmanager
def _process(*arguments: str) -> Iterator[str]:
    """A server; gives the address that it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GRAPHGEN_")}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip().rstrip("/")
    finally:
        process.terminate()
        process.wait(30)
