"""What is tried when a node has run out of memory: one plan after the other, each of which
takes less than the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ..economy import AMPLE, MEANS, Economy, Means

Rung = Literal["evict", "wait", "offload", "tile", "split"]
MAX_TILE = 32
MAX_SPLIT = 1024
MAX_WAITS = 5


@dataclass
class Ladder:
    """The plans for one call of one node.

    Attributes:
        means: What the node declares that it can use.
        economy: The plan at hand.
        tried: The plans so far, in words.
    """

    means: frozenset[Means]
    economy: Economy = AMPLE
    tried: tuple[str, ...] = ()
    _evicted: bool = False
    _waits: int = 0

    def next(self, asked: Mapping[Means, bool], freed: int, others: bool) -> Rung | None:
        """The next plan, which becomes the one at hand; None if there is none left.

        Args:
            asked: What the node asked its context for in the call that failed, and whether
                more of it would have changed anything.
            freed: Bytes that were idle until the call failed, and are free now.
            others: Whether other calls go on in the same memory.
        """
        rung = self._next(asked, freed, others)
        if rung is not None:
            self.tried = (*self.tried, said(rung, self.economy))
        return rung

    def _next(self, asked: Mapping[Means, bool], freed: int, others: bool) -> Rung | None:
        if not self._evicted:
            self._evicted = True
            if freed > 0:
                return "evict"
        if others and not self._waits:
            self._waits = 1
            return "wait"
        for means in MEANS:
            further = self._further(means, asked.get(means))
            if further is not None:
                self.economy = further
                return means
        if others and self._waits < MAX_WAITS:
            self._waits += 1
            return "wait"
        return None

    def _further(self, means: Means, asked: bool | None) -> Economy | None:
        """The plan with more of one means; None if the node can't use it, or not any more.
        What it did not get to ask for is tried once."""
        now = self.economy
        if means not in self.means or asked is False:
            return None
        if means == "offload":
            return None if now.offload else replace(now, offload=True)
        done, most = (now.tile, MAX_TILE) if means == "tile" else (now.split, MAX_SPLIT)
        if done >= most or (asked is None and done > 1):
            return None
        more = done * 2
        return replace(now, tile=more) if means == "tile" else replace(now, split=more)


_SAID: dict[Rung, str] = {
    "evict": "after freeing what was idle",
    "wait": "once what else was running had ended",
    "offload": "with its models layer by layer",
    "tile": "in tiles of 1/{} of their edge",
    "split": "in batches of 1/{} of their size",
}


def said(rung: Rung, economy: Economy) -> str:
    """A plan in a few words."""
    return _SAID[rung].format(economy.tile if rung == "tile" else economy.split)


def understood(words: str) -> tuple[Rung, int] | None:
    """The plan that ``said`` put into words: what is tried, and the divisor of a tile's edge
    or of a batch, else 1; None if they are others."""
    for rung, template in _SAID.items():
        before, _, after = template.partition("{}")
        if words == template:
            return rung, 1
        divisor = words.removeprefix(before).removesuffix(after)
        if after and divisor.isdecimal() and words == template.format(divisor):
            return rung, int(divisor)
    return None
