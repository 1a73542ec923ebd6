"""Calls of nodes that are on their way: what they are called with, and what has been tried."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from .. import devices
from ..economy import AMPLE, Economy
from ..node import NodeSpec
from ..problems import Cancelled
from .context import CancelToken, Context
from .failure import is_out_of_memory, let_go
from .ladder import Ladder

_log = logging.getLogger("graphgen")
Outcome = Callable[["Call", Any, "BaseException | None", float], None]


class Call:
    """One call of one node, until it has an outcome; it may be run several times.

    Attributes:
        at: Index of the step.
        arguments: With ``ctx``, if the node takes one.
        lane: Name of the device that it runs on, empty for none.
        key: Calls of equal keys may be joined; None for one that is not.
        rows: What it counts in a batch.
        ended: Called with the value, the exception or None, and the seconds.
        joined: Called when a batch did not fit: with how many calls it is run again.
    """

    __slots__ = (
        "arguments", "at", "context", "ended", "joined", "key", "ladder", "lane", "rows", "spec",
        "token",
    )  # fmt: skip

    def __init__(
        self,
        at: int,
        spec: NodeSpec,
        arguments: dict[str, Any],
        lane: str,
        token: CancelToken,
        ended: Outcome,
        joined: Callable[[Call, int], None],
    ) -> None:
        self.at = at
        self.spec = spec
        self.arguments = arguments
        self.context: Context | None = arguments.get("ctx")
        self.lane = lane
        self.token = token
        self.ended = ended
        self.joined = joined
        self.ladder: Ladder | None = None
        self.key: Hashable | None = None
        self.rows = 1

    @property
    def economy(self) -> Economy:
        """The plan at hand."""
        return AMPLE if self.ladder is None else self.ladder.economy

    @property
    def given(self) -> dict[str, Any]:
        """The arguments, and the defaults of those that were not given."""
        inputs = self.spec.inputs.items()
        defaults = {name: port.default for name, port in inputs if not port.required}
        return {**defaults, **self.arguments}

    def join_by_key(self) -> None:
        """Find out whether, and with what, it may be joined."""
        batch = self.spec.batch
        self.key = None
        if batch is None or self.ladder is not None:  # one that had no room stays alone
            return
        given = {name: value for name, value in self.given.items() if name != "ctx"}
        try:
            key = batch.key(**given)
            if key is not None:
                self.rows = batch.rows(**given)
                hash(key)
                self.key = (self.spec, key)
        except Exception:  # the node itself says what is wrong with its arguments
            _log.debug("%s has no key to be joined by", self.spec.id, exc_info=True)

    def work(self) -> None:
        """Run the node, in the thread that this is called from."""
        if self.token.cancelled:
            self.ended(self, None, Cancelled(), 0.0)
            return
        self.ended(self, *invoke(self.spec.function, self.arguments, self.lane))


def work_together(calls: Sequence[Call], too_many: Callable[[int], object]) -> None:
    """Run calls of one key as one. Where they do not fit together they are run in halves;
    where they fail together each is run alone, so that a failure is that of one.

    Args:
        too_many: Called with the number of rows that did not fit, to make room.
    """
    batch = calls[0].spec.batch
    assert batch is not None
    wanted = [call for call in calls if not call.token.cancelled]
    for call in calls:
        if call.token.cancelled:
            call.ended(call, None, Cancelled(), 0.0)
    if len(wanted) < 2:
        for call in wanted:
            call.work()
        return
    rows = sum(call.rows for call in wanted)
    began = time.perf_counter()
    outcomes, failure = _together(wanted)
    if failure is None:
        seconds = time.perf_counter() - began
        for call, outcome in zip(wanted, outcomes, strict=True):
            error = outcome if isinstance(outcome, BaseException) else None
            value = None if error is not None else outcome
            call.ended(call, value, error, seconds * call.rows / rows)
        return
    if is_out_of_memory(failure):
        let_go(failure)
        too_many(rows)
        half = len(wanted) // 2
        parts = [wanted[:half], wanted[half:]]
        for part in parts:
            for call in part:
                call.joined(call, len(part))
    else:
        _log.debug("%s failed for %d calls at once", wanted[0].spec.id, len(wanted))
        parts = [[call] for call in wanted]
    for part in parts:
        work_together(part, too_many)


def _together(calls: Sequence[Call]) -> tuple[Sequence[Any], BaseException | None]:
    batch = calls[0].spec.batch
    assert batch is not None
    try:
        outcomes = batch.run([call.given for call in calls])
        devices.wait(calls[0].lane)
    except BaseException as error:
        return (), error
    if len(outcomes) != len(calls):
        return (), ValueError(f"{len(outcomes)} outcomes of {len(calls)} calls")
    return outcomes, None


def invoke(
    function: Callable[..., Any], arguments: dict[str, Any], lane: str
) -> tuple[Any, BaseException | None, float]:
    """Call a node: its value or what it raised, and the seconds it took.

    Args:
        lane: Name of the device that it runs on, empty for none. An accelerator goes on when
            the call has returned: it is waited for, so that seconds and failures are the node's.
    """
    began = time.perf_counter()
    try:
        value = function(**arguments)
        if lane:
            devices.wait(lane)
        return value, None, time.perf_counter() - began
    except BaseException as error:  # nothing may end a lane's thread
        return None, error, time.perf_counter() - began
