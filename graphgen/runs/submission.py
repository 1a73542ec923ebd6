"""What a submitted run must be, and the record that it gets."""

from __future__ import annotations

import hashlib
import json
import marshal
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..engine import Engine
from ..engine.engine import new_run_id
from ..engine.plan import Planner
from ..keep import InputKeeper, self_contained, stands_alone
from ..needs import with_packs
from ..outputs import folder_name
from ..plain import MARSHAL_VERSION, is_plain
from ..problems import InvalidWorkflow, Problem
from ..workflow import Workflow
from .compact import to_text
from .documents import Document
from .problems import MAX_PRIORITY
from .recent import Recent
from .record import RunRecord


class Submission(NamedTuple):
    """What somebody wants to have run.

    Attributes:
        workflow: One, or a document as plain data.
        inputs: Values of named inputs, as JSON data.
        targets: Run only what these nodes need.
        priority: -100..100; higher goes first.
        name: What to call the run; the workflow's name if it is empty.
    """

    workflow: Workflow | Mapping[str, Any]
    inputs: Mapping[str, Any]
    targets: Sequence[str] | None = None
    priority: int = 0
    name: str = ""


class _Admitted(NamedTuple):
    """What runs of the same document, inputs and targets have in common.

    Attributes:
        name: Of the workflow.
        inputs: As JSON text, since every run has its own.
        planner: Found nothing wrong with it; packs that are loaded again have another.
    """

    document: Document
    name: str
    inputs: str
    targets: list[str] | None
    planner: Planner


class Submissions:
    """Checks what is submitted to one engine; the same is checked again only if it depends
    on what lies outside of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keeper = InputKeeper(engine.workspace, engine.environment)
        self._known = Recent[bytes, _Admitted]()

    def admit(self, submission: Submission) -> tuple[RunRecord, Document]:
        """The record of a new run, and the document that it runs: with the saved workflows
        in it that it uses, as they are now.

        Raises:
            InvalidWorkflow: With every problem.
        """
        check_priority(submission.priority)
        key = _digest(submission)
        return _recorded(self._find(key) or self._check(submission, key), submission)

    def admit_known(self, submission: Submission) -> tuple[RunRecord, Document] | None:
        """The same at once, if nothing has to be looked at for it."""
        check_priority(submission.priority)
        known = self._find(_digest(submission))
        return None if known is None else _recorded(known, submission)

    def _find(self, key: bytes | None) -> _Admitted | None:
        known = None if key is None else self._known.get(key)
        return known if known is not None and known.planner is self._engine.planner else None

    def _check(self, submission: Submission, key: bytes | None) -> _Admitted:
        planner = self._engine.planner
        given, targets = submission.workflow, submission.targets
        workflow = given if isinstance(given, Workflow) else Workflow.parse(given, "workflow")
        values = _as_json(submission.inputs)
        filled = workflow.with_inputs(values)
        problems = planner.check(filled, targets)
        if problems:
            raise InvalidWorkflow(problems)
        registry = planner.registry
        whole = self_contained(workflow, registry, self._keeper, self._engine.saved_workflow)
        document = Document.of(with_packs(whole, registry))
        wanted = None if targets is None else list(targets)
        admitted = _Admitted(document, workflow.name, to_text(values), wanted, planner)
        if key is not None and stands_alone(filled, registry):
            self._known.add(key, admitted, len(document.text))
        return admitted


def _recorded(admitted: _Admitted, submission: Submission) -> tuple[RunRecord, Document]:
    run_id, now = new_run_id(), time.time()
    record = RunRecord(
        run_id=run_id,
        name=_storable(submission.name or admitted.name),
        workflow_name=_storable(admitted.name),
        status="queued",
        priority=submission.priority,
        created=now,
        # Nobody else's, so that it can be cleared away when the run is interrupted.
        folder=f"{folder_name(admitted.name, now)}-{run_id[-8:]}",
        inputs=json.loads(admitted.inputs),
        targets=None if admitted.targets is None else list(admitted.targets),
    )
    return record, admitted.document


def _digest(submission: Submission) -> bytes | None:
    """What a submission of plain data is known by; None if it is something else."""
    asked: Any = submission[:3]
    try:
        data = marshal.dumps(asked, MARSHAL_VERSION)
    except ValueError:
        return None
    return hashlib.blake2b(data, digest_size=16).digest()


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
