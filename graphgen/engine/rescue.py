"""What a run does about a call that ran out of memory: it is run again, with the next plan
that takes less, as long as there is one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..devices import HOST, accelerators
from .calls import Call
from .failure import is_of_device, let_go
from .ladder import Ladder
from .lanes import Lanes


class Rescue:
    """See the module; used by the thread of one run.

    Args:
        lanes: Where calls are run.
        make_room: Frees what is idle on a device, and returns its bytes.
        retries: Takes what was tried, in words, by step.
        again: Sends a call to its lane once more.
        post: Has something done by the thread of the run.
        tell: Called with a call, what is different now, by how much, and that in words.

    Attributes:
        resting: How many calls wait for others to end.
    """

    def __init__(
        self,
        lanes: Lanes,
        make_room: Callable[[str], int],
        retries: dict[int, tuple[str, ...]],
        again: Callable[[Call], None],
        post: Callable[[Callable[[], None]], None],
        tell: Callable[[Call, str, int, str], None],
    ) -> None:
        self._make_room = make_room
        self.resting = 0
        self._retries = retries
        self._lanes = lanes
        self._again = again
        self._post = post
        self._tell = tell

    def close(self) -> None:
        """Let go of the run: in a circle, what it holds would wait for the collector."""
        del self._again, self._post, self._tell

    def free(self, lane: str, error: BaseException) -> int:
        """Let go of what a failed call held, and of what is idle where that would help; the
        bytes of the latter.

        Args:
            lane: The device that the call computed on; empty for one that computes wherever its
                inputs lie.
        """
        let_go(error)
        if not is_of_device(error):
            return self._make_room(HOST)
        return sum(self._make_room(device) for device in ([lane] if lane else accelerators()))

    def attempt(self, call: Call, error: BaseException) -> bool:
        """Let go of what a failed call held, free what is idle, and have it run again.

        Args:
            error: That the call ended with; its traceback is let go.

        Returns:
            Whether there was a plan left to try.
        """
        freed = self.free(call.lane, error)
        if call.ladder is None:
            call.ladder = Ladder(call.spec.economy)
        ladder, context = call.ladder, call.context
        asked = {} if context is None else context.asked
        rung = ladder.next(asked, freed, bool(self._lanes.calls))
        self._retries[call.at] = ladder.tried
        if rung is None:
            return False
        if context is not None:
            context.economy, context.asked = ladder.economy, {}
        divisor = {"tile": ladder.economy.tile, "split": ladder.economy.split}.get(rung, 1)
        self._tell(call, rung, divisor, ladder.tried[-1])
        if rung == "wait":
            self.resting += 1
            self._lanes.after_others(partial(self._post, partial(self._rested, call)))
        else:
            self._again(call)
        return True

    def _rested(self, call: Call) -> None:
        self.resting -= 1
        if not call.token.cancelled:
            self._again(call)

    def unjoined(self, call: Call, left: int) -> None:
        """Called from a lane where a batch of several calls did not fit."""
        with_others = f"with {left - 1} others" if left > 1 else "alone"
        self._tell(call, "unjoin", left, f"{with_others}, as a larger batch did not fit")
