"""What is said of files that do not hold the network, or the tokenizer, that they should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphgen import NodeError


def missing_tensors(names: Any) -> str:
    """A word on tensors that are not there."""
    ordered = sorted(names)
    return f"it lacks {len(ordered)} tensors, such as {ordered[0]}"


def misfit(path: Path, cls: Any, why: str) -> NodeError:
    """The error for files that do not hold the network that they should."""
    return NodeError(
        f"{path} can't be loaded as a {cls.__name__}: {why}",
        hint="the file is damaged, or not what its configuration says",
        code="damaged_model",
    )


def first_line(error: Exception) -> str:
    """The first line of an error's text."""
    return str(error).strip().split("\n", 1)[0] or type(error).__name__
