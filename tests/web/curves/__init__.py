"""A pack with an editor module: a widget of stars for a rating, and a viewer of curves."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from graphgen import EditorModule, TypeSpec, hookimpl, node

Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
Rating = Annotated[int, Field(ge=0, le=5, json_schema_extra={"widget": "stars"})]


@dataclass(frozen=True)
class Curve:
    """Heights of a curve, from left to right."""

    heights: tuple[float, ...]


def save_curve(curve: Curve, target) -> None:
    target.path(".json").write_text(json.dumps(curve.heights))


@node("curves/wave", title="Wave")
def wave(rating: Rating = 2, points: Annotated[int, Field(ge=2, le=1000)] = 40) -> Curve:
    """A wave with as many crests as stars."""
    return Curve(tuple(math.sin(math.tau * rating * i / points) for i in range(points)))


@node("curves/dice", title="Dice")
def dice(seed: Seed = 1) -> int:
    """From 1 to 6."""
    return seed % 6 + 1


@hookimpl
def graphgen_types():
    return [TypeSpec(Curve, colour="#c05299", save=save_curve)]


@hookimpl
def graphgen_nodes():
    return [wave, dice]


@hookimpl
def graphgen_editor_modules():
    module = Path(__file__).parent / "curves.js"
    return [EditorModule(module, types=("curve",), widgets=("stars",))]
