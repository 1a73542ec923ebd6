"""Planning again after a small edit, or none: most plans differ from the last in a literal.

A remembered plan is compared with the document by content, so a document that was changed
in place is noticed. Where only literals differ, their steps are made anew and the keys below
them with them; anything else is left to a whole new plan.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from ..node import NodeSpec
from ..problems import Problem
from ..types import TypeExpr
from ..workflow import NodeDoc, file_of
from .analysis import Analysis
from .flatten import Flat
from .keys import Encoded, encode_link, encode_sources
from .reading import Tools, loading_id
from .snapshot import Snapshot
from .step import Link, Plan, Step

KEPT = 8


class _Known(NamedTuple):
    nodes: Snapshot
    aliases: dict[str, str]
    plan: Plan
    types: dict[int, dict[str, TypeExpr]]
    unsettled: list[str]
    """Nodes whose literals name something outside the document: files, models, subgraphs."""


class Recent:
    """The plans made last."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._known: OrderedDict[Any, _Known] = OrderedDict()

    def remember(
        self,
        flat: Flat,
        targets: Sequence[str] | None,
        plan: Plan,
        analysis: Analysis,
    ) -> None:
        nodes, index, specs = flat.nodes, plan.index, self._tools.registry.nodes
        types = {doc.type for doc in nodes.values()}
        outside = {type for type in types if _names_outside(specs.get(type))}
        unsettled = []
        if outside or analysis.loading:
            unsettled = [
                id
                for id, doc in nodes.items()
                if (doc.type in outside or id in analysis.loading) and id in index
            ]
        unsure = analysis.involved.union([id for id in nodes if id not in index])
        known = self._known
        known[_shape(flat, targets)] = _Known(
            Snapshot.of(nodes, unsure), flat.aliases, plan, analysis.types, unsettled
        )
        while len(known) > KEPT:
            known.popitem(last=False)

    def revise(self, flat: Flat, targets: Sequence[str] | None) -> Plan | None:
        """The remembered plan brought up to date, or None if it takes a new one."""
        known = self._known.get(_shape(flat, targets))
        if known is None or known.aliases != flat.aliases:
            return None
        compared = known.nodes.compared(flat.nodes)
        if compared is None:
            return None
        changed, nodes = compared
        plan = known.plan
        wanted = [id for id in dict.fromkeys([*changed, *known.unsettled]) if id in plan.index]
        if not wanted:
            return plan
        steps = self._rebuild(flat, known, sorted(plan.index[id] for id in wanted))
        if steps is None:
            return None
        revised = Plan(steps, plan.targets, plan.outputs, plan.index)
        if changed:
            # Stored together, and never changed in place: other runs may be reading.
            self._known[_shape(flat, targets)] = known._replace(nodes=nodes, plan=revised)
        return revised

    def _rebuild(self, flat: Flat, known: _Known, wanted: list[int]) -> list[Step] | None:
        problems: list[Problem] = []
        analysis = Analysis(self._tools, flat, problems)
        analysis.steps = steps = list(known.plan.steps)
        analysis.index, analysis.types = known.plan.index, known.types
        anew = set(wanted)
        stale: set[int] = set()
        for at in range(wanted[0], len(steps)):
            old = steps[at]
            if at in anew:
                if _loads_more(flat.nodes[old.id], old.id, known.plan.index):
                    return None
                parsed = analysis.parse(old.id, flat.nodes[old.id])
                if parsed is None:
                    return None
                new = analysis.build(old.id, parsed)
                if problems or new.direct != old.direct or not _same(new.links, old.links):
                    return None
            elif stale and not stale.isdisjoint(old.sources(lazy=True)):
                new = self._rekeyed(old, steps)
            else:
                continue
            steps[at] = new
            if new.key is None or new.key != old.key:
                stale.add(at)
        return steps

    def _rekeyed(self, step: Step, steps: list[Step]) -> Step:
        """A step of which only the keys of its sources have changed."""
        encoded = dict(step.encoded)
        for port, at, output in step.direct:
            encoded[port] = encode_output(steps[at], output)
        for link in step.links:
            if step.spec.inputs[link.port].marker is None:
                encoded[link.port] = encode_arrival(link, steps)
        key = self._tools.keys.step(step.spec, encoded)
        return replace(step, key=key, encoded=encoded)


def encode_arrival(link: Link, steps: Sequence[Step]) -> Encoded:
    """The encoding of an input that is fed by a link, from the keys of its sources."""
    parts = []
    for source in link.sources:
        parts.append(encode_output(steps[source.step], source.output, source.convert))
    several = len(parts) > 1 or link.keys or link.listed
    return encode_sources(parts, link.keys) if several else parts[0]


def encode_output(step: Step, output: int, convert: Callable[[Any], Any] | None = None) -> Encoded:
    return encode_link(step.key, list(step.spec.outputs)[output], convert)


def _same(links: tuple[Link, ...], others: tuple[Link, ...]) -> bool:
    """Whether links lead from the same outputs in the same way."""

    def shape(link: Link) -> tuple[Any, ...]:
        places = tuple((source.step, source.output) for source in link.sources)
        return link.port, places, link.gather, link.per_item, link.lazy, link.keys

    return [shape(link) for link in links] == [shape(link) for link in others]


def _loads_more(doc: NodeDoc, id: str, index: Mapping[str, int]) -> bool:
    """Whether literals name files, for which the plan has no steps yet."""
    return any(
        file_of(item) is not None and loading_id(id, port, number) not in index
        for port, value in doc.inputs.items()
        for number, item in enumerate(value if type(value) is list else [value])
    )


def _shape(flat: Flat, targets: Sequence[str] | None) -> tuple[Any, ...]:
    named = tuple(flat.outputs.items())
    return len(flat.nodes), named, None if targets is None else tuple(targets)


def _names_outside(spec: NodeSpec | None) -> bool:
    return spec is not None and any(
        port.marker is not None or "workflow" in port.type.names for port in spec.inputs.values()
    )
