"""Subgraphs are drawn, not run: a workflow used as a node is replaced by its nodes.

After this the graph is one flat set of nodes, so that planning, keys and the executor
know nothing of subgraphs. A node ``blur`` inside the subgraph node ``soft`` is ``soft/blur``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from ..problems import InvalidWorkflow, Problem
from ..workflow import SUBGRAPH_PREFIX, NodeDoc, Workflow, link_of

MAX_NODES = 100_000
Scope = tuple[Mapping[str, Workflow], ...]
Saved = Callable[[str], "Workflow | None"]
Mode = Literal["muted", "bypassed"] | None


@dataclass
class Flat:
    """A document without subgraphs.

    Attributes:
        nodes: Type, version and inputs by id.
        aliases: ``subgraph.output`` to the ``node.output`` that it stands for.
        scopes: The subgraphs in reach, by the prefix of the ids that reach them.
        subgraphs: What each subgraph node stands for, by its id.
        packs: Versions of the packs that the document and its subgraphs say they need.
        bypassed: Inputs of the bypassed nodes, subgraph nodes among them, by id.
    """

    nodes: dict[str, NodeDoc]
    outputs: dict[str, str]
    aliases: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    subgraphs: dict[str, Workflow] = field(default_factory=dict)
    bypassed: dict[str, dict[str, Any]] = field(default_factory=dict)
    packs: dict[str, str] = field(default_factory=dict)

    def resolve(self, reference: str) -> str:
        """Follow aliases until the reference names an output of a real node."""
        while reference in self.aliases:
            reference = self.aliases[reference]
        return reference

    def scope_of(self, id: str) -> Scope:
        return self.scopes.get(id.rpartition("/")[0], ())


def flatten(workflow: Workflow, problems: list[Problem], saved: Saved | None = None) -> Flat:
    """Replace every subgraph node by the nodes of its workflow.

    Args:
        problems: What is wrong with subgraphs is appended here.
        saved: Finds a saved workflow by name, for names that the document does not hold.
    """
    flat = Flat(
        {}, dict(workflow.outputs), scopes={"": (workflow.workflows,)}, packs=dict(workflow.packs)
    )
    if not any(doc.type.startswith(SUBGRAPH_PREFIX) for doc in workflow.nodes.values()):
        flat.nodes = workflow.nodes
        flat.bypassed = {
            id: doc.inputs for id, doc in workflow.nodes.items() if doc.mode == "bypassed"
        }
        return flat
    saved = read_once(saved)
    pending: list[
        tuple[str, Workflow, Scope, dict[tuple[str, str], Any], tuple[Workflow, ...], Mode]
    ]
    pending = [("", workflow, (workflow.workflows,), {}, (workflow,), None)]
    while pending:
        prefix, inner, scope, given, inside, around = pending.pop()
        flat.scopes[prefix.rstrip("/")] = scope
        for id, doc in inner.nodes.items():
            full = prefix + id
            inputs = {port: _relink(value, prefix) for port, value in doc.inputs.items()}
            inputs.update({port: v for (node, port), v in given.items() if node == id})
            if doc.mode == "bypassed":
                flat.bypassed[full] = inputs
            mode: Mode = "muted" if around is not None else doc.mode
            if not doc.type.startswith(SUBGRAPH_PREFIX):
                flat.nodes[full] = doc.model_copy(update={"inputs": inputs, "mode": mode})
                continue
            name = doc.type.removeprefix(SUBGRAPH_PREFIX)
            try:
                used = find_subgraph(name, scope, saved)
            except InvalidWorkflow as error:  # a saved workflow that is broken
                problems.extend(Problem(p.code, p.message, full) for p in error.problems)
                continue
            if used is None:
                known = sorted({key for level in scope for key in level})
                problems.append(
                    Problem(
                        "unknown_subgraph",
                        f"there is no subgraph named {name!r}",
                        full,
                        hint=f"the document holds: {', '.join(known) or 'none'}",
                    )
                )
                continue
            if any(used is outer for outer in inside):
                problems.append(
                    Problem(
                        "recursive_subgraph",
                        f"the subgraph {name!r} uses itself",
                        full,
                        hint="repeat with control/while",
                    )
                )
                continue
            if len(flat.nodes) + len(flat.subgraphs) > MAX_NODES:
                problems.append(
                    Problem("too_large", f"subgraphs unfold to more than {MAX_NODES} nodes", full)
                )
                return flat
            flat.subgraphs[full] = used
            flat.packs.update(used.packs)
            passed: dict[tuple[str, str], Any] = {}
            for port, value in inputs.items():
                if port not in used.inputs:
                    problems.append(
                        Problem(
                            "unknown_input",
                            f"the subgraph {name!r} has no input named {port!r}",
                            full,
                            port,
                            hint=f"its inputs: {', '.join(used.inputs) or 'none'}",
                        )
                    )
                    continue
                for target in used.input_targets(port):
                    if target[0] not in used.nodes:
                        problems.append(
                            Problem(
                                "unknown_node",
                                f"the subgraph's input {port!r} feeds {target[0]!r}, which does "
                                "not exist",
                                full,
                                port,
                            )
                        )
                    passed[target] = value
            for output, reference in used.outputs.items():
                flat.aliases[f"{full}.{output}"] = f"{full}/{reference}"
            deeper = (used.workflows, *scope)
            pending.append((f"{full}/", used, deeper, passed, (*inside, used), mode))
    return flat


def find_subgraph(name: str, scope: Scope, saved: Saved | None) -> Workflow | None:
    """The subgraph of that name: the innermost document's first, then a saved workflow."""
    for level in scope:
        if name in level:
            return level[name]
    return saved(name) if saved is not None else None


def read_once(saved: Saved | None) -> Saved | None:
    """One object per name, by which a saved workflow within itself is known."""
    return None if saved is None else cache(saved)


def subgraph_of(doc: NodeDoc, scope: Scope, saved: Saved | None) -> Workflow | None:
    """What a node is drawn for, if it is a subgraph node."""
    if not doc.type.startswith(SUBGRAPH_PREFIX):
        return None
    return find_subgraph(doc.type.removeprefix(SUBGRAPH_PREFIX), scope, saved)


def _relink(value: Any, prefix: str) -> Any:
    if not prefix:
        return value
    link = link_of(value)
    if link is not None:
        return {"link": prefix + link}
    if type(value) is list and all(link_of(item) is not None for item in value):
        return [_relink(item, prefix) for item in value]
    if type(value) is dict and all(link_of(item) is not None for item in value.values()):
        return {key: _relink(item, prefix) for key, item in value.items()}
    return value
