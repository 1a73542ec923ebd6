"""Submissions that come again: under one key there is one run, however often it is sent."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from ..problems import InvalidWorkflow, Problem
from .database import Statement
from .store import RunStore

KEPT_SECONDS = 24 * 3600.0
_LOCKS = 64


class Key(NamedTuple):
    """What a submission is known by when it comes again.

    Attributes:
        name: Chosen by the one who submits, unlike that of any other submission.
        request: Digest of what is submitted, which the same name must not stand for twice.
    """

    name: str
    request: bytes


class Repeats:
    """The keys of the last day, in the store of the runs."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def alone(self, key: Key) -> threading.Lock:
        """To hold while a run is looked for and submitted: the same comes twice at once when
        a client does not wait for the answer."""
        return self._locks[hash(key.name) % _LOCKS]

    def noted(self, key: Key, run_id: str) -> list[Statement]:
        """What to write with a run; the keys of earlier days go."""
        now = time.time()
        return [
            Statement("DELETE FROM keys WHERE created < ?", (now - KEPT_SECONDS,)),
            Statement(
                "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?)",
                (key.name, key.request, run_id, now),
            ),
        ]

    def run_of(self, key: Key) -> str | None:
        """Id of the run that was submitted under the key, if there is one.

        Raises:
            InvalidWorkflow: It was another submission.
        """
        found = self._store.key(key.name, time.time() - KEPT_SECONDS)
        if found is None:
            return None
        run_id, request = found
        if request != key.request:
            raise InvalidWorkflow(
                Problem(
                    "key_reused",
                    f"something else was submitted under the key {key.name[:80]!r}",
                    hint="every submission needs a key of its own, such as a random UUID",
                )
            )
        return run_id
