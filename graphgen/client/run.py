"""Runs and the queue on the server, as they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..engine.result import NodeResult
from ..problems import Problem, RunFailed
from .answers import problems_in

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ENDED = frozenset({"succeeded", "failed", "cancelled"})
Item = Mapping[str, Any]


@dataclass(frozen=True)
class ServerRun:
    """A run on the server, as it was when the server was asked.

    Attributes:
        name: What it was submitted as, such as the name of a saved workflow.
        workflow_name: The name in the document.
        priority: -100..100; higher goes first.
        created, started, finished: Seconds since the epoch, or None.
        seconds: Time that it took, without its wait in the queue.
        attempts: How often it was started: more than once if the server was ended.
        inputs: Named inputs that were given.
        targets: Nodes that it was for; None for the named outputs.
        nodes: What became of each node, once the run is over; left out of lists. The
            outputs of nodes stay on the server.
        outputs: By name; those of targets as ``node.output``. Plain data as it is, unless it
            has more than 64 KiB; else a ``FileList`` (an ``AsyncFileList`` of an
            ``AsyncClient``), whose files are downloaded on demand.
        problems: Why it did not succeed.
    """

    run_id: str
    name: str
    workflow_name: str
    status: Status
    priority: int
    created: float
    started: float | None
    finished: float | None
    seconds: float | None
    attempts: int
    inputs: Mapping[str, Any]
    targets: Sequence[str] | None
    nodes: Mapping[str, NodeResult]
    outputs: Mapping[str, Any]
    problems: list[Problem]

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.status in ENDED

    def raise_if_failed(self) -> ServerRun:
        """The run itself, or ``RunFailed`` with the problems if it is over and did not
        succeed; the error's ``result`` is the run."""
        if self.status in ("failed", "cancelled"):
            cancelled = Problem("cancelled", "the run was cancelled")
            raise RunFailed(self.problems or [cancelled], self)
        return self


@dataclass(frozen=True)
class QueueState:
    """The server's queue.

    Attributes:
        paused: No run that waits is begun.
        running, queued: Ids of runs in their order.
        capacity: Runs that may wait; more are refused.
    """

    paused: bool
    running: list[str]
    queued: list[str]
    capacity: int


@dataclass(frozen=True)
class Validation:
    """What the server says of a workflow.

    Attributes:
        problems: Everything that is wrong with it.
        inputs, outputs: JSON Schemas of its named inputs and outputs; None if it can't be
            read as a workflow.
    """

    problems: list[Problem]
    inputs: Mapping[str, Any] | None
    outputs: Mapping[str, Any] | None


def queue_of(entry: Mapping[str, Any]) -> QueueState:
    """The queue from its JSON form."""
    return QueueState(entry["paused"], entry["running"], entry["queued"], entry["capacity"])


def run_of(entry: Mapping[str, Any], files: Callable[[Sequence[Item]], Any]) -> ServerRun:
    """A run from its JSON form.

    Args:
        files: Makes what stands for the files of an output.
    """
    return ServerRun(
        run_id=entry["run_id"],
        name=entry["name"],
        workflow_name=entry["workflow_name"],
        status=entry["status"],
        priority=entry["priority"],
        created=entry["created"],
        started=entry["started"],
        finished=entry["finished"],
        seconds=entry["seconds"],
        attempts=entry["attempts"],
        inputs=entry["inputs"],
        targets=entry["targets"],
        nodes={
            id: NodeResult(node["status"], node["seconds"], retries=tuple(node.get("retries", ())))
            for id, node in entry["nodes"].items()
        },
        outputs={name: _output(items, files) for name, items in entry["outputs"].items()},
        problems=problems_in(entry),
    )


def _output(items: Sequence[Item], files: Callable[[Sequence[Item]], Any]) -> Any:
    if any("file" in item for item in items):
        return files(items)
    values = [item["value"] for item in items]
    single = len(items) == 1 and not items[0].get("list")
    return values[0] if single else values
