"""An installed pack of nodes that take their time; they leave a trace in the workspace."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from graphgen import Context, hookimpl, node


def _trace(name: str) -> None:
    path = Path(os.environ["GRAPHGEN_WORKSPACE"]) / name
    path.write_text(str(int(path.read_text()) + 1 if path.exists() else 1))


@node("steer/count", title="Count")
def count(name: str) -> str:
    """Count how often it was computed, in a file; slow enough for the disk cache."""
    _trace(name)
    time.sleep(0.05)
    return name


@node("steer/nap", title="Nap")
def nap(after: Any, seconds: float, *, ctx: Context) -> float:
    """Sleep, unless the run is cancelled."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ctx.check_cancelled()
        time.sleep(0.01)
    return seconds


@node("steer/stubborn", title="Stubborn")
def stubborn(seconds: float) -> float:
    """Sleep, whatever happens."""
    _trace("stubborn")
    time.sleep(seconds)
    return seconds


@hookimpl
def graphgen_nodes():
    return [count, nap, stubborn]
