"""Which ports the named inputs of a workflow feed, inside subgraphs too."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..paths import as_literal, existing, paths_in
from ..ports import InputPort, NodeTypes
from ..problems import InvalidWorkflow, Problem
from ..types import ANY
from ..workflow import Workflow
from .flatten import Saved, Scope, read_once, subgraph_of

_MOST = 10_000
ABSENT: Any = object()


class Target(NamedTuple):
    """A port that a named input feeds, inside subgraphs too.

    Attributes:
        node: Id of its node, ``outer/inner`` inside a subgraph.
        value: What the document sets it to, as written there.
    """

    node: str
    port: InputPort
    value: Any

    @property
    def required(self) -> bool:
        return self.value is ABSENT and self.port.required


def input_targets(
    workflow: Workflow, types: NodeTypes, saved: Saved | None = None
) -> dict[str, list[Target]]:
    """The ports that each named input feeds; without those of unknown nodes."""
    return {name: list(_targets(workflow, name, types, saved)) for name in workflow.inputs}


def with_paths(
    workflow: Workflow, values: Mapping[str, Any], types: NodeTypes, saved: Saved | None = None
) -> tuple[Mapping[str, Any], list[Path]]:
    """Values of named inputs with every ``Path`` in them as a document names a file, and
    these files.

    Raises:
        InvalidWorkflow: With every path that does not exist, or a name is not one of the
            inputs.
    """
    found: dict[Path, Path] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        for path in paths_in(value):
            try:
                found[path] = existing(path, name)
            except InvalidWorkflow as error:
                problems += error.problems
    if problems:
        raise InvalidWorkflow(problems)
    if not found:
        return values, []
    workflow.with_inputs(values)  # refuses other names, and what is nested too deeply

    def name_of(value: Any) -> str | None:
        return str(found[value]) if isinstance(value, Path) else None

    targets = input_targets(workflow, types, saved)
    kinds = {name: str(fed[0].port.type) for name, fed in targets.items() if fed}
    named = {
        name: as_literal(value, kinds.get(name, ANY), name_of) for name, value in values.items()
    }
    return named, [*found.values()]


def _targets(
    workflow: Workflow, name: str, types: NodeTypes, saved: Saved | None
) -> Iterator[Target]:
    saved = read_once(saved)
    pending: deque[tuple[str, tuple[Workflow, ...], Scope, str, Any]]
    pending = deque([("", (workflow,), (workflow.workflows,), name, ABSENT)])
    for _ in range(_MOST):  # subgraphs in subgraphs may unfold to any number
        if not pending:
            return
        prefix, inside, scope, input_name, given = pending.popleft()
        for node, port in inside[-1].input_targets(input_name):
            doc = inside[-1].nodes.get(node)
            if doc is None:
                continue
            value = doc.inputs.get(port, ABSENT) if given is ABSENT else given
            used = subgraph_of(doc, scope, saved)
            if used is not None:
                if port in used.inputs and not any(used is outer for outer in inside):
                    inner = (*inside, used)
                    pending.append(
                        (f"{prefix}{node}/", inner, (used.workflows, *scope), port, value)
                    )
                continue
            spec = types.get(doc.type)
            if spec is not None and port in spec.inputs:
                yield Target(prefix + node, spec.inputs[port], value)
