"""Waiting for messages in a thread that signals interrupt."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TypeVar

GLANCE_SECONDS = 0.2

T = TypeVar("T")


def next_of(queue: SimpleQueue[T]) -> T:
    """The next message of a queue.

    A signal that comes just before a thread falls asleep on a lock does not wake it, nor does
    one on Windows at any time, and its handler would run after the next message only. So the
    wait is short, and begun again.
    """
    while True:
        try:
            return queue.get(timeout=GLANCE_SECONDS)
        except Empty:
            continue
