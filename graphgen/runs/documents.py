"""The workflows of runs as they are stored: equal ones once, by the hash of their text."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import NamedTuple

from ..workflow import Workflow
from .compact import to_text

KEPT_BYTES = 4 << 20
KEPT_COUNT = 1000


class Document(NamedTuple):
    """A workflow and its stored form."""

    key: bytes
    text: str
    workflow: Workflow

    @classmethod
    def of(cls, workflow: Workflow) -> Document:
        text = to_text(workflow.to_dict())
        return cls(hashlib.blake2b(text.encode(), digest_size=16).digest(), text, workflow)


class RecentDocuments:
    """The documents that were stored or read last, so that most runs need not read theirs.

    A workflow takes about twenty times the memory of its text, of which ``KEPT_BYTES`` are
    kept; the last one is kept whatever its size.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[Workflow, int]] = OrderedDict()
        self._bytes = 0

    def __contains__(self, key: bytes) -> bool:
        return key in self._kept

    def get(self, key: bytes) -> Workflow | None:
        found = self._kept.get(key)
        return None if found is None else found[0]

    def add(self, document: Document) -> None:
        with self._lock:
            if document.key in self._kept:
                self._kept.move_to_end(document.key)
                return
            self._kept[document.key] = (document.workflow, len(document.text))
            self._bytes += len(document.text)
            while len(self._kept) > 1 and (
                self._bytes > KEPT_BYTES or len(self._kept) > KEPT_COUNT
            ):
                _, (_, size) = self._kept.popitem(last=False)
                self._bytes -= size
