"""What an engine keeps where: outputs in the tiers of its cache, weights in its pool."""

from __future__ import annotations

from dataclasses import dataclass

from .. import devices
from ..cache import Cache
from ..models.pool import ModelPool
from ..models.statistics import ModelWeights


@dataclass(frozen=True)
class TierUse:
    """A tier of the cache.

    Attributes:
        name: Its device, such as ``cpu`` or ``cuda:0``, or ``disk``.
        nbytes: Bytes that it holds.
        budget: Bytes that it may hold.
        entries: Outputs of nodes, and copies of them, that it holds.
        hits: How often something was found there.
        evictions: How often something had to leave for want of room.
    """

    name: str
    nbytes: int
    budget: int
    entries: int
    hits: int
    evictions: int


@dataclass(frozen=True)
class Moves:
    """How many values went from one tier to another."""

    source: str
    target: str
    count: int


@dataclass(frozen=True)
class DeviceUse:
    """A device that is in use.

    Attributes:
        free: Bytes that anybody could have.
        total: Bytes that it has; 0 if it can't tell.
        weights: Bytes of the models that are loaded there.
        weights_budget: Bytes that idle models may keep there; None for no limit.
    """

    name: str
    free: int
    total: int
    weights: int
    weights_budget: int | None


@dataclass(frozen=True)
class MemoryUse:
    """The whole of it.

    Attributes:
        tiers: Of the cache, the host's first and the disk's last.
        misses: How often an output was found in none of them.
        models: Those that are loaded, the least recently used first.
    """

    tiers: tuple[TierUse, ...]
    misses: int
    moves: tuple[Moves, ...]
    devices: tuple[DeviceUse, ...]
    models: tuple[ModelWeights, ...]


def memory_use(cache: Cache, pool: ModelPool) -> MemoryUse:
    """What is where now. Looks at every file of the disk tier."""
    kept, weights = cache.stats(), pool.statistics()
    tiers = tuple(
        TierUse(
            name,
            nbytes,
            kept.budgets[name],
            kept.entries[name],
            kept.hits.get(name, 0),
            kept.evictions.get(name, 0),
        )
        for name, nbytes in kept.nbytes.items()
    )
    # A device without anything on it may not be awake, and asking it would wake it.
    used = {tier.name for tier in tiers if tier.nbytes} | weights.devices.keys()
    used -= {devices.HOST, "disk"}
    told = []
    for name in (devices.HOST, *sorted(used)):
        there = weights.devices.get(name)
        told.append(
            DeviceUse(
                name,
                *devices.free_and_total(name),
                there.nbytes if there is not None else 0,
                there.budget if there is not None else None,
            )
        )
    moves = tuple(Moves(*way, count) for way, count in sorted(kept.moves.items()))
    return MemoryUse(tiers, kept.misses, moves, tuple(told), weights.models)
