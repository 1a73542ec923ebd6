"""What a submitted run must be, and the record that it gets."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..engine import Engine
from ..engine.engine import new_run_id
from ..keep import InputKeeper, self_contained
from ..needs import with_packs
from ..outputs import folder_name
from ..plain import is_plain
from ..problems import InvalidWorkflow, Problem
from ..workflow import Workflow
from .compact import to_text
from .documents import Document
from .problems import MAX_PRIORITY
from .record import RunRecord


class Submissions:
    """Checks what is submitted to one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keeper = InputKeeper(engine.workspace, engine.environment)

    def admit(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any],
        targets: Sequence[str] | None,
        priority: int,
        name: str,
    ) -> tuple[RunRecord, Document]:
        """The record of a new run, and the document that it runs: with the saved workflows
        in it that it uses, as they are now.

        Raises:
            InvalidWorkflow: With every problem.
        """
        check_priority(priority)
        values = _as_json(inputs)
        engine = self._engine
        problems = engine.planner.check(workflow.with_inputs(values), targets)
        if problems:
            raise InvalidWorkflow(problems)
        whole = self_contained(workflow, engine.registry, self._keeper, engine.saved_workflow)
        whole = with_packs(whole, engine.registry)
        run_id, now = new_run_id(), time.time()
        record = RunRecord(
            run_id=run_id,
            name=_storable(name or workflow.name),
            workflow_name=_storable(workflow.name),
            status="queued",
            priority=priority,
            created=now,
            # Nobody else's, so that it can be cleared away when the run is interrupted.
            folder=f"{folder_name(workflow.name, now)}-{run_id[-8:]}",
            inputs=values,
            targets=None if targets is None else list(targets),
        )
        return record, Document.of(whole)


def check_priority(priority: int) -> None:
    """Raises ``InvalidWorkflow`` for what is no priority."""
    if type(priority) is not int or not -MAX_PRIORITY <= priority <= MAX_PRIORITY:
        raise InvalidWorkflow(
            Problem(
                "bad_priority",
                f"{priority!r} is no priority",
                hint=f"a whole number from {-MAX_PRIORITY} to {MAX_PRIORITY}",
            )
        )


def _as_json(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as they come back from the database, so that a run is what its record says."""
    problems = [
        Problem(
            "value_not_allowed",
            f"the input {name!r} is no JSON data, and can't be kept with the run",
            port=name,
        )
        for name, value in inputs.items()
        if not is_plain(value)
    ]
    if problems:
        raise InvalidWorkflow(problems)
    try:
        return json.loads(to_text(dict(inputs)))
    except (ValueError, RecursionError) as error:
        problem = Problem("value_not_allowed", f"the inputs are no JSON data: {error}")
        raise InvalidWorkflow(problem) from None


def _storable(text: str) -> str:
    """The text without halves of characters, which no database holds."""
    return text.encode("utf-8", "replace").decode()
