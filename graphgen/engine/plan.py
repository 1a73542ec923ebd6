"""Planning: a document and a registry in, every problem at once or a plan out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..collector import collection_paused
from ..environment import Environment
from ..fingerprint import digest, encode_literal
from ..problems import InvalidWorkflow, Problem
from ..registry import Registry
from ..workflow import Workflow, split_port
from . import complaints
from .analysis import Analysis
from .bypass import bypass
from .fits import Fits
from .flatten import Flat, Saved, flatten, subgraph_of
from .keys import Encoded, Keys, encode_link
from .literals import Hole, Literals
from .loading import Loading
from .reading import Tools
from .revise import Recent
from .step import Plan, Source, Step


class Planner:
    """Turns documents into plans for one engine.

    Args:
        salt: Gives what enters the keys of device nodes, see ``Keys``.
        saved: Finds a saved workflow by name, for subgraphs that a document only names.
        content: Content hash of a value that is no plain data, or None.
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
        self.tools = Tools(
            registry,
            Keys(salt),
            Fits(registry.types),
            Literals(environment or Environment(), self._fingerprint, content),
            Loading(registry),
            saved,
        )
        self._recent = Recent(self.tools)

    def validate(self, workflow: Workflow) -> list[Problem]:
        """Everything that is wrong with a workflow, in the order of its nodes."""
        problems: list[Problem] = []
        flat = self._flat(workflow, problems)
        analysis = Analysis(self.tools, flat, problems, keyed=False)
        analysis.visit(flat.nodes)
        analysis.named_outputs()
        self._check_named_inputs(workflow, problems)
        return problems

    def check(self, workflow: Workflow, targets: Sequence[str] | None = None) -> list[Problem]:
        """Why ``plan`` would refuse; quick, as it reads no file and asks no device for keys."""
        problems: list[Problem] = []
        flat = self._flat(workflow, problems)
        self._check_named_inputs(workflow, problems)
        analysis = Analysis(self.tools, flat, problems, keyed=False)
        self._visit(analysis, targets)
        return problems

    def plan(self, workflow: Workflow, targets: Sequence[str] | None = None) -> Plan:
        """A plan for the named outputs and the nodes that write something, for the given
        target nodes, or, where a workflow names no outputs, for every last node.

        Raises:
            InvalidWorkflow: With every problem of the nodes that the targets need.
        """
        with collection_paused():
            problems: list[Problem] = []
            flat = self._flat(workflow, problems)
            self._check_named_inputs(workflow, problems)
            revised = None if problems else self._recent.revise(flat, targets)
            return revised or self._afresh(flat, targets, problems)

    def _flat(self, workflow: Workflow, problems: list[Problem]) -> Flat:
        flat = flatten(workflow, problems, self.tools.saved)
        if flat.bypassed:
            bypass(flat, self.registry, problems)
        return flat

    def _afresh(self, flat: Flat, targets: Sequence[str] | None, problems: list[Problem]) -> Plan:
        analysis = Analysis(self.tools, flat, problems)
        roots, outputs = self._visit(analysis, targets)
        if problems:
            raise InvalidWorkflow(problems)
        plan = Plan(analysis.steps, [analysis.index[id] for id in roots], outputs, analysis.index)
        self._recent.remember(flat, targets, plan, analysis)
        return plan

    def extend(
        self, workflow: Workflow, prefix: str, derive: Callable[[str, str], Encoded]
    ) -> tuple[list[Step], Flat, dict[str, int]]:
        """Plan what a node returned to be run in its place; for the executor.

        Args:
            prefix: Put before the ids.
            derive: Encodes a literal that is no plain data, by node id and port.

        Raises:
            InvalidWorkflow: With every problem of the fragment, its ids prefixed.
        """
        problems: list[Problem] = []
        flat = self._flat(workflow, problems)
        analysis = Analysis(self.tools, flat, problems, derive)
        analysis.visit(flat.nodes)
        if problems:
            raise InvalidWorkflow(
                Problem(p.code, p.message, f"{prefix}{p.node}" if p.node else None, p.port, p.hint)
                for p in problems
            )
        for step in analysis.steps:
            step.id = prefix + step.id
        return analysis.steps, flat, analysis.index

    def _fingerprint(self, workflow: Workflow, keyed: bool) -> Encoded:
        """Identity of a workflow that a node takes as an argument: what it computes, with
        its inputs as holes. None if part of it is not cacheable.

        Raises:
            InvalidWorkflow: With everything that is wrong with it.
        """
        nodes = dict(workflow.nodes)
        for name in workflow.inputs:
            for id, port in workflow.input_targets(name):
                if id in nodes:
                    inputs = {**nodes[id].inputs, port: Hole(name)}
                    nodes[id] = nodes[id].model_copy(update={"inputs": inputs})
        problems: list[Problem] = []
        holed = workflow.model_copy(update={"nodes": nodes})
        flat = self._flat(holed, problems)
        analysis = Analysis(self.tools, flat, problems, keyed=keyed)
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

    def _visit(
        self, analysis: Analysis, targets: Sequence[str] | None
    ) -> tuple[list[str], dict[str, Source]]:
        """Analyse what a run is for: its nodes, and where the named outputs come from."""
        flat, problems = analysis.flat, analysis.problems
        if targets is not None:
            roots = self._chosen(flat, targets, problems)
        elif flat.outputs:
            roots = self._named(flat)
        else:
            analysis.visit(flat.nodes)
            return analysis.last(), {}
        analysis.visit(roots)
        return roots, analysis.named_outputs() if targets is None else {}

    def _chosen(self, flat: Flat, targets: Sequence[str], problems: list[Problem]) -> list[str]:
        """The target nodes, and what gives the outputs of target subgraphs."""
        roots = []
        for target in targets:
            if target in flat.subgraphs:
                given = flat.subgraphs[target].outputs
                roots += [split_port(flat.resolve(f"{target}.{name}"))[0] for name in given]
            elif target in flat.nodes:
                roots.append(target)
            else:
                problems.append(complaints.unknown_node(target, flat.nodes, "target"))
        return [id for id in dict.fromkeys(roots) if id in flat.nodes]

    def _named(self, flat: Flat) -> list[str]:
        """The nodes that give named outputs, and those that write something."""
        named = (split_port(flat.resolve(r))[0] for r in flat.outputs.values())
        roots = [id for id in dict.fromkeys(named) if id in flat.nodes]
        specs = self.registry.nodes
        return roots + [
            id
            for id, doc in flat.nodes.items()
            if (spec := specs.get(doc.type)) is not None and not spec.outputs
        ]

    def _check_named_inputs(self, workflow: Workflow, problems: list[Problem]) -> None:
        scope = (workflow.workflows,)
        for name in workflow.inputs:
            for id, port in workflow.input_targets(name):
                doc = workflow.nodes.get(id)
                if not port:
                    problems.append(
                        Problem(
                            "invalid_reference",
                            f"the named input {name!r} feeds {id!r}, which names no port",
                            id or None,
                            hint="write node.port",
                        )
                    )
                    continue
                if doc is None:
                    what = f"named input {name!r}"
                    problems.append(complaints.unknown_node(id, workflow.nodes, what))
                    continue
                spec = self.registry.get(doc.type)
                if spec is not None and port not in spec.inputs:
                    problems.append(complaints.unknown_input(spec, id, port))
                used = subgraph_of(doc, scope, None)
                if used is not None and port not in used.inputs:
                    problems.append(
                        Problem(
                            "unknown_input",
                            f"the named input {name!r} feeds {id}.{port}, but the subgraph has "
                            "no such input",
                            id,
                            port,
                            hint=f"its inputs: {', '.join(used.inputs) or 'none'}",
                        )
                    )
