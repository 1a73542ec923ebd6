"""What is where, and how often it was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .memory import MemoryTier


@dataclass
class CacheStats:
    """Figures by tier: ``cpu``, ``cuda:0``, ``disk``.

    Attributes:
        hits: Values found there; a tier without any is left out.
        misses: Values found nowhere.
        nbytes: Bytes held.
        entries: Values held.
        budgets: Bytes that may be held.
        evictions: Values for which there was no room any more, or none from the start.
        moves: Values moved, by where from and where to; ``disk`` is a place, too.
    """

    hits: dict[str, int] = field(default_factory=dict)
    misses: int = 0
    nbytes: dict[str, int] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    budgets: dict[str, int] = field(default_factory=dict)
    evictions: dict[str, int] = field(default_factory=dict)
    moves: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, tiers: Iterable[MemoryTier], misses: int, moves: Mapping[tuple[str, str], int]
    ) -> CacheStats:
        stats = cls(misses=misses, moves=dict(moves))
        for tier in tiers:
            stats.add(tier.name, tier.hits, tier.used, tier.count, tier.budget)
            stats.evictions[tier.name] = tier.evictions
        return stats

    def add(self, tier: str, hits: int, nbytes: int, entries: int, budget: int) -> None:
        if hits:
            self.hits[tier] = hits
        self.nbytes[tier], self.entries[tier], self.budgets[tier] = nbytes, entries, budget
