"""One walk over a flat document: links resolved, types checked, keys computed.

The walk is iterative and visits each node once, so a chain of any length neither recurses
nor costs more than linearly. It stops at nothing: every problem is collected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..ports import InputPort
from ..problems import Problem
from ..types import Fit, TypeExpr
from ..workflow import NodeDoc, split_port
from . import complaints
from .fits import Fitted
from .flatten import Flat
from .keys import SET_ASIDE, Encoded, encode_sources
from .reading import NodeReader, Parsed, Tools, references
from .step import Direct, Link, Source, Step


class Analysis(NodeReader):
    """The walk's state.

    Args:
        problems: Problems are appended here.
        derive: Encodes a literal that is no plain data, by node id and port.
        keyed: Whether cache keys are wanted.

    Attributes:
        types: Of the outputs of steps whose types are not those that their nodes declare.
    """

    def __init__(
        self,
        tools: Tools,
        flat: Flat,
        problems: list[Problem],
        derive: Callable[[str, str], Encoded] | None = None,
        keyed: bool = True,
    ) -> None:
        super().__init__(tools, flat, problems, derive, keyed)
        self._fits = tools.fits.memo
        self.types: dict[int, dict[str, TypeExpr]] = {}
        self._broken: set[str] = set()
        self._cut: set[tuple[str, str]] = set()

    def visit(self, roots: Iterable[str]) -> None:
        """Make the steps of the roots and of all that they need, each after its sources."""
        index, steps, nodes, broken = self.index, self.steps, self.flat.nodes, self._broken
        for root in roots:
            if root in index or root in broken:
                continue
            parsed = self.parse(root, nodes[root])
            if parsed is not None and not parsed[4]:
                for _, source, _ in parsed[3]:
                    if source not in index:
                        break
                else:  # so it is for every node of a document that has them in order
                    step = self.build(root, parsed)
                    index[root] = len(steps)
                    steps.append(step)
                    continue
            self._walk(root, parsed)

    def _walk(self, root: str, read: Parsed | None) -> None:
        """Make the step of a node, which was read, after those of all that it needs."""
        index, steps, nodes, broken = self.index, self.steps, self.flat.nodes, self._broken
        stack = [root]
        entered: dict[str, Parsed] = {}
        while stack:
            id = stack[-1]
            parsed = entered.pop(id, None)
            if parsed is None:  # else everything it needs has been visited since
                if id in index or id in broken:
                    stack.pop()
                    continue
                parsed = read if id == root else self.parse(id, nodes[id])
                if parsed is None:
                    broken.add(id)
                    # What it would need is looked at all the same, for problems there.
                    behind = [s for s in self._sources(nodes[id]) if s in nodes]
                    stack += [s for s in behind if not (s in index or s in entered)]
                    continue
                missing = self._missing(parsed)
                if missing:
                    entered[id] = parsed
                    for source in missing:
                        if source not in entered:
                            stack.append(source)
                        elif (id, source) not in self._cut:
                            # The walk goes on as if this link were not there.
                            self._cut.add((id, source))
                            self.problems.append(complaints.cycle(_cycle(source, entered)))
                    continue
            stack.pop()
            step = self.build(id, parsed)
            index[id] = len(steps)
            steps.append(step)

    def _missing(self, parsed: Parsed) -> list[str]:
        """The sources of a node that have no step yet, and are not known to get none."""
        linked = [source for _, source, _ in parsed[3]]
        for _, several, _ in parsed[4]:
            linked += [source for source, _ in several]
        index, nodes, broken = self.index, self.flat.nodes, self._broken
        return [s for s in linked if s not in index and s in nodes and s not in broken]

    def last(self) -> list[str]:
        """The nodes that no other takes anything from, when all have been visited."""
        used = bytearray(len(self.steps))
        for step in self.steps:
            for _, at, _ in step.direct:
                used[at] = 1
            for link in step.links:
                for source in link.sources:
                    used[source.step] = 1
        index = self.index
        return [id for id in self.flat.nodes if id in index and not used[index[id]]]

    def named_outputs(self) -> dict[str, Source]:
        """Where the document's named outputs come from; problems are reported."""
        outputs: dict[str, Source] = {}
        for name, given in self.flat.outputs.items():
            id, port = split_port(self.flat.resolve(given))
            at = self.index.get(id)
            what = f"named output {name!r}"
            if at is None:
                if id in self.flat.subgraphs:
                    self.problems.append(self._dead_output(id, port, what, id))
                elif id not in self._broken:
                    self.problems.append(complaints.unknown_node(id, self.flat.nodes, what))
                continue
            spec = self.steps[at].spec
            if port in spec.outputs:
                outputs[name] = Source(at, list(spec.outputs).index(port))
            else:
                self.problems.append(complaints.unknown_output(spec, id, port, what))
        return outputs

    def _sources(self, doc: NodeDoc) -> Iterator[str]:
        """The nodes that a node is linked to, whatever its type says of it."""
        for value in doc.inputs.values():
            for reference in references(value):
                yield split_port(self.flat.resolve(reference))[0]

    def build(self, id: str, parsed: Parsed) -> Step:
        """The step of a node whose sources have their steps."""
        spec, literals, encoded, single, several, given = parsed
        if given is None:
            return Step(id, spec, literals, (), (), SET_ASIDE, set_aside=True)
        direct: list[Direct] = []
        links: list[Link] = []
        mapped = False
        variables: dict[str, TypeExpr] = {}
        index, steps, types, fits = self.index, self.steps, self.types, self._fits
        for port, source, output in single:
            at = index.get(source)
            fitted: Any = None
            if at is not None and at not in types:
                fitted = fits.get((steps[at].spec, output, port))
            if fitted is None:
                fitted = self._fit(id, port, source, output, None)
                if fitted is None:
                    continue
            place, how, convert, check, tail, plain = fitted
            key = steps[at].key  # type: ignore[index]
            name = port.name
            encoded[name] = None if key is None or tail is None else b"k" + key + tail
            if plain:
                direct.append((name, at, place))  # type: ignore[arg-type]
                continue
            if port.marker is not None:
                encoded[name] = None  # what the name stands for is known only then
            if port.type.var is not None:
                self._bind(port, self._type_of(at, output), how, variables)  # type: ignore[arg-type]
            per_item = how is Fit.MAP
            mapped = mapped or per_item
            sources = (Source(at, place, convert),)  # type: ignore[arg-type]
            links.append(Link(name, sources, how is Fit.COLLECT, per_item, check, port.lazy))
        for port, linked, names in several:
            link = self._gather(id, port, linked, names, encoded, variables)
            if link is not None:
                links.append(link)
                mapped = mapped or link.per_item
        if len(given) < len(spec.inputs):
            for name, port in spec.inputs.items():
                if name in given:
                    continue
                if port.required:
                    self.problems.append(complaints.missing_input(id, name, port.type))
                elif port.spelled_out:
                    self._literal(id, port, port.default, literals, encoded)
        key = self._key(spec, encoded) if self.keyed else None
        if mapped or variables:
            self.types[self.index.get(id, len(steps))] = {
                name: _resolved(output.type, variables, mapped)
                for name, output in spec.outputs.items()
            }
        return Step(id, spec, literals, tuple(direct), tuple(links), key, mapped, encoded)

    def _gather(
        self,
        id: str,
        port: InputPort,
        linked: list[tuple[str, str]],
        names: tuple[str, ...],
        encoded: dict[str, Encoded],
        variables: dict[str, TypeExpr],
    ) -> Link | None:
        """The link of an input that takes a list or a dict of links."""
        places: list[Source] = []
        parts: list[Encoded] = []
        per_item = False
        check = None
        for source, output in linked:
            fitted = self._fit(id, port, source, output, names)
            if fitted is None:
                continue
            at = self.index[source]
            key = self.steps[at].key
            places.append(Source(at, fitted.output, fitted.convert))
            parts.append(None if key is None or fitted.tail is None else b"k" + key + fitted.tail)
            per_item = per_item or fitted.how is Fit.MAP
            check = fitted.check
            if port.type.var is not None:
                arrives = _gathered(self._type_of(at, output), names)
                self._bind(port, arrives, fitted.how, variables)
        if len(places) < len(linked):
            return None
        encoded[port.name] = None if port.marker else encode_sources(parts, names)
        return Link(port.name, tuple(places), True, per_item, check, port.lazy, names, True)

    def _fit(
        self, id: str, port: InputPort, source: str, output: str, gathered: tuple[str, ...] | None
    ) -> Fitted | None:
        """How one link fits; None, with the problem reported, if it does not."""
        at = self.index.get(source)
        if at is None:
            if source not in self._broken and (id, source) not in self._cut:
                self.problems.append(self._dead_link(id, port, source, output))
            return None
        spec = self.steps[at].spec
        if output not in spec.outputs:
            self.problems.append(
                complaints.unknown_output(spec, source, output, "link", id, port.name)
            )
            return None
        given = self._type_of(at, output)
        if gathered is None and at not in self.types:
            fitted = self.tools.fits.find(spec, output, port)
        else:
            if gathered is not None:
                given = _gathered(given, gathered)
            fitted = self.tools.fits.between(spec, output, given, port, gathered)
        if fitted is None or (port.lazy and fitted.how is Fit.MAP):
            self._report(
                "type_mismatch",
                f"takes {port.type}, but {source}.{output} gives {given}",
                id,
                port.name,
                self.tools.fits.hint(given),
            )
            return None
        return fitted

    def _dead_link(self, id: str, port: InputPort, source: str, output: str) -> Problem:
        if source in self.flat.subgraphs:
            return self._dead_output(source, output, "link", id, port.name)
        missing = source or output
        return complaints.unknown_node(missing, self.flat.nodes, "link", id, port.name)

    def _dead_output(
        self, source: str, output: str, what: str, id: str, port: str | None = None
    ) -> Problem:
        known = self.flat.subgraphs[source].outputs
        return Problem(
            "unknown_output",
            f"the {what} names {source}.{output}, but the subgraph has no such output",
            id,
            port,
            hint=f"its outputs: {', '.join(known) or 'none'}",
        )

    def _type_of(self, at: int, output: str) -> TypeExpr:
        inferred = self.types.get(at)
        return inferred[output] if inferred else self.steps[at].spec.outputs[output].type

    def _bind(
        self, port: InputPort, given: TypeExpr, how: Fit, variables: dict[str, TypeExpr]
    ) -> None:
        assert port.type.var is not None
        depth = max(given.depth - port.type.depth - (how is Fit.MAP), 0)
        variables.setdefault(port.type.var, TypeExpr(given.names, depth))


def _cycle(start: str, entered: dict[str, Parsed]) -> list[str]:
    """The nodes of the cycle that ``start`` closes, in the direction of the data.

    Those entered are the walk's way from a target to here, and ``start`` is on it.
    """
    ids = list(entered)
    way = ids[ids.index(start) :]
    return [start, *reversed(way[1:])]


def _gathered(given: TypeExpr, names: tuple[str, ...]) -> TypeExpr:
    if names:
        return TypeExpr(("dict",))
    return TypeExpr(given.names, given.depth + 1, given.optional, given.var)


def _resolved(expr: TypeExpr, variables: dict[str, TypeExpr], mapped: bool) -> TypeExpr:
    if expr.var is not None and expr.var in variables:
        bound = variables[expr.var]
        expr = TypeExpr(bound.names, bound.depth + expr.depth, expr.optional)
    return TypeExpr(expr.names, expr.depth + 1, False) if mapped else expr
