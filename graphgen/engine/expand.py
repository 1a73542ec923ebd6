"""Growing a run: list mapping and fragments become more steps, run like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard, cast

from ..fingerprint import encode_literal
from ..node import SKIP, Fragment
from ..problems import InvalidWorkflow, NodeError, Problem
from ..workflow import NodeDoc, Workflow, link_of, literal_of, split_port
from .arrive import FAILED, Unavailable, checked
from .keys import Encoded, derived
from .ledger import Ledger
from .plan import Planner
from .reading import references
from .revise import encode_arrival
from .step import Link, Source, Step


@dataclass(slots=True)
class Expansion:
    """What stands in the place of a step.

    Attributes:
        steps: To be appended to the run; sources count from ``offset`` for new steps.
        outputs: For each output a source, the sources of a list or of a dict's values, or
            a value.
        cacheable: Whether the outputs may be kept under the key of the step.
        wanted: Indexes of the steps that it waits for.
    """

    steps: list[Step]
    outputs: Sequence[Source | list[Source] | Any]
    cacheable: bool
    wanted: list[int] = field(default_factory=list)

    def collect(self, ledger: Ledger) -> tuple[Any, ...]:
        """The outputs, when everything wanted is done; skipped items leave no gap.

        Raises:
            Unavailable: A step that an output needs failed.
        """
        outputs: list[Any] = []
        for given in self.outputs:
            if isinstance(given, Source):
                outputs.append(ledger.output(given.step, given.output))
            elif _is_named(given):
                named = {name: ledger.output(s.step, s.output) for name, s in given.items()}
                marks = [value for value in named.values() if value is SKIP or value is FAILED]
                if FAILED in marks:
                    raise Unavailable(FAILED)
                outputs.append(SKIP if marks else named)
            elif _is_sources(given):
                items = [ledger.output(source.step, source.output) for source in given]
                outputs.append([item for item in items if item is not SKIP])
                if any(item is FAILED for item in items):
                    raise Unavailable(FAILED)
            else:
                outputs.append(given)
        if any(output is FAILED for output in outputs):
            raise Unavailable(FAILED)
        return tuple(outputs)


def sources_of(expansion: Expansion) -> list[Source]:
    """Every source that the outputs of an expansion need."""
    found: list[Source] = []
    for given in expansion.outputs:
        if isinstance(given, Source):
            found.append(given)
        elif _is_sources(given):
            found.extend(given)
        elif _is_named(given):
            found.extend(given.values())
    return found


def _is_sources(given: Any) -> TypeGuard[list[Source]]:
    return isinstance(given, list) and bool(given) and isinstance(given[0], Source)


def _is_named(given: Any) -> TypeGuard[dict[str, Source]]:
    return (
        isinstance(given, dict)
        and bool(given)
        and all(isinstance(source, Source) for source in given.values())
    )


def map_items(
    planner: Planner, step: Step, arguments: Mapping[str, Any], steps: list[Step]
) -> Expansion:
    """One step per item of the lists that arrived; they are walked in step, and skipped
    items leave no gap in the result.

    Raises:
        NodeError: The lists differ in length.
    """
    per_item = [link for link in step.links if link.per_item]
    lengths: dict[str, int] = {}
    for link in per_item:
        arrived = arguments[link.port]
        if not isinstance(arrived, (list, tuple)):
            raise NodeError(
                f"takes a list to walk through, got {type(arrived).__name__}",
                port=link.port,
                code="value_not_allowed",
            )
        lengths[link.port] = len(arrived)
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise NodeError(f"the lists that arrive differ in length: {said}", code="list_lengths")
    count = next(iter(lengths.values()))
    lazy = tuple(link for link in step.links if link.lazy)
    unshared = {*lengths, *(link.port for link in lazy)}
    shared = {name: value for name, value in arguments.items() if name not in unshared}
    encoded = dict(step.encoded)
    made = []
    for item in range(count):
        if any(arguments[link.port][item] is SKIP for link in per_item):
            continue
        literals = dict(shared)
        for link in per_item:
            value = arguments[link.port][item]
            if link.check is not None:
                value = checked(link, value)
            literals[link.port] = value
            encoded[link.port] = _encode_item(planner, step, link, item, value, steps)
        key = planner.tools.keys.step(step.spec, encoded)
        id = f"{step.id}[{item}]"
        made.append(Step(id, step.spec, literals, (), lazy, key, False, dict(encoded)))
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
    parent, slash, _ = step.id.rpartition("/")
    prefix = parent + slash if fragment.beside else f"{step.id}/"
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
        new.direct = tuple((port, at + offset, output) for port, at, output in new.direct)
        new.links = tuple(_shifted(link, offset) for link in new.links)
    problems: list[Problem] = []

    def source(reference: str) -> Source:
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
        return Source(offset + at, list(steps[at].spec.outputs).index(output))

    given_names, declared = set(fragment.outputs), set(step.spec.outputs)
    for name in sorted(given_names ^ declared):
        said = "does not give" if name in declared else "gives, but the node does not declare,"
        problems.append(
            Problem("wrong_output", f"the fragment {said} the output {name!r}", step.id, name)
        )
    outputs: list[Any] = []
    for name in step.spec.outputs:
        given = fragment.outputs.get(name)
        linked = references(given)
        if not linked:
            outputs.append(literal_of(given))
        elif isinstance(given, list):
            outputs.append([source(reference) for reference in linked])
        elif link_of(given) is None:
            outputs.append(dict(zip(cast(dict[str, Any], given), map(source, linked), strict=True)))
        else:
            outputs.append(source(linked[0]))
    if problems:
        raise InvalidWorkflow(problems)
    # The key of the step can't know what its fragment reads from files.
    sealed = all(new.key is not None and not _reads_files(new) for new in steps)
    return Expansion(steps, outputs, sealed)


def _reads_files(step: Step) -> bool:
    ports = step.spec.inputs
    return any(ports[name].marker is not None for name in step.literals)


def _shifted(link: Link, offset: int) -> Link:
    moved = tuple(Source(s.step + offset, s.output, s.convert) for s in link.sources)
    return link._replace(sources=moved)


def _encode_item(
    planner: Planner, step: Step, link: Link, item: int, value: Any, steps: list[Step]
) -> Encoded:
    port = step.spec.inputs[link.port]
    if port.marker is not None:
        return planner.tools.literals.read(port, value)[1]
    if link.listed:
        return encode_arrival(Link(link.port, (link.sources[item],)), steps)
    encoded = encode_literal(value)
    if encoded is not None:
        return encoded
    source = link.sources[0]
    maker = steps[source.step]
    return derived(maker.key, list(maker.spec.outputs)[source.output], item)
