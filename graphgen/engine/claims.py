"""The cache keys that one run computes for, and the steps whose outputs no key stands for."""

from __future__ import annotations

import logging
from dataclasses import replace

from ..cache import Cache
from ..cache.store import Values
from .arrive import all_made
from .ledger import Ledger
from .step import Step

_log = logging.getLogger("graphgen")


class Claims:
    """See the module.

    Whoever claims a key must settle it or give it back, or other runs wait for ever.

    Attributes:
        held: Indexes of the steps whose keys this run has claimed.
        tainted: Indexes of the steps into whose outputs went something that no key knows of.
    """

    def __init__(self, cache: Cache, ledger: Ledger) -> None:
        self.held: set[int] = set()
        self.tainted: set[int] = set()
        self._cache = cache
        self._ledger = ledger

    def settle(self, at: int, step: Step, values: Values) -> None:
        """Keep what a step made, if its key is claimed."""
        if at not in self.held:
            return
        self.held.discard(at)
        key = step.key
        assert key is not None
        try:
            if all_made(values):
                self._cache.settle(key, values, self._ledger.seconds[at], step.spec.id)
                return
        except Exception:  # a value that can't be measured or moved is used, not kept
            _log.exception("the outputs of %s could not be cached", step.id)
        self._cache.abandon(key)

    def give_back(self, at: int) -> None:
        """The step made nothing: others may compute it."""
        if at in self.held:
            self.held.discard(at)
            self._cache.abandon(self._ledger.steps[at].key)  # type: ignore[arg-type]

    def give_all_back(self) -> None:
        for at in list(self.held):
            self.give_back(at)

    def taint(self, at: int) -> Step:
        """Take a step's key away: something that no key knows of went into its outputs.
        Nothing that is made from them may be kept under a key either."""
        self.give_back(at)
        self.tainted.add(at)
        steps = self._ledger.steps
        step = steps[at]
        linked = [port for port, _, _ in step.direct] + [link.port for link in step.links]
        encoded = {**step.encoded, **dict.fromkeys(linked)}
        steps[at] = tainted = replace(step, key=None, encoded=encoded)
        return tainted

    def passed_on(self, at: int, step: Step) -> Step:
        """The step, tainted if one that it takes something from is."""
        if not self.tainted.isdisjoint(step.sources(lazy=True)):
            return self.taint(at)
        return step
