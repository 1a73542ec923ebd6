"""Nodes that tests of the server steer: one that waits, one that shows previews."""

from __future__ import annotations

import threading

from graphgen import Context, node

GATE = threading.Event()
ENTERED = threading.Event()
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)


@node("test/wait", title="Wait", volatile=True)
def wait(value: int = 0, *, ctx: Context) -> int:
    """Wait until the test opens the gate, or the run is cancelled."""
    ENTERED.set()
    while not GATE.wait(0.005):
        ctx.check_cancelled()
    return value


@node("test/steps", title="Steps", volatile=True)
def steps(count: int = 5, size: int = 0, *, ctx: Context) -> int:
    """Report progress with previews of a given size in bytes."""
    for step in range(1, count + 1):
        ctx.progress(step, count, lambda: PNG + bytes(size))
    return count


@node("test/repeat", title="Repeat")
def repeat(text: str, count: int = 1) -> list[str]:
    """Give a text several times."""
    return [text] * count


STEERED = (wait, steps, repeat)
