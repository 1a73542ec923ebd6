"""The workflows of runs as they are stored: equal ones once, by the hash of their text."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from ..workflow import Workflow
from .compact import to_text


class Document(NamedTuple):
    """A workflow and its stored form."""

    key: bytes
    text: str
    workflow: Workflow

    @classmethod
    def of(cls, workflow: Workflow) -> Document:
        text = to_text(workflow.to_dict())
        return cls(hashlib.blake2b(text.encode(), digest_size=16).digest(), text, workflow)
