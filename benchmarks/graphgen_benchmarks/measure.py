"""How things are timed: baseline and candidate in turn, medians of each, and the median of
the ratios pair by pair, which holds when the machine's speed drifts."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True)
class Figure:
    """One row of the report.

    Attributes:
        name: What was measured.
        baseline: Median of the baseline, in ``unit``.
        ours: Median of graphgen, in ``unit``.
        ratio: Median of ours over baseline, pair by pair.
        reach: The ratio to reach, or None for a figure that is only shown.
    """

    name: str
    unit: str
    baseline: float
    ours: float
    ratio: float
    reach: float | None


def clocked(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that one call takes; garbage of before is collected first."""
    gc.collect()
    began = clock()
    kept = work()
    seconds = clock() - began
    del kept
    return seconds


def in_turn(taken: Iterable[float]) -> Callable[[], float]:
    """Gives what was measured before, one after the other, for ``compared``."""
    return partial(next, iter(taken))


def compared(
    name: str,
    baseline: Callable[[], float],
    ours: Callable[[], float],
    rounds: int,
    reach: float | None,
    unit: str = "s",
    scale: float = 1.0,
) -> Figure:
    """Measure both in turn; each call gives its own seconds or bytes, times ``scale``."""
    pairs = [(baseline() * scale, ours() * scale) for _ in range(rounds)]
    return Figure(
        name,
        unit,
        statistics.median(base for base, _ in pairs),
        statistics.median(mine for _, mine in pairs),
        statistics.median(mine / base for base, mine in pairs),
        reach,
    )
