"""Demand: from the targets of a run backwards, so that nothing above a cached value is even
looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..cache.store import Values
from .ledger import DONE, IDLE, WANTED, Ledger


def demand(
    ledger: Ledger,
    roots: Sequence[int],
    peek: Callable[[bytes], Values | None],
    found: Callable[[int, Values], None],
) -> None:
    """Have steps, and all that they need and is not at hand, run.

    Args:
        peek: Looks a key up in the cache.
        found: Called with the steps that lie there, and their outputs.
    """
    steps, state, values = ledger.steps, ledger.state, ledger.values
    consumers, uses = ledger.consumers, ledger.uses
    stack = list(reversed(roots))
    while stack:
        at = stack.pop()
        if state[at] == DONE and values[at] is None:
            state[at] = IDLE  # let go already, and now a lazy input wants it
        if state[at] != IDLE:
            continue
        state[at] = WANTED
        step = steps[at]
        if step.key is not None:
            kept = peek(step.key)
            if kept is not None:
                found(at, kept)
                continue
        waiting = 0
        for _, needed, _ in step.direct:
            uses[needed] += 1
            if state[needed] == DONE and values[needed] is not None:
                continue
            waiting += 1
            if consumers[needed] is None:
                consumers[needed] = [at]
            else:
                consumers[needed].append(at)  # type: ignore[union-attr]
            if state[needed] != WANTED:
                stack.append(needed)
        for link in step.links:
            for source in link.sources:
                needed = source.step
                uses[needed] += 1
                if link.lazy or ledger.has(needed):
                    continue
                waiting += 1
                ledger.tell(needed, at)
                stack.append(needed)
        if waiting:
            ledger.waiting[at] = waiting
        else:
            ledger.ready.append(at)
