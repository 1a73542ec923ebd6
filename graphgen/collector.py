"""Python's cyclic garbage collector, held back where much is made that stays.

A plan, or a program that loads its modules, makes many objects that hold no cycles. They would
set off scans of everything made so far, which find nothing: twice the time for a plan of
100,000 nodes, a sixth of a short command's.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 5_000
"""Objects whose scan is worth avoiding; a plan has about ten per node."""
STARTING = 100_000
"""New objects that set off a scan while a program starts."""
_USUAL = gc.get_threshold()
_lock = threading.Lock()
_pauses = 0
_was_enabled = False


@contextmanager
def collection_paused() -> Iterator[None]:
    """No cyclic collection in this process while the block lasts; blocks may overlap."""
    global _pauses, _was_enabled
    with _lock:
        if _pauses == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _pauses += 1
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if _pauses == 0 and _was_enabled:
                _promote_young()
                gc.enable()


def collect_seldom() -> None:
    """Hold the collector back while a program starts, until ``collect_as_usual``."""
    gc.set_threshold(STARTING, *_USUAL[1:])


def collect_as_usual() -> None:
    """The program has started: from now on garbage can be large, such as tensors."""
    _promote_young()
    gc.set_threshold(*_USUAL)


def _promote_young() -> None:
    """Count what is new among what is old, unscanned; else the next collections, which
    come at once, would look through all of the plan three times."""
    if gc.get_count()[0] > MANY and not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()
