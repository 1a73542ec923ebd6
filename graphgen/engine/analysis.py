"""One walk over a flat document: links resolved, types checked, keys computed.

The walk is iterative and visits each node once, so a chain of any length neither recurses
nor costs more than linearly. It stops at nothing: every problem is collected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ..needs import missing_type
from ..node import NodeSpec
from ..ports import InputPort
from ..problems import InvalidWorkflow, Problem
from ..registry import Registry
from ..types import Fit, TypeExpr
from ..workflow import NodeDoc, Workflow, is_wrapped, link_of, literal_of, split_port
from . import complaints
from .fits import Fits, Fitted
from .flatten import Flat, Saved, find_subgraph
from .keys import SET_ASIDE, Encoded, Keys, encode_sources
from .literals import SCALARS, Hole, Literals
from .loading import FILE, Loading
from .migrate import migrated
from .step import Direct, Link, Source, Step


class Tools(NamedTuple):
    """What a walk needs from its planner."""

    registry: Registry
    keys: Keys
    fits: Fits
    literals: Literals
    loading: Loading
    saved: Saved | None


Single = tuple[InputPort, str, str]
"""An input fed by one link: port, source node, output."""
Several = tuple[InputPort, list[tuple[str, str]], tuple[str, ...]]
"""An input fed by a list or a dict of links, with the dict's keys."""
Parsed = tuple[
    NodeSpec,
    dict[str, Any],
    dict[str, Encoded],
    list[Single],
    list[Several],
    dict[str, Any] | None,
]
"""A node as read: type, literals, their encodings, links by name, inputs as given; these
are None for a node that is set aside."""


class Analysis:
    """The walk's state.

    Args:
        problems: Problems are appended here.
        derive: Encodes a literal that is no plain data, by node id and port.
        keyed: Whether cache keys are wanted.
    """

    def __init__(
        self,
        tools: Tools,
        flat: Flat,
        problems: list[Problem],
        derive: Callable[[str, str], Encoded] | None = None,
        keyed: bool = True,
    ) -> None:
        self.tools = tools
        self.flat = flat
        self.problems = problems
        self.derive = derive
        self.keyed = keyed
        # Looked at for every node, so not through the tools each time.
        self._specs, self._memo = tools.registry.nodes, tools.literals.memo
        self._fits, self._key = tools.fits.memo, tools.keys.step
        self.steps: list[Step] = []
        self.index: dict[str, int] = {}
        self.types: dict[int, dict[str, TypeExpr]] = {}
        self.loading: set[str] = set()
        self._broken: set[str] = set()
        self._unknown: set[str] = set()
        self._cut: set[tuple[str, str]] = set()

    def visit(self, roots: Iterable[str]) -> None:
        """Make the steps of the roots and of all that they need, each after its sources."""
        index, steps, nodes, broken = self.index, self.steps, self.flat.nodes, self._broken
        for root in roots:
            stack = [root]
            entered: dict[str, Parsed] = {}
            while stack:
                id = stack[-1]
                parsed = entered.pop(id, None)
                if parsed is None:  # else everything it needs has been visited since
                    if id in index or id in broken:
                        stack.pop()
                        continue
                    parsed = self.parse(id, nodes[id])
                    if parsed is None:
                        broken.add(id)
                        # What it would need is looked at all the same, for problems there.
                        behind = [s for s in self._sources(nodes[id]) if s in nodes]
                        stack += [s for s in behind if not (s in index or s in entered)]
                        continue
                    missing = []
                    for _, source, _ in parsed[3]:
                        if source not in index and source in nodes:
                            missing.append(source)
                    for _, linked, _ in parsed[4]:
                        missing += [s for s, _ in linked if s not in index and s in nodes]
                    if broken:
                        missing = [s for s in missing if s not in broken]
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

    def parse(self, id: str, doc: NodeDoc) -> Parsed | None:
        """Read a node: its type, its checked literals, its links as names. None, with the
        problem reported, if its type or version can't be used."""
        spec = self._specs.get(doc.type)
        if spec is None:
            if doc.type not in self._unknown:  # once for each type, not for each node
                self._unknown.add(doc.type)
                packs, registry = self.flat.packs, self.tools.registry
                self.problems.append(missing_type(id, doc.type, packs, registry))
            for name, value in doc.inputs.items():
                for reference in references(value):
                    source = split_port(self.flat.resolve(reference))[0]
                    if source not in self.flat.nodes and source not in self.flat.subgraphs:
                        self.problems.append(
                            complaints.unknown_node(source, self.flat.nodes, "link", id, name)
                        )
            return None
        if doc.mode is not None:
            return spec, {}, {}, [], [], None
        given = doc.inputs if doc.version == spec.version else migrated(id, doc, spec)
        if isinstance(given, Problem):
            self.problems.append(given)
            return None
        ports, memo = spec.inputs, self._memo
        flat, aliases = self.flat, self.flat.aliases
        literals: dict[str, Any] = {}
        encoded: dict[str, Encoded] = {}
        single: list[Single] = []
        several: list[Several] = []
        for name, value in given.items():
            port = ports.get(name)
            if port is None:
                self.problems.append(complaints.unknown_input(spec, id, name))
                continue
            kind = type(value)
            if kind in SCALARS:
                known = memo.get((port, kind, value))
                if known is not None:
                    literals[name], encoded[name] = known
                    continue
            elif kind is dict and len(value) == 1 and type(link := value.get("link")) is str:
                source, _, output = (flat.resolve(link) if aliases else link).rpartition(".")
                single.append((port, source, output))
                continue
            elif kind is dict or kind is list:
                linked = references(value)
                if linked:
                    names = [split_port(flat.resolve(reference)) for reference in linked]
                    several.append((port, names, tuple(value) if kind is dict else ()))
                    continue
                files = self.tools.loading.files(port, value)
                if files is not None:
                    loaded = self._load(id, port, *files)
                    if port.type.depth:
                        several.append((port, loaded, ()))
                    else:
                        single.append((port, *loaded[0]))
                    continue
                value = literal_of(value)
            self._literal(id, port, value, literals, encoded)
        return spec, literals, encoded, single, several, given

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
        for port, references, names in several:
            link = self._gather(id, port, references, names, encoded, variables)
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

    def _load(
        self, id: str, port: InputPort, spec: NodeSpec, names: list[str]
    ) -> list[tuple[str, str]]:
        """Steps that load the files of a literal; gives the outputs to link it to."""
        self.loading.add(id)
        environment, file = self.tools.literals.environment, spec.inputs[FILE]
        assert file.marker is not None
        loaded = []
        for number, name in enumerate(names):
            problem = file.marker.check(name, environment)
            if problem is not None:
                self._report(problem.code, problem.message, id, port.name, problem.hint)
            encoded = {FILE: self.tools.literals.read(file, name, self.keyed)[1]}
            key = self._key(spec, encoded) if self.keyed else None
            step_id = loading_id(id, port.name, number)
            step = Step(step_id, spec, {FILE: name}, (), (), key, False, encoded)
            if step_id in self.index:  # a plan that is brought up to date
                self.steps[self.index[step_id]] = step
            else:
                self.index[step_id] = len(self.steps)
                self.steps.append(step)
            loaded.append((step_id, next(iter(spec.outputs))))
        return loaded

    def _gather(
        self,
        id: str,
        port: InputPort,
        references: list[tuple[str, str]],
        names: tuple[str, ...],
        encoded: dict[str, Encoded],
        variables: dict[str, TypeExpr],
    ) -> Link | None:
        """The link of an input that takes a list or a dict of links."""
        places: list[Source] = []
        parts: list[Encoded] = []
        per_item = False
        check = None
        for source, output in references:
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
        if len(places) < len(references):
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

    def _literal(
        self,
        id: str,
        port: InputPort,
        value: Any,
        literals: dict[str, Any],
        encoded: dict[str, Encoded],
    ) -> None:
        name = port.name
        if isinstance(value, str) and port.type.names == ("workflow",):
            value = self._subgraph(id, name, value)
            if value is None:
                return
        try:
            checked, encoding = self.tools.literals.read(port, value, self.keyed)
        except ValueError as error:
            code = "value_not_allowed" if port.type.is_plain else "wrong_type"
            self._report(code, str(error), id, name, port.description or None)
            return
        except InvalidWorkflow as error:
            for p in error.problems:
                where = f"{id}/{p.node}" if p.node else id
                self._report(p.code, p.message, where, p.port, p.hint)
            return
        if encoding is None and self.derive is not None and port.marker is None:
            encoding = self.derive(id, name)
        encoded[name] = encoding
        if isinstance(value, Hole):
            return
        literals[name] = checked
        if port.marker is not None and checked is not None:
            problem = port.marker.check(checked, self.tools.literals.environment)
            if problem is not None:
                self._report(problem.code, problem.message, id, name, problem.hint)

    def _subgraph(self, id: str, name: str, value: str) -> Workflow | None:
        scope = self.flat.scope_of(id)
        found = find_subgraph(value, scope, self.tools.saved)
        if found is None:
            self._report("unknown_subgraph", f"there is no subgraph named {value!r}", id, name)
            return None
        # It leaves its document here, so it takes along the subgraphs in its reach.
        reach: dict[str, Workflow] = {}
        for level in reversed(scope):
            reach.update(level)
        return found.model_copy(update={"workflows": {**reach, **found.workflows}})

    def _report(
        self, code: str, message: str, node: str, port: str | None = None, hint: str | None = None
    ) -> None:
        self.problems.append(Problem(code, message, node, port, hint))


def _cycle(start: str, entered: dict[str, Parsed]) -> list[str]:
    """The nodes of the cycle that ``start`` closes, in the direction of the data.

    Those entered are the walk's way from a target to here, and ``start`` is on it.
    """
    ids = list(entered)
    way = ids[ids.index(start) :]
    return [start, *reversed(way[1:])]


def loading_id(id: str, port: str, number: int = 0) -> str:
    """Id of the step that loads a file for an input; no node's own id has a dot."""
    return f"{id}.{port}.{number}" if number else f"{id}.{port}"


def references(value: Any) -> list[str]:
    """The links that an input value holds; empty for a literal.

    A list or a dict of nothing but links is gathered when the run has made them all.
    """
    kind = type(value)
    if kind is dict and len(value) == 1:
        link = value.get("link")
        if isinstance(link, str):
            return [link]
        if is_wrapped(value):
            return []
    elif kind is not dict and kind is not list:
        return []
    found: list[str] = []
    for item in value.values() if kind is dict else value:
        link = link_of(item)
        if link is None:
            return []
        found.append(link)
    return found


def _gathered(given: TypeExpr, names: tuple[str, ...]) -> TypeExpr:
    if names:
        return TypeExpr(("dict",))
    return TypeExpr(given.names, given.depth + 1, given.optional, given.var)


def _resolved(expr: TypeExpr, variables: dict[str, TypeExpr], mapped: bool) -> TypeExpr:
    if expr.var is not None and expr.var in variables:
        bound = variables[expr.var]
        expr = TypeExpr(bound.names, bound.depth + expr.depth, expr.optional)
    return TypeExpr(expr.names, expr.depth + 1, False) if mapped else expr
