"""Content hashes of large files, remembered between processes: a checkpoint of some
gigabytes is not read again by every ``graphgen run``, only for its key."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from pathlib import Path

from .workspace import atomic_file

LARGE = 1 << 20
"""Bytes of a file from which on it is worth it."""
SETTLED_SECONDS = 2.0
"""What was written so shortly before may be written once more without its times showing it."""
LIMIT = 4096

Identity = tuple[str, int, int, int, int]
"""Path, size, mtime and ctime in nanoseconds, inode."""


class DigestMemory:
    """Digests by the identity of the file, in a JSON file; shared by threads.

    Processes may share the file, too: who writes last wins, and what got lost is only read
    again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._entries: dict[str, str] | None = None

    def get(self, identity: Identity) -> str | None:
        with self._lock:
            return self._read().get(_key(identity))

    def put(self, identity: Identity, digest: str) -> None:
        """Remember a digest, unless the file is small or was changed only just now."""
        _, size, mtime_ns, ctime_ns, _ = identity
        settled = time.time() - max(mtime_ns, ctime_ns) / 1e9 > SETTLED_SECONDS
        if size < LARGE or not settled:
            return
        with self._lock:
            entries = self._read()
            entries.pop(_key(identity), None)
            entries[_key(identity)] = digest
            while len(entries) > LIMIT:
                del entries[next(iter(entries))]
            with suppress(OSError), atomic_file(self.path) as temporary:
                temporary.write_text(json.dumps(entries), encoding="utf-8")

    def _read(self) -> dict[str, str]:
        if self._entries is None:
            self._entries = {}
            with suppress(OSError, ValueError):  # not there yet, or damaged
                found = json.loads(self.path.read_text(encoding="utf-8"))
                if isinstance(found, dict):
                    self._entries = {k: v for k, v in found.items() if isinstance(v, str)}
        return self._entries


def _key(identity: Identity) -> str:
    return json.dumps(identity)
