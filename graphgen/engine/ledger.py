"""The books of one run: what state each step is in, what waits for what, which values are
still needed. Plain lists by step index, since this is looked at for every node."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

from ..cache.store import Values
from .result import NodeStatus
from .step import Step

IDLE, WANTED, DONE = 0, 1, 2


class Waiter(Protocol):
    """Something other than a step that waits for a step."""

    def arrived(self) -> None: ...


class Ledger:
    """See the module; grows when a node expands into more steps.

    Attributes:
        state: ``IDLE`` until somebody needs it, then ``WANTED``, then ``DONE``.
        values: Outputs of steps that are done and still needed.
        waiting: How many sources a wanted step still waits for.
        uses: How many wanted steps, targets and expansions need the outputs.
        consumers: Who is told when a step is done.
        ready: Steps that wait for nothing.
        retries: What was tried, in words, for steps that ran out of memory.
    """

    def __init__(self, steps: list[Step]) -> None:
        self.steps: list[Step] = []
        self.state = bytearray()
        self.status: list[NodeStatus] = []
        self.seconds: list[float] = []
        self.values: list[Values | None] = []
        self.waiting: list[int] = []
        self.uses: list[int] = []
        self.consumers: list[list[int | Waiter] | None] = []
        self.ready: deque[int] = deque()
        self.retries: dict[int, tuple[str, ...]] = {}
        self.grow(steps)

    def grow(self, steps: list[Step]) -> None:
        count = len(steps)
        self.steps.extend(steps)
        self.state.extend(bytes(count))
        self.status.extend(["skipped"] * count)
        self.seconds.extend([0.0] * count)
        self.values.extend([None] * count)
        self.waiting.extend([0] * count)
        self.uses.extend([0] * count)
        self.consumers.extend([None] * count)

    def has(self, at: int) -> bool:
        """Whether the outputs of a step are at hand."""
        return self.state[at] == DONE and self.values[at] is not None

    def tell(self, at: int, who: int | Waiter) -> None:
        """Tell ``who`` when the step is done."""
        listed = self.consumers[at]
        if listed is None:
            self.consumers[at] = [who]
        else:
            listed.append(who)

    def done(self, at: int, values: Values) -> None:
        """The step is done: keep its outputs if they are needed, and tell who waits."""
        self.state[at] = DONE
        if self.uses[at]:
            self.values[at] = values
        consumers = self.consumers[at]
        if consumers is None:
            return
        self.consumers[at] = None
        waiting = self.waiting
        for consumer in consumers:
            if type(consumer) is int:
                waiting[consumer] -= 1
                if not waiting[consumer]:
                    self.ready.append(consumer)
            else:
                consumer.arrived()  # type: ignore[union-attr]

    def let_go(self, step: Step) -> None:
        """The step needs its sources no more; what nobody needs is released."""
        uses, values = self.uses, self.values
        for _, needed, _ in step.direct:
            uses[needed] -= 1
            if not uses[needed]:
                values[needed] = None
        for link in step.links:
            for source in link.sources:
                self.release(source.step)

    def release(self, at: int) -> None:
        """One use of the step's outputs is over."""
        self.uses[at] -= 1
        if not self.uses[at]:
            self.values[at] = None

    def output(self, at: int, output: int) -> Any:
        values = self.values[at]
        assert values is not None
        return values[output]
