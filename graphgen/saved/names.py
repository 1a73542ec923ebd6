"""Which names a saved workflow may have: those that every file system takes as they are."""

from __future__ import annotations

import re
import unicodedata

from ..problems import InvalidWorkflow, Problem

MAX_CHARACTERS = 100
MAX_BYTES = 200
"""In UTF-8; a file name has at most 255, and some are for endings."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_PUNCTUATION = frozenset(" ._-")


def check_name(name: str) -> str:
    """The name in its one spelling (Unicode NFC).

    Raises:
        InvalidWorkflow: It is no name for a file.
    """
    text = unicodedata.normalize("NFC", name) if isinstance(name, str) else ""
    wrong = _wrong(text)
    if wrong is None:
        return text
    shown = repr(name) if len(repr(name)) <= 80 else f"{repr(name)[:77]}..."
    raise InvalidWorkflow(
        Problem(
            "invalid_name",
            f"{shown} is no name for a workflow: {wrong}",
            hint=f"1 to {MAX_CHARACTERS} letters, digits, spaces and ._-",
        )
    )


def is_name(name: str) -> bool:
    """Whether a name is one, in its one spelling."""
    return not _wrong(name) and unicodedata.is_normalized("NFC", name)


def _wrong(name: str) -> str | None:
    if not name:
        return "it is empty"
    if len(name) > MAX_CHARACTERS or len(name.encode("utf-8", "replace")) > MAX_BYTES:
        return "it is too long"
    for character in name:
        # Letters, their marks, and digits of any script.
        if character not in _PUNCTUATION and unicodedata.category(character)[0] not in "LMN":
            return f"it has {character!r} in it"
    if name[0] in ". " or name[-1] in ". ":
        return "it begins or ends with a dot or a space"
    if _RESERVED.fullmatch(name):
        return "Windows reserves it"
    return None
