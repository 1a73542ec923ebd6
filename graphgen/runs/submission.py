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


class _Known(NamedTuple):
    """A workflow that was submitted.

    Attributes:
        workflow: As it was read.
        whole: With what it took from outside when it was checked; itself, if that was nothing.
        document: What its runs have.
        planner: Found nothing wrong with it; packs that are loaded again have another.
    """

    workflow: Workflow
    whole: Workflow
    document: Document
    planner: Planner


class _Checked(NamedTuple):
    """Inputs, as JSON text, and targets that need no other check of a workflow."""

    inputs: str
    planner: Planner


class _Keys(NamedTuple):
    """What a workflow is known by, and what with inputs and targets."""

    workflow: bytes
    submission: bytes


class Submissions:
    """Checks what is submitted to one engine. The same is not read again, and checked again
    only if it depends on what lies outside of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._keeper = InputKeeper(engine.workspace, engine.environment)
        self._known = Recent[bytes, _Known]()
        self._checked = Recent[bytes, _Checked]()

    def admit(self, submission: Submission) -> tuple[RunRecord, Document]:
        """The record of a new run, and the document that it runs: with the saved workflows
        in it that it uses, as they are now.

        Raises:
            InvalidWorkflow: With every problem.
        """
        check_priority(submission.priority)
        keys = _keys(submission)
        found = self._find(keys) or self._check(submission, keys)
        return _recorded(submission, *found)

    def admit_known(self, submission: Submission) -> tuple[RunRecord, Document] | None:
        """The same at once, if nothing has to be looked at for it."""
        check_priority(submission.priority)
        found = self._find(_keys(submission))
        return None if found is None else _recorded(submission, *found)

    def _find(self, keys: _Keys | None) -> tuple[Document, str] | None:
        """The document of what needs no other check, and its inputs."""
        if keys is None:
            return None
        known, checked = self._known.get(keys.workflow), self._checked.get(keys.submission)
        if known is None or checked is None:
            return None
        planner = self._engine.planner
        valid = known.planner is planner and checked.planner is planner
        return (known.document, checked.inputs) if valid else None

    def _check(self, submission: Submission, keys: _Keys | None) -> tuple[Document, str]:
        given, planner = submission.workflow, self._engine.planner
        registry = planner.registry
        known = None if keys is None else self._known.get(keys.workflow)
        if known is not None:
            workflow = known.workflow
        else:
            workflow = given if isinstance(given, Workflow) else Workflow.parse(given, "workflow")
        values = _as_json(submission.inputs)
        filled = workflow.with_inputs(values)
        problems = planner.check(filled, submission.targets)
        if problems:
            raise InvalidWorkflow(problems)
        whole = self_contained(workflow, registry, self._keeper, self._engine.saved_workflow)
        if known is None or known.whole is not whole or known.planner is not planner:
            document = Document.of(with_packs(whole, registry))
            known = _Known(workflow, whole, document, planner)
        document, inputs = known.document, to_text(values)
        if keys is not None:
            self._known.add(keys.workflow, known, len(document.text))
            if stands_alone(filled, registry):
                self._checked.add(keys.submission, _Checked(inputs, planner), len(inputs))
        return document, inputs


def _recorded(
    submission: Submission, document: Document, inputs: str
) -> tuple[RunRecord, Document]:
    run_id, now = new_run_id(), time.time()
    name, targets = document.workflow.name, submission.targets
    record = RunRecord(
        run_id=run_id,
        name=_storable(submission.name or name),
        workflow_name=_storable(name),
        status="queued",
        priority=submission.priority,
        created=now,
        # Nobody else's, so that it can be cleared away when the run is interrupted.
        folder=f"{folder_name(name, now)}-{run_id[-8:]}",
        inputs=json.loads(inputs),  # of its own
        targets=None if targets is None else list(targets),
    )
    return record, document


def _keys(submission: Submission) -> _Keys | None:
    """None for what is no plain data."""
    document: Any = submission.workflow
    rest: Any = submission.inputs, submission.targets
    try:
        workflow = _digest(marshal.dumps(document, MARSHAL_VERSION))
        return _Keys(workflow, _digest(workflow + marshal.dumps(rest, MARSHAL_VERSION)))
    except ValueError:
        return None


def _digest(data: bytes) -> bytes:
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
