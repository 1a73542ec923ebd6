"""Runs that only save what lies on disk already: without torch, which takes seconds to load."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from ..cache import Cache
from ..cache.store import Values
from ..collector import collection_paused
from .ledger import Ledger


def found_at_rest(ledger: Ledger, cache: Cache, wanted: Iterable[int]) -> dict[int, Values] | None:
    """The outputs of all steps that are wanted from the disk cache, with NumPy arrays for
    tensors; None if one is not there, or if torch is loaded anyway."""
    places = list(dict.fromkeys(wanted))
    keys = [key for at in places if (key := ledger.steps[at].key) is not None]
    if "torch" in sys.modules or len(keys) < len(places):
        return None
    with collection_paused():  # NumPy is loaded
        found = cache.at_rest(keys)
    return None if found is None else dict(zip(places, found, strict=True))
