"""A process of its own with a queue, for tests that kill it.

    python -m tests.runs.child WORKSPACE ACTION [ARGUMENTS]

What it says is flushed line by line: what the parent has read was so.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from pathlib import Path

from graphgen import Engine, GraphgenError, Workflow
from graphgen.runs import RunQueue, RunStore
from tests.runs.nodes import HERE, NODES, TYPES, one
from tests.support import CORE, Pack, graph

_LOCK = threading.Lock()


def engine_at(workspace: Path) -> Engine:
    pack = Pack(*CORE, *NODES, types=TYPES)
    return Engine(
        [pack],
        installed=False,
        workspace=workspace,
        device="cpu",
        workers=2,
        cache_dir=workspace / "cache",
    )


def queue_at(workspace: Path, **options) -> RunQueue:
    return RunQueue(engine_at(workspace), RunStore(workspace / "graphgen.db"), **options)


def say(*words: object) -> None:
    with _LOCK:
        print(*words, flush=True)


def mixed() -> Workflow:
    """A slow node, then a file and a number that tell whether they are whole."""
    document = graph(
        {
            "slow": ("runs/slow", {}),
            "write": ("runs/write", {"value": "=slow.value"}),
            "page": ("runs/page", {"value": "=slow.value", "size": 200_000}),
        },
        {"page": "page.page", "written": "write.value", "number": "slow.value"},
        {"value": "slow.value"},
    )
    return Workflow.parse(document)


def held(name: str) -> Workflow:
    """A slow node, then one that waits for a file in the workspace's inputs."""
    document = graph(
        {
            "slow": ("runs/slow", {}),
            "write": ("runs/write", {"value": "=slow.value"}),
            "page": ("runs/page", {"value": "=slow.value"}),
            "wait": ("runs/await_file", {"value": "=slow.value", "name": name}),
        },
        {"page": "page.page", "written": "write.value", "number": "wait.value"},
        {"value": "slow.value"},
    )
    return Workflow.parse(document)


def stand(queue: RunQueue, type_: str, output: str) -> None:
    """Begin a run that waits, and pause the queue behind it."""
    queue.submit(one(type_, output), {"value": 100})
    queue.pause()
    say("paused")
    time.sleep(60)


def hold(queue: RunQueue) -> None:
    """Begin a run that waits, with others behind it."""
    say("accepted", queue.submit(held("go"), {"value": 100}).run_id)
    for at in range(4):
        say("accepted", queue.submit(one("runs/note"), {"value": at}, priority=at % 2).run_id)
    queue.reorder([queue.active()[-1].run_id])
    say("order", *(record.run_id for record in queue.active()))
    time.sleep(60)


def crash(queue: RunQueue) -> None:
    """Begin a run that ends the process, with another behind it."""
    if not queue.history(1):
        queue.pause()
        say("accepted", queue.submit(one("runs/crash")).run_id)
        say("accepted", queue.submit(one("runs/note"), {"value": 5}).run_id)
        queue.resume()
    time.sleep(60)


def cancel(queue: RunQueue) -> None:
    """Ask a run to stop that does not listen."""
    run_id = queue.submit(one("runs/deaf")).run_id
    HERE.begun.get()
    queue.cancel(run_id)
    say("cancelled", run_id)
    time.sleep(60)


def load(queue: RunQueue, seed: str) -> None:
    """Submit from several threads, for ever, and cancel some."""

    def client(number: int) -> None:
        dice = random.Random(f"{seed}-{number}")
        while True:
            value = dice.randrange(10**9)
            try:
                record = queue.submit(mixed(), {"value": value}, priority=dice.randrange(3))
            except GraphgenError:
                time.sleep(0.005)
                continue
            say("accepted", record.run_id, value)
            if dice.random() < 0.1:
                try:
                    queue.cancel(record.run_id)
                    say("cancelled", record.run_id)
                except GraphgenError:  # it was quicker
                    pass
            elif dice.random() < 0.5:
                queue.wait(record.run_id)
                say("ended", record.run_id)

    for number in range(4):
        threading.Thread(target=client, args=(number,), daemon=True).start()
    time.sleep(60)


def main() -> None:
    workspace, action, *arguments = sys.argv[1:]
    queue = queue_at(Path(workspace), capacity=20)
    queue.open()
    say("open")
    globals()[action](queue, *arguments)


if __name__ == "__main__":
    main()
