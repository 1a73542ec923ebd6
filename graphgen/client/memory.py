"""What a server keeps where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engine.memory import DeviceUse, MemoryUse, Moves, TierUse
from ..models.statistics import ModelWeights


def memory_of(content: Mapping[str, Any]) -> MemoryUse:
    """An answer of ``/api/memory``."""
    return MemoryUse(
        tuple(
            TierUse(
                each["name"],
                each["bytes"],
                each["budget"],
                each["entries"],
                each["hits"],
                each["evictions"],
            )
            for each in content["tiers"]
        ),
        content["misses"],
        tuple(Moves(each["source"], each["target"], each["count"]) for each in content["moves"]),
        tuple(
            DeviceUse(
                each["name"],
                each["free"],
                each["total"],
                each["weights"],
                each["weights_budget"],
            )
            for each in content["devices"]
        ),
        tuple(
            ModelWeights(
                each["name"],
                each["loader"],
                each["device"],
                each["dtype"],
                each["bytes"],
                each["mapped"],
                each["users"],
                each["hits"],
                each["offloaded"],
            )
            for each in content["models"]
        ),
    )
