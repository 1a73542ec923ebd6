"""What a pack can give the editor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EditorModule:
    """An ES module that the editor loads, for widgets and viewers of the pack's own.

    Files beside it, and in folders there, are served too, so that it can import them.

    Attributes:
        file: The module, ``.js`` or ``.mjs``.
        types: Port types that it shows.
        widgets: Widgets that it brings, as ``widget`` in an input's schema names them.
    """

    file: Path
    types: tuple[str, ...] = ()
    widgets: tuple[str, ...] = ()
