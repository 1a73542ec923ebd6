"""The catalogue: what nodes, types and packs there are. It changes only when packs are loaded
again, so it is written once."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..types import ANY, PLAIN_TYPES, Types
from .answers import json_bytes

if TYPE_CHECKING:
    from ..engine import Engine
    from ..problems import Problem

PLAIN = {  # colour and description of the types that no pack brings
    "any": ("#9aa0a6", "Any value."),
    "bool": ("#e0719e", "True or false."),
    "dict": ("#b08968", "Named values."),
    "float": ("#7fb069", "A number."),
    "int": ("#4f9d8f", "A whole number."),
    "str": ("#d9a441", "Text."),
}


@dataclass(frozen=True)
class Page:
    """JSON that stays the same: as it is, compressed, and its ETag."""

    data: bytes
    zipped: bytes
    etag: str

    @classmethod
    def of(cls, value: Any) -> Page:
        data = json_bytes(value)
        digest = hashlib.sha256(data).hexdigest()[:24]
        return cls(data, gzip.compress(data, 6, mtime=0), f'"{digest}"')


class Catalogue:
    """Nodes, types and packs. For any thread.

    Args:
        problems: Gives, by pack, what is wrong with it besides that it was left out.
    """

    def __init__(self, engine: Engine, problems: Callable[[], Mapping[str, Problem]]) -> None:
        self._engine = engine
        self._problems = problems
        self._page: Page | None = None
        self._lock = threading.Lock()

    def page(self) -> Page:
        """Made when it is first asked for."""
        with self._lock:
            if self._page is None:
                self._page = Page.of(self._content())
            return self._page

    def refresh(self) -> None:
        """Write it anew when it is next asked for."""
        with self._lock:
            self._page = None

    def packs(self) -> list[dict[str, Any]]:
        """Every pack that was found, with what is wrong with it."""
        problems = self._problems()
        listed = []
        for pack in self._engine.plugins.packs:
            entry = {**pack.to_dict(), "traceback": pack.traceback or None}
            other = problems.get(pack.name)
            if pack.in_use and other is not None:
                entry["problem"] = other.to_dict()
            listed.append(entry)
        return listed

    def _content(self) -> dict[str, Any]:
        registry = self._engine.registry
        packs = [
            {key: pack[key] for key in ("name", "version", "source", "state", "problem")}
            for pack in self.packs()
        ]
        return {
            "nodes": [
                {**registry.nodes[id].to_dict(), "pack": registry.pack_of.get(id, "")}
                for id in sorted(registry.nodes)
            ],
            "types": types_list(registry.types),
            "packs": packs,
        }


def types_list(types: Types) -> list[dict[str, Any]]:
    """Every port type: those of plain data, then those of packs."""
    plain = [ANY, *PLAIN_TYPES.values()]
    entries = [
        {
            "name": name,
            "colour": PLAIN[name][0],
            "description": PLAIN[name][1],
            "converts_to": types.converts_to(name),
            "has_preview": False,
            "loads_from_file": False,
            "suffixes": [],
            "folders": False,
        }
        for name in plain
    ]
    return entries + [
        {
            "name": spec.name,
            "colour": spec.colour,
            "description": spec.description,
            "converts_to": types.converts_to(spec.name),
            "has_preview": spec.preview is not None,
            "loads_from_file": spec.load is not None,
            "suffixes": list(spec.suffixes),
            "folders": spec.folders,
        }
        for spec in types.by_name.values()
    ]
