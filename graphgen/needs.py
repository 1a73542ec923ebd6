"""Which packs a workflow needs: written into it when it is saved, told when one is missing.

Packs that ship with graphgen are not written down, nor those that a program hands over: nobody
could install them.
"""

from __future__ import annotations

from collections.abc import Mapping

from .problems import Problem
from .registry import Registry
from .workflow import SUBGRAPH_PREFIX, Workflow


def with_packs(workflow: Workflow, registry: Registry) -> Workflow:
    """The same workflow, which says the packs and versions that its nodes come from. What it
    says of nodes whose pack is missing stays."""
    types: dict[str, None] = {}
    written: dict[str, str] = {}
    pending = [workflow]
    while pending:
        level = pending.pop()
        types.update(dict.fromkeys(doc.type for doc in level.nodes.values()))
        written = {**level.packs, **written}
        pending.extend(level.workflows.values())
    needed: dict[str, str] = {}
    missing = []
    for type in types:
        owner = registry.pack_of.get(type)
        if owner in registry.packs:
            needed[owner] = registry.packs[owner]
        elif owner is None and not type.startswith(SUBGRAPH_PREFIX):
            missing.append(type)
    for type in missing:
        needed.update({name: written[name] for name in homes(type, written, registry)})
    packs = dict(sorted(needed.items()))
    return workflow if packs == workflow.packs else workflow.model_copy(update={"packs": packs})


def homes(type: str, packs: Mapping[str, str], registry: Registry) -> list[str]:
    """Which of the packs that a workflow names an unknown node type may come from: the one of
    its category, or else any that is not in use."""
    category = type.split("/", 1)[0]
    if category in packs:
        return [category]
    return [name for name in packs if name not in registry.packs]


def missing_type(id: str, type: str, packs: Mapping[str, str], registry: Registry) -> Problem:
    """That a node's type is unknown, and what to do about it.

    Args:
        id: Of the node.
        packs: That its workflow says it needs, with their versions.
    """
    found = homes(type, packs, registry)
    if not found:
        near = registry.nearest(type)
        hint = f"did you mean {' or '.join(near)}?" if near else "is its pack installed?"
        return Problem("unknown_node_type", f"no pack brings {type!r}", id, hint=hint)
    named = [f"{name!r} {packs[name]}".rstrip() for name in found]
    if len(found) > 1:
        said = f"{type!r} comes with one of the packs {', '.join(named)}, which are not in use"
        return Problem("unknown_node_type", said, id, hint="graphgen plugins list shows why")
    name, said = found[0], f"{type!r} comes with the pack {named[0]}"
    if name in registry.packs:
        installed = registry.packs[name]
        said += f", and installed is {installed or 'another version'}, which does not have it"
        hint = f"install {name} {packs[name]}".rstrip()
    elif name in registry.absent:
        why = registry.absent[name]
        said += f", which is not in use: {why}"
        disabled = why.startswith("disabled")
        hint = f"graphgen plugins {f'enable {name}' if disabled else 'list says more'}"
    else:
        said += ", which is not installed"
        hint = "install it, or put its folder into plugins/ of the workspace"
    return Problem("unknown_node_type", said, id, hint=hint)
