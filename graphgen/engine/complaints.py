"""The words for what planning finds wrong with links and names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

from ..node import NodeSpec
from ..problems import Problem

MOST_COMPARED = 50


def unknown_node(
    id: str, known: Iterable[str], what: str, node: str | None = None, port: str | None = None
) -> Problem:
    # Comparing with every id, for every dead link, would be quadratic.
    near = get_close_matches(id, list(islice(known, MOST_COMPARED)), n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else None
    return Problem(
        "unknown_node", f"the {what} names {id!r}, which does not exist", node or id, port, hint
    )


def unknown_input(spec: NodeSpec, id: str, port: str) -> Problem:
    return Problem(
        "unknown_input",
        f"{spec.id!r} has no input named {port!r}",
        id,
        port,
        hint=f"its inputs: {', '.join(spec.inputs) or 'none'}",
    )


def unknown_output(
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


def missing_input(id: str, port: str, type: object) -> Problem:
    return Problem("missing_input", f"{port!r} ({type}) is neither set nor linked", id, port)


def cycle(path: list[str]) -> Problem:
    return Problem(
        "cycle",
        f"the links form a cycle: {' -> '.join([*path, path[0]])}",
        path[0],
        hint="remove one of these links; repeat with control/while",
    )
