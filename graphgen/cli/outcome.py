"""What ``graphgen run`` says at the end."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..problems import Problem
from .report import FAILED, INTERRUPTED, Report

if TYPE_CHECKING:
    from ..engine import NodeResult
    from ..outputs import SavedRun


class Ended(Protocol):
    """A run that is over, here or on a server."""

    @property
    def run_id(self) -> str: ...

    @property
    def status(self) -> str: ...

    @property
    def nodes(self) -> Mapping[str, NodeResult]: ...

    @property
    def problems(self) -> Sequence[Problem]: ...

    @property
    def seconds(self) -> float | None:
        """None if it is not known."""


def tell(report: Report, result: Ended, saved: SavedRun, kept_in: str | None) -> int:
    """Say what a run made and what became of it; returns the exit status.

    Args:
        kept_in: Where later runs find what the nodes made; None if nowhere.
    """
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
                    id: {
                        "status": node.status,
                        "seconds": node.seconds,
                        **({"retries": list(node.retries)} if node.retries else {}),
                    }
                    for id, node in result.nodes.items()
                },
                "seconds": result.seconds or 0.0,
                "folder": str(saved.folder) if saved.folder else None,
                "problems": [problem.to_dict() for problem in problems],
            }
        )
    else:
        _tell_people(report, result, status, saved, kept_in, problems)
    return {"succeeded": 0, "cancelled": INTERRUPTED}.get(status, FAILED)


def _tell_people(
    report: Report,
    result: Ended,
    status: str,
    saved: SavedRun,
    kept_in: str | None,
    problems: list[Problem],
) -> None:
    for problem in problems:
        report.problem(problem)
    for id, node in result.nodes.items():
        if node.retries and node.status != "failed":
            report.note(f"{id} ran out of memory, and was run again {', then '.join(node.retries)}")
    done = [id for id, node in result.nodes.items() if node.status == "executed"]
    cached = sum(node.status == "cached" for node in result.nodes.values())
    seconds = result.seconds or 0.0
    report.note(f"{status} in {seconds:.2f} s: {len(done)} nodes computed, {cached} from the cache")
    if status == "cancelled":
        report.note(_kept(done, kept_in))
    plain = [output for output in saved.outputs if output.values is not None]
    for output in plain:
        report.line(f"{output.name}: {_shown(output.values)}")
    for output in [*plain, *(output for output in saved.outputs if output.values is None)]:
        for path in output.paths:
            report.line(str(path))


def _kept(done: list[str], kept_in: str | None) -> str:
    if not done:
        return "no node was done, nothing is kept"
    names = ", ".join(done[:20]) + (" ..." if len(done) > 20 else "")
    if kept_in is None:
        return f"done were {names}; nothing of it is kept (--cache-dir DIR keeps it)"
    return f"kept in {kept_in}: {names}"


def _shown(values: Any) -> str:
    text = values[0] if len(values) == 1 else values
    text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return text if len(text) <= 500 else text[:497] + "..."
