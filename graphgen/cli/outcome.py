"""What ``graphgen run`` says at the end."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..problems import Problem
from .report import FAILED, INTERRUPTED, Report

if TYPE_CHECKING:
    from ..engine import RunResult
    from ..outputs import SavedRun


def tell(report: Report, result: RunResult, saved: SavedRun, cache_dir: Path | None) -> int:
    """Say what a run made and what became of it; returns the exit status."""
    problems = [*result.problems, *saved.problems]
    status = "failed" if problems and result.status == "succeeded" else result.status
    for error in saved.errors:
        if error.__cause__ is not None:
            report.trace("".join(traceback.format_exception(error.__cause__)))
    if report.as_json:
        report.object(
            {
                "run_id": result.run_id,
                "status": status,
                "outputs": {
                    output.name: output.values
                    if output.values is not None
                    else [str(path) for path in output.paths]
                    for output in saved.outputs
                },
                "nodes": {
                    id: {"status": node.status, "seconds": node.seconds}
                    for id, node in result.nodes.items()
                },
                "seconds": result.seconds,
                "folder": str(saved.folder) if saved.folder else None,
                "problems": [problem.to_dict() for problem in problems],
            }
        )
    else:
        _tell_people(report, result, status, saved, cache_dir, problems)
    return {"succeeded": 0, "cancelled": INTERRUPTED}.get(status, FAILED)


def _tell_people(
    report: Report,
    result: RunResult,
    status: str,
    saved: SavedRun,
    cache_dir: Path | None,
    problems: list[Problem],
) -> None:
    for problem in problems:
        report.problem(problem)
    done = [id for id, node in result.nodes.items() if node.status == "executed"]
    cached = sum(node.status == "cached" for node in result.nodes.values())
    report.note(
        f"{status} in {result.seconds:.2f} s: {len(done)} nodes computed, {cached} from the cache"
    )
    if status == "cancelled":
        report.note(_kept(done, cache_dir))
    plain = [output for output in saved.outputs if output.values is not None]
    for output in plain:
        report.line(f"{output.name}: {_shown(output.values)}")
    for output in [*plain, *(output for output in saved.outputs if output.values is None)]:
        for path in output.paths:
            report.line(str(path))


def _kept(done: list[str], cache_dir: Path | None) -> str:
    if not done:
        return "no node was done, nothing is kept"
    names = ", ".join(done[:20]) + (" ..." if len(done) > 20 else "")
    if cache_dir is None:
        return f"done were {names}; nothing of it is kept (--cache-dir DIR keeps it)"
    return f"kept in {cache_dir}: {names}"


def _shown(values: Any) -> str:
    text = values[0] if len(values) == 1 else values
    text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return text if len(text) <= 500 else text[:497] + "..."
