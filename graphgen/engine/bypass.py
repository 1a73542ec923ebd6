"""Bypassed nodes: each of their outputs stands for one of their linked inputs."""

from __future__ import annotations

from ..problems import Problem
from ..registry import Registry
from ..types import Fit, TypeExpr, compatible
from ..workflow import link_of, split_port
from . import complaints
from .flatten import Flat


def bypass(flat: Flat, registry: Registry, problems: list[Problem]) -> None:
    """Enter what the outputs of bypassed nodes stand for among the document's aliases.

    An output takes the first linked input of its own type that no other output has taken,
    else one of a fitting type. An output without such an input is skipped, like those of a
    muted node.
    """
    passed: dict[str, str] = {}
    for id in flat.bypassed:
        passed.update(_passed_on(flat, registry, id))
    if passed:
        flat.aliases = {**flat.aliases, **passed}
        _shorten(flat, list(passed), problems)


def _passed_on(flat: Flat, registry: Registry, id: str) -> dict[str, str]:
    """References that the outputs of one node stand for, by the outputs' references."""
    free: list[tuple[TypeExpr, str]] = []
    for port, value in flat.bypassed[id].items():
        link = link_of(value)
        type_ = _input_type(flat, registry, id, port)
        if link is not None and type_ is not None:
            free.append((type_, link))
    found: dict[str, str] = {}
    for name, type_ in _outputs(flat, registry, id).items():
        fitting = [
            pair for pair in free if compatible(pair[0], type_, registry.types) is Fit.DIRECT
        ]
        same = [pair for pair in fitting if pair[0].names == type_.names]
        chosen = next(iter(same or fitting), None)
        if chosen is not None:
            found[f"{id}.{name}"] = chosen[1]
            if len(free) > 1:
                free.remove(chosen)
    return found


def _outputs(flat: Flat, registry: Registry, id: str) -> dict[str, TypeExpr]:
    if id not in flat.subgraphs:
        spec = registry.get(flat.nodes[id].type) if id in flat.nodes else None
        return {name: port.type for name, port in spec.outputs.items()} if spec else {}
    types = {}
    for name in flat.subgraphs[id].outputs:
        node, output = split_port(flat.resolve(f"{id}.{name}"))
        spec = registry.get(flat.nodes[node].type) if node in flat.nodes else None
        if spec is not None and output in spec.outputs:
            types[name] = spec.outputs[output].type
    return types


def _input_type(flat: Flat, registry: Registry, id: str, port: str) -> TypeExpr | None:
    while id in flat.subgraphs:
        used = flat.subgraphs[id]
        targets = used.input_targets(port) if port in used.inputs else []
        if not targets:
            return None
        id, port = f"{id}/{targets[0][0]}", targets[0][1]
    spec = registry.get(flat.nodes[id].type) if id in flat.nodes else None
    return spec.inputs[port].type if spec is not None and port in spec.inputs else None


def _shorten(flat: Flat, passed: list[str], problems: list[Problem]) -> None:
    """Lead each new alias to its end, so that long rows of bypassed nodes cost nothing
    later; a row that closes on itself is reported."""
    aliases = flat.aliases
    for start in passed:
        way: dict[str, None] = {}
        at = start
        while at in aliases and at not in way:
            way[at] = None
            at = aliases[at]
        if at in way:
            circle = list(way)[list(way).index(at) :]
            problems.append(complaints.cycle([split_port(output)[0] for output in circle][::-1]))
            for output in way:
                del aliases[output]
        else:
            aliases.update(dict.fromkeys(way, at))
