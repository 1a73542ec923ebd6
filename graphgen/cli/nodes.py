"""``graphgen nodes``."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from ..problems import InvalidWorkflow, Problem
from .options import DebugOption, JsonOption, PackOptions, WorkspaceOption
from .report import Report

if TYPE_CHECKING:
    from ..node import NodeSpec
    from ..registry import Registry

EPILOG = """\b
Examples:
  graphgen nodes                     every node that the installed packs bring
  graphgen nodes image               those of one category
  graphgen nodes diffusion/sample    what a node takes, gives and does
  graphgen plugins list --debug      with the traceback of packs that failed to load
"""


def nodes(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NODE|CATEGORY]", show_default=False, help="What to show; all if not given."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    *,
    packs: PackOptions,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """List node types, or show what one takes and gives.

    With --json: the catalogue, with the JSON Schema of every input, and the packs.
    """
    from .session import open_engine

    report = Report(as_json, debug)
    engine = open_engine(report, workspace, None, **packs)
    specs = _chosen(engine.registry, name)
    if as_json:
        report.object(
            {
                "nodes": [
                    {**spec.to_dict(), "pack": engine.registry.pack_of[spec.id]} for spec in specs
                ],
                "packs": [pack.to_dict() for pack in engine.plugins.packs],
            }
        )
    elif len(specs) == 1 and specs[0].id == name:
        _show(report, specs[0], engine.registry.pack_of[specs[0].id])
    else:
        _list(report, specs)
    return 0


def _chosen(registry: Registry, name: str | None) -> list[NodeSpec]:
    everything = sorted(registry.nodes.values(), key=lambda spec: (spec.category, spec.id))
    if name is None:
        return everything
    category = name.rstrip("/") + "/"
    chosen = [spec for spec in everything if spec.id == name or spec.id.startswith(category)]
    if not chosen:
        near = registry.nearest(name)
        categories = ", ".join(dict.fromkeys(spec.category for spec in everything))
        hint = f"did you mean {' or '.join(near)}?" if near else f"categories: {categories}"
        raise InvalidWorkflow(
            Problem("unknown_node_type", f"no pack brings a node or category {name!r}", hint=hint)
        )
    return chosen


def _list(report: Report, specs: list[NodeSpec]) -> None:
    from .tables import columns

    for category, members in groupby(specs, lambda spec: spec.category):
        report.line(category)
        rows = [[f"  {spec.id}", spec.title, _summary(spec.description)] for spec in members]
        for line in columns(rows):
            report.line(line)
        report.line("")


def _show(report: Report, spec: NodeSpec, pack: str) -> None:
    from .tables import columns, limits

    report.line(f"{spec.id}: {spec.title} (version {spec.version}, pack {pack})")
    report.line("")
    report.line(_plain(spec.description))
    inputs = []
    for name, port in spec.inputs.items():
        schema = port.schema()
        default = "required" if port.required else f"= {port.default!r}"
        about = " ".join(filter(None, [port.description, limits(schema)]))
        inputs.append([f"  {name}", str(port.type), default, about])
    outputs = [
        [f"  {name}", str(port.type), port.description] for name, port in spec.outputs.items()
    ]
    for title, rows in (("inputs", inputs), ("outputs", outputs)):
        if rows:
            report.line(f"\n{title}")
            for line in columns(rows):
                report.line(line)


def _summary(text: str) -> str:
    """The first sentence of a description."""
    sentence = " ".join(text.split("\n\n", 1)[0].split()).split(". ", 1)[0]
    return _plain(sentence.rstrip(".") + ".")


def _plain(text: str) -> str:
    return text.replace("``", "")
