"""``graphgen validate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import (
    DebugOption,
    JsonOption,
    ModelsOption,
    PackOptions,
    SetOption,
    WorkflowArgument,
    WorkspaceOption,
)
from .report import INVALID, Report

if TYPE_CHECKING:
    from ..engine import Engine
    from ..problems import Problem
    from ..workflow import Workflow

EPILOG = """\b
Examples:
  graphgen validate text_to_image.json
  graphgen validate text_to_image.json --set steps=5000
  graphgen validate picture.png --json
"""


def validate(
    workflow: WorkflowArgument,
    settings: SetOption = None,
    workspace: WorkspaceOption = None,
    models: ModelsOption = None,
    *,
    packs: PackOptions,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Check a workflow; show its inputs and outputs.

    Nothing is run. Every problem is reported at once, with the node and the input it
    concerns. With --json the inputs and outputs are JSON Schemas.
    """
    from ..inputs import read_settings
    from ..signature import input_schema, output_schema
    from .session import open_engine, open_workflow

    report = Report(as_json, debug)
    engine = open_engine(report, workspace, models, **packs)
    document, path = open_workflow(workflow, engine)

    def name_of(path: Path) -> str:
        engine.environment.files.allow(path)
        return str(path.resolve())

    saved = engine.saved_workflow
    values = read_settings(settings or [], document, engine.registry, name_of, saved)
    problems = _problems(engine, document, values)
    inputs = input_schema(document, engine.registry, saved)
    outputs = output_schema(document, engine.registry, saved)
    if as_json:
        report.object(
            {
                "status": "invalid" if problems else "valid",
                "problems": [problem.to_dict() for problem in problems],
                "inputs": inputs,
                "outputs": outputs,
            }
        )
    elif problems:
        report.problems(problems, "invalid")
        report.note(f"{path} has {len(problems)} problem{'s' * (len(problems) > 1)}")
    else:
        report.line(f"{path} is valid: {len(document.nodes)} nodes")
        _show(report, "inputs", inputs)
        _show(report, "outputs", outputs)
    return INVALID if problems else 0


def _problems(engine: Engine, document: Workflow, values: dict[str, Any]) -> list[Problem]:
    """What is wrong; an input that only a run has to give is not."""
    from ..engine.targets import input_targets

    found = engine.validate(document.with_inputs(values))
    targets = input_targets(document, engine.registry, engine.saved_workflow)
    left_open = {
        (target.node, target.port.name)
        for name, fed in targets.items()
        if name not in values
        for target in fed
    }
    return [
        problem
        for problem in found
        if problem.code != "missing_input" or (problem.node, problem.port) not in left_open
    ]


def _show(report: Report, title: str, schema: dict[str, Any]) -> None:
    from .tables import columns, limits

    rows = []
    for name, entry in schema["properties"].items():
        needed = "required" if name in schema.get("required", ()) else ""
        default = f"= {entry['default']!r}" if "default" in entry else needed
        about = " ".join(filter(None, [entry.get("description", ""), limits(entry)]))
        rows.append([f"  {name}", entry.get("portType", ""), default, about])
    if rows:
        report.line(f"\n{title}")
        for line in columns(rows):
            report.line(line)
