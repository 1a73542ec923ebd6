"""Which of the values that a run made are its outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..workflow import Workflow, split_port
from .arrive import available
from .flatten import flatten
from .ledger import Ledger
from .result import NodeResults, RunResult
from .step import Plan


def what_came_of(plan: Plan, ledger: Ledger) -> tuple[dict[str, Any], NodeResults]:
    """At the end of a run: the named outputs that were made, and what became of each node."""
    outputs = {
        name: values[source.output]
        for name, source in plan.outputs.items()
        if (values := ledger.values[source.step]) is not None and available(values[source.output])
    }
    targets = {
        at: {
            name: value
            for name, value in zip(ledger.steps[at].spec.outputs, values, strict=True)
            if available(value)
        }
        for at in plan.targets
        if (values := ledger.values[at]) is not None
    }
    nodes = NodeResults(
        ledger.steps, ledger.status, ledger.seconds, ledger.state, targets, ledger.retries
    )
    return outputs, nodes


def made(document: Workflow, result: RunResult, targets: Sequence[str] | None) -> dict[str, Any]:
    """What a run was for, by output name: the named outputs, or, as ``node.output``, those of
    the targets, which in a workflow that names none are its last nodes.

    Args:
        document: With all the subgraphs that it uses in it.
    """
    if targets is None:
        if document.outputs:
            return result.outputs
        targets = [id for id, node in result.nodes.items() if node.outputs]
    return {
        f"{target}.{name}": value
        for target in targets
        for name, value in _made_by(target, document, result)
    }


def _made_by(target: str, document: Workflow, result: RunResult) -> Iterator[tuple[str, Any]]:
    if target in result.nodes:
        yield from result.nodes[target].outputs.items()
        return
    flat = flatten(document, [])  # a subgraph gives what nodes inside it do
    for name in flat.subgraphs[target].outputs if target in flat.subgraphs else ():
        id, output = split_port(flat.resolve(f"{target}.{name}"))
        if id in result.nodes and output in result.nodes[id].outputs:
            yield name, result.nodes[id].outputs[output]
