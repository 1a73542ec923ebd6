"""Write what the editor's tests take from the real engine.

    python web/scripts/fixtures.py

``catalogue.json`` is the catalogue of the shipped packs, as ``GET /api/nodes`` answers.
``compatible.json`` is a table of links and how each fits, by ``graphgen.types.compatible``;
the editor's own ``compatible`` is tested against it, and ``tests/web`` tests that Python
still says the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from graphgen import Engine, TypeSpec
from graphgen.server.catalogue import types_list
from graphgen.types import TypeExpr, Types, compatible

TESTING = Path(__file__).parents[1] / "src" / "testing"


@dataclass(frozen=True)
class Image:
    """A picture."""


@dataclass(frozen=True)
class Mask:
    """A mask, which turns into a picture."""


@dataclass(frozen=True)
class Volume:
    """A volume, which turns into nothing."""


NAMES = ["any", "bool", "int", "float", "str", "dict", "image", "mask", "volume"]
UNIONS = [("int", "str"), ("image", "mask"), ("volume", "any"), ("float", "volume")]


def table_types() -> Types:
    conversions = {Image: lambda mask: Image()}
    return Types([TypeSpec(Image), TypeSpec(Mask, conversions=conversions), TypeSpec(Volume)])


def catalogue() -> dict[str, Any]:
    engine = Engine(third_party=False)
    registry = engine.registry
    nodes = sorted(registry.nodes.values(), key=lambda spec: (spec.category, spec.id))
    return {
        "nodes": [{**spec.to_dict(), "pack": registry.pack_of[spec.id]} for spec in nodes],
        "types": [
            entry for entry in types_list(registry.types) if entry["name"] in registry.types.by_name
        ],
        "packs": [
            {
                "name": pack.name,
                "version": pack.version,
                "source": pack.source,
                "problem": pack.problem.to_dict() if pack.problem else None,
            }
            for pack in engine.plugins.packs
            if pack.origin == "shipped"  # others may be installed here, too
        ],
    }


def compatible_table() -> dict[str, Any]:
    types = table_types()
    singles = [(name,) for name in NAMES]
    expressions = [TypeExpr(names, depth) for names in [*singles, *UNIONS] for depth in range(3)]
    rows = []
    for source, target in product(expressions, expressions):
        fit = compatible(source, target, types)
        rows.append([str(source), str(target), fit.value if fit else None])
    return {
        "converts_to": {name: types.converts_to(name) for name in NAMES},
        "expressions": {str(expression): expression.to_dict() for expression in expressions},
        "rows": rows,
    }


def write(name: str, data: Any, indent: int | None) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    (TESTING / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write("catalogue.json", catalogue(), 1)
    table = compatible_table()
    rows = ",\n  ".join(json.dumps(row) for row in table.pop("rows"))
    head = json.dumps(table, indent=1)[:-2]
    (TESTING / "compatible.json").write_text(f'{head},\n "rows": [\n  {rows}\n ]\n}}\n')
