"""Growing a run: list mapping and fragments become more steps, run like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..fingerprint import encode_literal
from ..node import SKIP, Fragment
from ..problems import InvalidWorkflow, NodeError, Problem
from ..workflow import NodeDoc, Workflow, literal_of, split_port
from .keys import Encoded, derived, encode_link, encode_sources
from .plan import Planner, references
from .step import Link, Source, Step


@dataclass(slots=True)
class Expansion:
    """What stands in the place of a step.

    Attributes:
        steps: To be appended to the run; sources count from ``offset`` for new steps.
        outputs: For each output a source, the sources of a list, or a value.
    """

    steps: list[Step]
    outputs: list[Source | list[Source] | Any]
    cacheable: bool


def map_items(
    planner: Planner, step: Step, arguments: Mapping[str, Any], steps: list[Step]
) -> Expansion:
    """One step per item of the lists that arrived; they are walked in step, and skipped
    items leave no gap in the result.

    Raises:
        NodeError: The lists differ in length.
    """
    per_item = [link for link in step.links if link.per_item]
    lengths = {link.port: len(arguments[link.port]) for link in per_item}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise NodeError(f"the lists that arrive differ in length: {said}", code="list_lengths")
    count = next(iter(lengths.values()))
    shared = {
        name: value
        for name, value in arguments.items()
        if name not in lengths and not step.spec.inputs[name].lazy
    }
    encoded: dict[str, Encoded] = {}
    for name, value in step.literals.items():
        encoded[name] = planner.literal(step.spec.inputs[name], value)[1]
    for link in step.links:
        if not link.per_item:
            encoded[link.port] = _encode_sources(link, steps)
    lazy = tuple(link for link in step.links if link.lazy)
    made = []
    for item in range(count):
        if any(arguments[link.port][item] is SKIP for link in per_item):
            continue
        literals = dict(shared)
        for link in per_item:
            value = arguments[link.port][item]
            literals[link.port] = link.check(value) if link.check else value
            encoded[link.port] = _encode_item(link, item, value, steps)
        key = planner.keys.step(step.spec, encoded)
        made.append(Step(f"{step.id}[{item}]", step.spec, literals, lazy, key))
    offset = len(steps)
    outputs = [
        [Source(offset + item, output) for item in range(len(made))]
        for output in range(len(step.spec.outputs))
    ]
    return Expansion(made, outputs, all(new.key is not None for new in made))


def unfold(planner: Planner, step: Step, fragment: Fragment, offset: int) -> Expansion:
    """The steps of a fragment that a node returned.

    Raises:
        InvalidWorkflow: With every problem of the fragment.
    """
    prefix = f"{step.id}/"
    if fragment.beside:
        prefix = step.id.rpartition("/")[0] + "/"
    nodes = {
        id: node if isinstance(node, NodeDoc) else NodeDoc(**node)
        for id, node in fragment.nodes.items()
    }
    subgraphs = {name: Workflow.read(inner) for name, inner in fragment.workflows.items()}
    workflow = Workflow.model_construct(nodes=nodes, workflows=subgraphs, outputs={}, inputs={})
    steps, flat, index = planner.extend(
        workflow, prefix, lambda id, port: derived(step.key, id, port)
    )
    for new in steps:
        new.links = tuple(_shifted(link, offset) for link in new.links)
    problems: list[Problem] = []
    cacheable = True

    def source(reference: str) -> Source:
        nonlocal cacheable
        id, output = split_port(flat.resolve(reference))
        at = index.get(id)
        if at is None or output not in steps[at].spec.outputs:
            problems.append(
                Problem(
                    "unknown_output",
                    f"the fragment's output names {reference!r}, which it does not have",
                    step.id,
                )
            )
            return Source(0, 0)
        cacheable = cacheable and steps[at].key is not None
        return Source(offset + at, list(steps[at].spec.outputs).index(output))

    outputs: list[Any] = []
    for name in step.spec.outputs:
        given = fragment.outputs.get(name)
        linked = references(given)
        if not linked:
            outputs.append(literal_of(given))
        elif isinstance(given, list):
            outputs.append([source(reference) for reference in linked])
        else:
            outputs.append(source(linked[0]))
    if problems:
        raise InvalidWorkflow(problems)
    return Expansion(steps, outputs, cacheable)


def _shifted(link: Link, offset: int) -> Link:
    moved = tuple(Source(s.step + offset, s.output, s.convert) for s in link.sources)
    return link._replace(sources=moved)


def _encode_sources(link: Link, steps: list[Step]) -> Encoded:
    parts = [_encode_source(source, steps) for source in link.sources]
    return encode_sources(parts, link.keys) if link.gather else parts[0]


def _encode_source(source: Source, steps: list[Step]) -> Encoded:
    step = steps[source.step]
    return encode_link(step.key, list(step.spec.outputs)[source.output], source.convert)


def _encode_item(link: Link, item: int, value: Any, steps: list[Step]) -> Encoded:
    if link.gather:
        return _encode_source(link.sources[item], steps)
    encoded = encode_literal(value)
    if encoded is not None:
        return encoded
    source = link.sources[0]
    step = steps[source.step]
    return derived(step.key, list(step.spec.outputs)[source.output], item)
