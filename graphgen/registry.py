"""The registry: names to node types and port types. A pack registers whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from .node import NodeSpec, spec_of
from .problems import InvalidNode, Problem
from .types import Types, TypeSpec
from .workflow import Workflow


class Registry:
    """Node specs by id, and the port types they use.

    Attributes:
        pack_of: Name of the pack that brings a node, by its id.
        packs: Versions of the packs in use that were installed or lie in a folder, by name.
        absent: Why packs that were found are not in use, by name.
    """

    def __init__(self) -> None:
        self.types = Types([TypeSpec(Workflow, colour="#6b7280", stored=False)])
        self.nodes: dict[str, NodeSpec] = {}
        self.pack_of: dict[str, str] = {}
        self.packs: dict[str, str] = {}
        self.absent: dict[str, str] = {}

    def add_types(self, specs: Iterable[TypeSpec]) -> None:
        """Register port types; all of them, or none when one can't be.

        Raises:
            InvalidNode: A name is taken.
        """
        added: list[TypeSpec] = []
        for spec in specs:
            try:
                self.types.add(spec)
            except ValueError as error:
                for earlier in added:
                    self.types.discard(earlier)
                raise InvalidNode(Problem("duplicate_type", str(error))) from None
            added.append(spec)

    def add_nodes(self, functions: Iterable[Callable[..., Any]], pack: str = "") -> None:
        """Register node functions; all of them, or none when one can't be.

        Raises:
            InvalidNode: With every problem of every declaration; ids that are taken, by
                another pack or twice in this one, are among them.
        """
        problems: list[Problem] = []
        specs: dict[str, NodeSpec] = {}
        for function in functions:
            try:
                spec = spec_of(function, self.types)
            except InvalidNode as error:
                problems.extend(error.problems)
                continue
            if spec.id in self.nodes or spec.id in specs:
                owner = self.pack_of.get(spec.id)
                where = f"by {owner!r}" if owner else f"by {pack!r}, which lists two"
                problems.append(
                    Problem(
                        "duplicate_node",
                        f"the node type {spec.id!r} is already registered {where}",
                        spec.id,
                        hint="give it another id, such as one that begins with the pack's name",
                    )
                )
                continue
            specs[spec.id] = spec
        if problems:
            raise InvalidNode(problems)
        self.nodes.update(specs)
        self.pack_of.update(dict.fromkeys(specs, pack))

    def get(self, id: str) -> NodeSpec | None:
        return self.nodes.get(id)

    def loads_from_file(self, name: str) -> bool:
        """Whether values of the port type of this name are read from files."""
        spec = self.types.by_name.get(name)
        return spec is not None and spec.load is not None

    def nearest(self, id: str) -> list[str]:
        """Registered ids that look like ``id``, best first."""
        return get_close_matches(id, self.nodes, n=3, cutoff=0.5)
