"""What happens on the server, numbered, for any number of watchers.

Events come from the threads that run workflows and are taken over by the event loop. To wake
it for each would cost more than a quick node does: while there are events it looks for more by
itself, every few milliseconds, and only the end of the last run that goes on or waits wakes
it: the end of another is followed by more.

The feed keeps the latest of them, so that a watcher only has to remember how far it has read:
one that reconnects goes on from there, and one that is slow costs no memory. Key events are
kept longest. Progress and previews are loose: a watcher that has fallen behind gets the latest
of each node.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import merge
from typing import Any

from ..runs import QueueChanged, RunEnded, RunQueued
from .frames import Frame, frames_of
from .threads import Mailbox

log = logging.getLogger(__name__)
KEY_FRAMES = 20_000
LOOSE_FRAMES = 400
BEHIND = 40
"""Loose frames that a watcher may have before it; of more it gets only the latest."""
LOOK_SECONDS = 0.003
"""How long an event may wait while others come."""
CHUNK_BYTES = 256 << 10
"""What is handed to a watcher at once, unless a single frame has more."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames that a watcher is to send next, and how far it has read then."""

    data: bytes
    cursor: int


class Feed:
    """Numbers events and keeps the latest. ``publish`` is for any thread, all else for the
    thread of the event loop.

    Args:
        key_frames: Key events that are kept.
        loose_frames: Progress events and previews that are kept.

    Attributes:
        epoch: Names this life of the server; numbers of another one mean nothing here.
        mailbox: Brings events to the event loop; opened by the server.
        seq: Number of the last event.
    """

    def __init__(self, key_frames: int = KEY_FRAMES, loose_frames: int = LOOSE_FRAMES) -> None:
        self.epoch = secrets.token_hex(8)
        self.seq = 0
        self._key_frames = key_frames
        self._loose_frames = loose_frames
        self._keys: deque[Frame] = deque()
        self._loose: deque[Frame] = deque()
        self._lost = 0  # number of the last key event that is no longer kept
        self.mailbox = Mailbox()
        self._inbox: deque[Any] = deque()
        self._called = False
        self._looks = False
        self._active = 0  # runs that wait or go on; told in the queue's lock
        self._watchers: set[Callable[[], None]] = set()
        self._observers: list[Callable[[Any], None]] = []
        self._last: tuple[int, int, Chunk | None] = (-1, -1, None)

    def observe(self, observer: Callable[[Any], None]) -> None:
        """Tell every event to a function as well, in the thread of the event loop."""
        self._observers.append(observer)

    def publish(self, event: Any) -> None:
        """Add an event; costs its thread next to nothing."""
        self._inbox.append(event)
        kind = type(event)
        if kind is RunQueued:
            self._active += 1
        elif kind is RunEnded:
            self._active -= 1
        elif kind is QueueChanged:
            self._active = len(event.queued) + len(event.running)
        last = kind is RunEnded and self._active <= 0
        if not self._called and (last or not self._looks):
            self._called = True
            self.mailbox.post(self._take)

    @contextmanager
    def watch(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call a function whenever there is something new, as long as the block lasts."""
        self._watchers.add(tell)
        try:
            yield
        finally:
            self._watchers.discard(tell)

    def reaches(self, cursor: int) -> bool:
        """Whether every key event after a number is still kept."""
        return self._lost <= cursor <= self.seq

    def after(self, cursor: int) -> Chunk | None:
        """The next frames after a number, or None if there are none."""
        if cursor == self.seq:
            return None
        if self._last[:2] == (cursor, self.seq):  # watchers that keep up share their chunk
            return self._last[2]
        frames = [*merge(_newer(self._keys, cursor), self._loose_after(cursor), key=_seq)]
        parts, size = [], 0
        end = self.seq
        for frame in frames:
            if size and size + len(frame.data) > CHUNK_BYTES:
                end = frame.seq - 1
                break
            parts.append(frame.data)
            size += len(frame.data)
        chunk = Chunk(b"".join(parts), end)
        self._last = (cursor, self.seq, chunk)
        return chunk

    def _loose_after(self, cursor: int) -> list[Frame]:
        frames = _newer(self._loose, cursor)
        if len(frames) <= BEHIND:
            return frames
        latest = {frame.loose: frame for frame in frames}
        return sorted(latest.values(), key=_seq)

    def catch_up(self) -> None:
        """Take over what was published so far, such as that a run was just accepted."""
        if self._inbox:
            self._take()

    def _take(self) -> None:
        """Number what has come in. First the mark goes, then the events: one that comes in
        between is either taken now or calls again."""
        self._called = False
        if not self._inbox:
            return
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        taken = []
        while self._inbox:
            event = self._inbox.popleft()
            taken.append(event)
            for make, loose in frames_of(event):
                self.seq += 1
                (self._keys if loose is None else self._loose).append(Frame(self.seq, make, loose))
        while len(self._keys) > self._key_frames:
            self._lost = self._keys.popleft().seq
        while len(self._loose) > self._loose_frames:
            self._loose.popleft()
        for tell in list(self._watchers):
            tell()
        for event in taken:  # after those who wait for it on the other side of the network
            for observer in self._observers:
                try:
                    observer(event)
                except Exception:
                    log.exception("an observer of the feed failed")

    def _look(self) -> None:
        self._looks = False
        self._take()


def _newer(frames: deque[Frame], cursor: int) -> list[Frame]:
    found = []
    for frame in reversed(frames):
        if frame.seq <= cursor:
            break
        found.append(frame)
    found.reverse()
    return found


def _seq(frame: Frame) -> int:
    return frame.seq
