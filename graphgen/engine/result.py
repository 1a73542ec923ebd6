"""What a run leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from ..problems import Problem, RunFailed
from ..types import Types
from .step import Step

NodeStatus = Literal["executed", "cached", "skipped", "failed"]
RunStatus = Literal["succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What became of one node.

    Attributes:
        status: ``cached`` also says that the node was not needed, because what is made
            from its outputs was in the cache.
        seconds: Time its function took; 0 unless it was executed.
        outputs: By name, for the nodes that the run was for; empty for the others.
        retries: How it was run again after it ran out of memory, in words.
    """

    status: NodeStatus
    seconds: float = 0.0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    retries: tuple[str, ...] = ()


class NodeResults(Mapping[str, NodeResult]):
    """Node results by id; made when asked for, so that large graphs cost nothing here."""

    def __init__(
        self,
        steps: Sequence[Step],
        status: list[NodeStatus],
        seconds: list[float],
        state: bytearray,
        outputs: Mapping[int, Mapping[str, Any]],
        retries: Mapping[int, tuple[str, ...]],
    ) -> None:
        self._steps = steps
        self._status = status
        self._seconds = seconds
        self._state = state
        self._outputs = outputs
        self._retries = retries

    @property
    def ran(self) -> bool:
        """Whether the function of any node was called, whatever became of it."""
        return any(self._seconds)

    @cached_property
    def _index(self) -> dict[str, int]:
        self._mark_unneeded()
        return {step.id: at for at, step in enumerate(self._steps)}

    def _mark_unneeded(self) -> None:
        """Steps that nobody looked at because what is made from them was cached."""
        status, state = self._status, self._state
        for at in range(len(self._steps) - 1, -1, -1):
            if status[at] == "cached":
                for source in self._steps[at].sources():
                    if not state[source]:
                        status[source] = "cached"

    def __getitem__(self, id: str) -> NodeResult:
        at = self._index[id]
        return NodeResult(
            self._status[at],
            self._seconds[at],
            self._outputs.get(at, {}),
            self._retries.get(at, ()),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._steps)


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes:
        outputs: The workflow's named outputs that were made.
        nodes: What became of each node.
        problems: Why nodes failed.
        seconds: Time of the whole run.
        types: The port types of its values, for those who save them.
    """

    run_id: str
    status: RunStatus
    outputs: dict[str, Any]
    nodes: NodeResults
    problems: list[Problem]
    seconds: float
    types: Types

    def raise_if_failed(self) -> RunResult:
        """The result itself, or ``RunFailed`` with the problems if it did not succeed."""
        if self.status != "succeeded":
            cancelled = Problem("cancelled", "the run was cancelled")
            raise RunFailed(self.problems or [cancelled], self)
        return self
