"""Planning: a document and a registry in, every problem at once or a plan out. Pure.

The walk is iterative and visits each node once, so a chain of any length neither
recurses nor costs more than linearly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from ..environment import Environment
from ..fingerprint import digest, encode_literal
from ..node import InputPort, NodeSpec, OutputPort
from ..problems import InvalidWorkflow, Problem
from ..registry import Registry
from ..types import ANY, Fit, TypeExpr, compatible
from ..workflow import NodeDoc, Workflow, link_of, literal_of, split_port
from .flatten import Flat, Saved, find_subgraph, flatten
from .keys import Encoded, Keys, encode_link, encode_sources
from .step import Link, Plan, Source, Step

_SCALARS = (int, float, str, bool)
_MEMO_LIMIT = 50_000
Form = bool | tuple[str, ...]
"""How the links of one input become one value: as it is, as a list, or as a dict's values."""
_Parsed = tuple[NodeSpec, dict[str, Any], dict[str, tuple[list[str], Form]]]
_Fitted = tuple[Fit, Callable[[Any], Any] | None, Callable[[Any], Any] | None]


class Planner:
    """Turns documents into plans for one engine.

    Args:
        salt: Gives what enters the keys of device nodes, see ``Keys``.
        content: Content hash of a value that is no plain data, or None.
        saved: Finds a saved workflow by name, for subgraphs that a document only names.
    """

    def __init__(
        self,
        registry: Registry,
        environment: Environment | None = None,
        salt: Callable[[], str] = str,
        saved: Saved | None = None,
        content: Callable[[Any], str | None] = lambda value: None,
    ) -> None:
        self.registry = registry
        self.environment = environment or Environment()
        self.keys = Keys(salt)
        self.saved = saved
        self.content = content
        self._fits: dict[tuple[OutputPort, InputPort], _Fitted | None] = {}
        self._literals: dict[tuple[InputPort, type, Any], tuple[Any, Encoded]] = {}

    def validate(self, workflow: Workflow) -> list[Problem]:
        """Everything that is wrong with a workflow, in the order of its nodes."""
        problems: list[Problem] = []
        flat = flatten(workflow, problems, self.saved)
        analysis = _Analysis(self, flat, problems, keyed=False)
        analysis.visit(flat.nodes)
        analysis.named_outputs()
        self._check_named_inputs(workflow, problems)
        return problems

    def plan(self, workflow: Workflow, targets: Sequence[str] | None = None) -> Plan:
        """A plan for the named outputs and the nodes that write something, for the given
        target nodes, or, where a workflow names no outputs, for every last node.

        Raises:
            InvalidWorkflow: With every problem of the nodes that the targets need.
        """
        problems: list[Problem] = []
        flat = flatten(workflow, problems, self.saved)
        self._check_named_inputs(workflow, problems)
        analysis = _Analysis(self, flat, problems)
        roots = self._roots(flat, targets, problems)
        analysis.visit(roots)
        outputs = analysis.named_outputs() if targets is None else {}
        if problems:
            raise InvalidWorkflow(problems)
        return Plan(
            analysis.steps, [analysis.index[id] for id in roots], outputs, analysis.index
        )

    def extend(
        self,
        workflow: Workflow,
        prefix: str,
        derive: Callable[..., Encoded],
    ) -> tuple[list[Step], Flat, dict[str, int]]:
        """Plan what a node returned to be run in its place; for the executor.

        Args:
            prefix: Put before the ids.
            derive: Encodes a literal that is no plain data, by node id and port.

        Raises:
            InvalidWorkflow: With every problem of the fragment, its ids prefixed.
        """
        problems: list[Problem] = []
        flat = flatten(workflow, problems, self.saved)
        analysis = _Analysis(self, flat, problems, derive)
        analysis.visit(flat.nodes)
        if problems:
            raise InvalidWorkflow(
                [
                    Problem(p.code, p.message, f"{prefix}{p.node}" if p.node else None, p.port, p.hint)
                    for p in problems
                ]
            )
        for step in analysis.steps:
            step.id = prefix + step.id
        return analysis.steps, flat, analysis.index

    def fingerprint(self, workflow: Workflow, keyed: bool = True) -> Encoded:
        """Identity of a workflow that a node takes as an argument: what it computes, with
        its inputs as holes. None if part of it is not cacheable.

        Raises:
            InvalidWorkflow: With everything that is wrong with it.
        """
        nodes = dict(workflow.nodes)
        for name in workflow.inputs:
            for id, port in workflow.input_targets(name):
                if id in nodes:
                    inputs = {**nodes[id].inputs, port: _Hole(name)}
                    nodes[id] = nodes[id].model_copy(update={"inputs": inputs})
        problems: list[Problem] = []
        flat = flatten(workflow.model_copy(update={"nodes": nodes}), problems, self.saved)
        analysis = _Analysis(self, flat, problems, keyed=keyed)
        analysis.visit(flat.nodes)
        outputs = analysis.named_outputs()
        self._check_named_inputs(workflow, problems)
        if problems:
            raise InvalidWorkflow(problems)
        parts = [encode_literal([sorted(workflow.inputs), sorted(outputs)])]
        for name in sorted(outputs):
            step = analysis.steps[outputs[name].step]
            parts.append(encode_link(step.key, list(step.spec.outputs)[outputs[name].output]))
        return None if None in parts else b"w" + digest(b"".join(parts))  # type: ignore[arg-type]

    def _roots(
        self, flat: Flat, targets: Sequence[str] | None, problems: list[Problem]
    ) -> list[str]:
        if targets is not None:
            roots = []
            for target in targets:
                if target in flat.nodes:
                    roots.append(target)
                else:
                    problems.append(_unknown_node(target, flat, "target"))
            return roots
        if flat.outputs:
            named = (split_port(flat.resolve(r))[0] for r in flat.outputs.values())
            roots = [id for id in dict.fromkeys(named) if id in flat.nodes]
            return roots + [
                id
                for id, doc in flat.nodes.items()
                if (spec := self.registry.get(doc.type)) and not spec.outputs
            ]
        linked = {
            split_port(flat.resolve(reference))[0]
            for doc in flat.nodes.values()
            for value in doc.inputs.values()
            for reference in references(value)
        }
        # A cycle has no last node; then everything is wanted, and the walk reports it.
        return [id for id in flat.nodes if id not in linked] or list(flat.nodes)

    def _check_named_inputs(self, workflow: Workflow, problems: list[Problem]) -> None:
        for name in workflow.inputs:
            for node, port in workflow.input_targets(name):
                doc = workflow.nodes.get(node)
                if doc is None:
                    problems.append(
                        Problem(
                            "unknown_node",
                            f"the named input {name!r} feeds {node!r}, which does not exist",
                            node,
                            port or None,
                        )
                    )
                    continue
                spec = self.registry.get(doc.type)
                if spec is not None and port not in spec.inputs:
                    problems.append(_unknown_port(spec, node, port))

    def fit(self, output: OutputPort, target: InputPort) -> _Fitted | None:
        """How the declared types of two ports go together; remembered."""
        try:
            return self._fits[output, target]
        except KeyError:
            fitted = self._fits[output, target] = self.fit_types(output.type, target)
            return fitted

    def fit_types(self, source: TypeExpr, target: InputPort) -> _Fitted | None:
        how = compatible(source, target.type, self.registry.types)
        if how is None:
            return None
        convert = None
        if not set(source.names) & set(target.type.names) and ANY not in (
            *source.names,
            *target.type.names,
        ):
            convert = next(
                found
                for s in source.names
                for t in target.type.names
                if (found := self.registry.types.conversion(s, t))
            )
        opaque = ANY in source.names and ANY not in target.type.names
        narrowed = len(source.names) > 1 and not set(source.names) <= set(target.type.names)
        none = source.optional and not target.type.optional
        check = target.validate if opaque or narrowed or none or target.constrained else None
        return how, convert, check

    def literal(self, port: InputPort, value: Any, keyed: bool = True) -> tuple[Any, Encoded]:
        """A literal checked against its port, and its encoding, if keys are wanted.

        Raises:
            ValueError: It is not allowed; the text says why.
        """
        simple = type(value) in _SCALARS
        if simple:
            found = self._literals.get((port, type(value), value))
            # 0.0 == -0.0, so zeros would share an entry.
            if found is not None and value != 0:
                return found
        checked = port.validate(value)
        encoded: Encoded
        if port.marker is not None:
            if not keyed or checked is None:
                return checked, encode_literal(checked)
            return checked, _encode_content(port.marker.fingerprint(checked, self.environment))
        if isinstance(checked, Workflow):
            return checked, self.fingerprint(checked, keyed)
        encoded = encode_literal(checked)
        if encoded is None and keyed:
            encoded = _encode_content(self.content(checked))
        if simple and len(self._literals) < _MEMO_LIMIT:
            self._literals[port, type(value), value] = checked, encoded
        return checked, encoded


class _Hole(NamedTuple):
    """Stands for the value of a named input in the fingerprint of a workflow."""

    name: str


class _Analysis:
    """One walk over a flat document: resolves links, checks types, computes keys."""

    def __init__(
        self,
        planner: Planner,
        flat: Flat,
        problems: list[Problem],
        derive: Callable[..., Encoded] | None = None,
        keyed: bool = True,
    ) -> None:
        self.planner = planner
        self.keyed = keyed
        self.flat = flat
        self.problems = problems
        self.derive = derive
        self.steps: list[Step] = []
        self.index: dict[str, int] = {}
        self._types: dict[int, dict[str, TypeExpr]] = {}
        self._broken: set[str] = set()

    def visit(self, roots: Iterable[str]) -> None:
        """Make the steps of the roots and of all that they need, each after its sources."""
        index, nodes, broken = self.index, self.flat.nodes, self._broken
        for root in roots:
            if root in index or root in broken:
                continue
            stack = [root]
            parsed: dict[str, _Parsed] = {}
            while stack:
                id = stack[-1]
                if id in index or id in broken:
                    stack.pop()
                    continue
                if id in parsed:  # everything it needs has been visited since
                    stack.pop()
                    self._finish(id, *parsed.pop(id))
                    continue
                read = self._parse(id, nodes[id])
                if read is None:
                    broken.add(id)
                    stack.pop()
                    continue
                missing = []
                for linked, _ in read[2].values():
                    for reference in linked:
                        source = reference.rpartition(".")[0]
                        if source not in index and source not in broken and source in nodes:
                            missing.append(source)
                if not missing:
                    stack.pop()
                    self._finish(id, *read)
                    continue
                parsed[id] = read
                cyclic = [source for source in missing if source in parsed]
                if cyclic:
                    self._report_cycle(cyclic[0], stack, parsed)
                    stack.pop()
                    del parsed[id]
                    broken.add(id)
                    continue
                stack.extend(missing)

    def named_outputs(self) -> dict[str, Source]:
        """Where the document's named outputs come from; problems are reported."""
        outputs: dict[str, Source] = {}
        for name, given in self.flat.outputs.items():
            id, port = split_port(self.flat.resolve(given))
            at = self.index.get(id)
            if at is None:
                if id not in self._broken:
                    self.problems.append(_unknown_node(id, self.flat, f"named output {name!r}"))
                continue
            spec = self.steps[at].spec
            if port not in spec.outputs:
                self.problems.append(_unknown_output(spec, id, port, f"named output {name!r}"))
                continue
            outputs[name] = Source(at, list(spec.outputs).index(port))
        return outputs

    def _parse(self, id: str, doc: NodeDoc) -> _Parsed | None:
        spec = self.planner.registry.nodes.get(doc.type)
        if spec is None:
            near = self.planner.registry.nearest(doc.type)
            hint = f"did you mean {' or '.join(near)}?" if near else "is its pack installed?"
            self.problems.append(
                Problem("unknown_node_type", f"no pack brings {doc.type!r}", id, hint=hint)
            )
            return None
        given = doc.inputs if doc.version == spec.version else self._migrate(id, doc, spec)
        if given is None:
            return None
        literals: dict[str, Any] = {}
        links: dict[str, tuple[list[str], Form]] = {}
        aliases = self.flat.aliases
        for port, value in given.items():
            kind = type(value)
            if kind is dict or kind is list:
                found = references(value)
                if found:
                    if aliases:
                        found = [self.flat.resolve(reference) for reference in found]
                    links[port] = found, _form(value)
                    continue
                value = literal_of(value)
            literals[port] = value
        return spec, literals, links

    def _migrate(self, id: str, doc: NodeDoc, spec: NodeSpec) -> dict[str, Any] | None:
        inputs = dict(doc.inputs)
        for version in range(doc.version, spec.version):
            migrate = spec.migrations.get(version)
            if migrate is None:
                self._report(
                    "no_migration",
                    f"saved with version {doc.version} of {spec.id!r}; "
                    f"its pack has version {spec.version} and no way forward from {version}",
                    id,
                )
                return None
            inputs = migrate(inputs)
        if doc.version > spec.version:
            self._report(
                "unknown_version",
                f"needs version {doc.version} of {spec.id!r}, the installed pack has "
                f"{spec.version}",
                id,
                hint="update the pack",
            )
            return None
        return inputs

    def _finish(
        self,
        id: str,
        spec: NodeSpec,
        given: dict[str, Any],
        linked: dict[str, tuple[list[str], Form]],
    ) -> None:
        ports = spec.inputs
        literals: dict[str, Any] = {}
        encoded: dict[str, Encoded] = {}
        for name, value in given.items():
            port = ports.get(name)
            if port is None:
                self.problems.append(_unknown_port(spec, id, name))
                continue
            self._literal(id, port, value, literals, encoded)
        links: list[Link] = []
        mapped = False
        variables: dict[str, TypeExpr] = {}
        for name, (sources, form) in linked.items():
            port = ports.get(name)
            if port is None:
                self.problems.append(_unknown_port(spec, id, name))
                continue
            link = self._link(id, port, sources, form, encoded, variables)
            if link is not None:
                links.append(link)
                mapped = mapped or link.per_item
        if len(given) + len(linked) < len(ports):
            for name, port in ports.items():
                if name in given or name in linked or not port.required:
                    continue
                self._report(
                    "missing_input", f"{name!r} ({port.type}) is neither set nor linked", id, name
                )
        key = self.planner.keys.step(spec, encoded) if self.keyed else None
        at = len(self.steps)
        self.index[id] = at
        self.steps.append(Step(id, spec, literals, tuple(links), key, mapped))
        if mapped or variables:
            self._types[at] = {
                name: _resolved(output.type, variables, mapped)
                for name, output in spec.outputs.items()
            }

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
        if isinstance(value, _Hole):
            encoded[name] = b"h" + encode_literal(value.name)  # type: ignore[operator]
            return
        try:
            literals[name], encoding = self.planner.literal(port, value, self.keyed)
        except ValueError as error:
            code = "value_not_allowed" if port.type.is_plain else "wrong_type"
            self._report(code, str(error), id, name, hint=port.description or None)
            return
        except InvalidWorkflow as error:
            for p in error.problems:
                where = f"{id}/{p.node}" if p.node else id
                self._report(p.code, p.message, where, p.port, p.hint)
            return
        if encoding is None and self.derive is not None and port.marker is None:
            encoding = self.derive(id, name)
        encoded[name] = encoding
        if port.marker is not None and literals[name] is not None:
            problem = port.marker.check(literals[name], self.planner.environment)
            if problem is not None:
                self._report(problem.code, problem.message, id, name, problem.hint)

    def _subgraph(self, id: str, name: str, value: str) -> Workflow | None:
        scope = self.flat.scope_of(id)
        found = find_subgraph(value, scope, self.planner.saved)
        if found is None:
            self._report("unknown_subgraph", f"there is no subgraph named {value!r}", id, name)
            return None
        # It leaves its document here, so it takes along the subgraphs in its reach.
        reach: dict[str, Workflow] = {}
        for level in reversed(scope):
            reach.update(level)
        return found.model_copy(update={"workflows": {**reach, **found.workflows}})

    def _link(
        self,
        id: str,
        port: InputPort,
        linked: list[str],
        form: Form,
        encoded: dict[str, Encoded],
        variables: dict[str, TypeExpr],
    ) -> Link | None:
        sources: list[Source] = []
        parts: list[Encoded] = []
        gather = per_item = False
        check: Callable[[Any], Any] | None = None
        for reference in linked:
            source_id, _, name = reference.rpartition(".")
            at = self.index.get(source_id)
            if at is None:
                if source_id not in self._broken:
                    problem = _unknown_node(source_id or name, self.flat, "link", id, port.name)
                    self.problems.append(problem)
                return None
            step = self.steps[at]
            output = step.spec.outputs.get(name)
            if output is None:
                self.problems.append(_unknown_output(step.spec, source_id, name, "link", id, port.name))
                return None
            inferred = self._types.get(at)
            expr = inferred[name] if inferred else output.type
            if form is False and not inferred:
                fitted = self.planner.fit(output, port)
            else:
                if form is True:
                    expr = TypeExpr(expr.names, expr.depth + 1, expr.optional, expr.var)
                elif form:
                    expr = TypeExpr(("dict",))
                fitted = self.planner.fit_types(expr, port)
            if fitted is None or (port.lazy and fitted[0] is Fit.MAP):
                self._report(
                    "type_mismatch",
                    f"takes {port.type}, but {reference} gives {expr}",
                    id,
                    port.name,
                    hint=self._conversion_hint(expr),
                )
                return None
            how, convert, check = fitted
            gather = form is not False or how is Fit.COLLECT
            per_item = per_item or how is Fit.MAP
            if port.type.var is not None:
                element = TypeExpr(expr.names, max(expr.depth - port.type.depth, 0))
                variables.setdefault(port.type.var, element)
            outputs = step.spec.outputs
            sources.append(Source(at, 0 if len(outputs) == 1 else list(outputs).index(name), convert))
            parts.append(encode_link(step.key, name, convert))
        keys = form if isinstance(form, tuple) else ()
        encoded[port.name] = encode_sources(parts, keys) if form else parts[0]
        return Link(port.name, tuple(sources), gather, per_item, check, port.lazy, keys)

    def _conversion_hint(self, expr: TypeExpr) -> str | None:
        names = [t for name in expr.names for t in self.planner.registry.types.converts_to(name)]
        return f"{expr} also fits {', '.join(names)}" if names else None

    def _report(
        self, code: str, message: str, node: str, port: str | None = None, hint: str | None = None
    ) -> None:
        self.problems.append(Problem(code, message, node, port, hint))

    def _report_cycle(self, start: str, stack: list[str], parsed: Mapping[str, Any]) -> None:
        path = [id for id in stack[stack.index(start) :] if id in parsed]
        self._report(
            "cycle",
            f"the links form a cycle: {' -> '.join([*path, start])}",
            start,
            hint="remove one of these links; repeat with control/while",
        )


def _encode_content(content: str | None) -> Encoded:
    return None if content is None else b"m" + content.encode()


def references(value: Any) -> list[str]:
    """The links that an input value holds; empty for a literal.

    A list or a dict of nothing but links is gathered when the run has made them all.
    """
    kind = type(value)
    if kind is dict:
        if len(value) == 1 and type(link := value.get("link")) is str:
            return [link]
        items = value.values()
    elif kind is list:
        items = value
    else:
        return []
    found: list[str] = []
    for item in items:
        link = link_of(item)
        if link is None:
            return []
        found.append(link)
    return found


def _form(value: Any) -> Form:
    if type(value) is list:
        return True
    return False if link_of(value) is not None else tuple(value)


def _resolved(expr: TypeExpr, variables: Mapping[str, TypeExpr], mapped: bool) -> TypeExpr:
    if expr.var is not None and expr.var in variables:
        bound = variables[expr.var]
        expr = TypeExpr(bound.names, bound.depth + expr.depth, expr.optional)
    return TypeExpr(expr.names, expr.depth + 1, False) if mapped else expr


def _unknown_node(
    id: str, flat: Flat, what: str, node: str | None = None, port: str | None = None
) -> Problem:
    near = get_close_matches(id, flat.nodes, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else None
    return Problem(
        "unknown_node", f"the {what} names {id!r}, which does not exist", node or id, port, hint
    )


def _unknown_port(spec: NodeSpec, id: str, port: str) -> Problem:
    return Problem(
        "unknown_input",
        f"{spec.id!r} has no input named {port!r}",
        id,
        port,
        hint=f"its inputs: {', '.join(spec.inputs) or 'none'}",
    )


def _unknown_output(
    spec: NodeSpec,
    id: str,
    output: str,
    what: str,
    node: str | None = None,
    port: str | None = None,
) -> Problem:
    return Problem(
        "unknown_output",
        f"the {what} names {id}.{output}, but {spec.id!r} has no such output",
        node or id,
        port,
        hint=f"its outputs: {', '.join(spec.outputs) or 'none'}",
    )
