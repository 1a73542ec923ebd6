"""What is known about one run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from ..plain import to_json
from ..problems import Problem
from .compact import to_text

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ENDED: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})
_LETTERS = {"executed": "e", "cached": "c", "skipped": "s", "failed": "f"}
_STATUS = {letter: status for status, letter in _LETTERS.items()}


class NodeTable(Mapping[str, dict[str, Any]]):
    """What became of each node, ``{"status": ..., "seconds": ...}`` by id, with ``retries``
    for a node that ran out of memory: how it was run again, in words.

    Held as the text that the database has, and taken apart when it is first looked into, so
    that the record of a run of many nodes costs little to carry around.
    """

    def __init__(self, text: str = "") -> None:
        self.text = text

    @classmethod
    def of(cls, results: Mapping[str, Any]) -> NodeTable:
        """The table of a run's ``NodeResults``."""
        ids, letters, seconds = [], [], []
        retries: dict[str, list[str]] = {}
        for id, node in results.items():
            ids.append(id)
            letters.append(_LETTERS[node.status])
            if node.status in ("executed", "failed"):
                seconds.append(round(node.seconds, 6))
            if node.retries:
                retries[id] = list(node.retries)
        if not ids:
            return cls()
        return cls(to_text([ids, "".join(letters), seconds, *([retries] if retries else [])]))

    @cached_property
    def _nodes(self) -> dict[str, dict[str, Any]]:
        if not self.text:
            return {}
        ids, letters, seconds, *retries = json.loads(self.text)
        times = iter(seconds)
        nodes = {
            id: {"status": _STATUS[letter], "seconds": next(times) if letter in "ef" else 0.0}
            for id, letter in zip(ids, letters, strict=True)
        }
        for id, tried in (retries[0] if retries else {}).items():
            nodes[id]["retries"] = tried
        return nodes

    def __getitem__(self, id: str) -> dict[str, Any]:
        return self._nodes[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as it stands.

    Attributes:
        name: What the submitter calls it, such as the name of the saved workflow.
        workflow_name: The name in the document.
        priority: -100..100; higher goes first.
        created, started, finished: Seconds since the epoch, or None.
        seconds: Time that the run took, without its wait in the queue.
        attempts: How often it was started: more than once if the process was ended.
        inputs: Named inputs that were given.
        targets: Nodes that it was for; None for the named outputs.
        nodes: What became of each node, once it is over; left out of lists.
        outputs: Items by output name: ``{"value": ...}``, or ``{"file": ..., "media_type":
            ..., "bytes": ...}`` with a path relative to the workspace's outputs. The only
            value of a list of one has ``"list": true``.
        folder: Where its files are, relative to the workspace's outputs; made on demand.
    """

    run_id: str
    name: str
    workflow_name: str
    status: Status
    priority: int
    created: float
    folder: str
    started: float | None = None
    finished: float | None = None
    seconds: float | None = None
    attempts: int = 0
    inputs: dict[str, Any] = field(default_factory=dict)
    targets: list[str] | None = None
    nodes: Mapping[str, dict[str, Any]] = field(default_factory=NodeTable, repr=False)
    outputs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON data."""
        return {
            "run_id": self.run_id,
            "name": self.name,
            "workflow_name": self.workflow_name,
            "status": self.status,
            "priority": self.priority,
            "created": self.created,
            "started": self.started,
            "finished": self.finished,
            "seconds": self.seconds,
            "attempts": self.attempts,
            "inputs": to_json(self.inputs),
            "targets": self.targets,
            "nodes": dict(self.nodes),
            "outputs": self.outputs,
            "problems": [problem.to_dict() for problem in self.problems],
        }
