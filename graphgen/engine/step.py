"""A plan's steps: nodes with their literals checked, their links resolved, their keys known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..node import NodeSpec


class Source(NamedTuple):
    """One output of an earlier step.

    Attributes:
        step: Index of the step in the plan.
        output: Index of the output in the order of the node's declaration.
        convert: Applied to the value on the way, if the types differ.
    """

    step: int
    output: int
    convert: Callable[[Any], Any] | None = None


Direct = tuple[str, int, int]
"""An input that takes one output of an earlier step as it is: port, step, output."""


class Link(NamedTuple):
    """An input that is fed by earlier steps, and not just directly.

    Attributes:
        port: Name of the input.
        sources: One source, or those that are gathered into a list.
        gather: Whether the sources become a list.
        per_item: Whether the arriving list is taken apart, the node running per item.
        check: Checks a value when it arrives, where its type is known only then or the
            input is constrained.
        lazy: Computed only if the node asks.
        keys: The sources become a dict with these keys.
        listed: The document gives a list or a dict of links, if only of one.
    """

    port: str
    sources: tuple[Source, ...]
    gather: bool = False
    per_item: bool = False
    check: Callable[[Any], Any] | None = None
    lazy: bool = False
    keys: tuple[str, ...] = ()
    listed: bool = False


@dataclass(slots=True, eq=False)
class Step:
    """One node, ready to run.

    Attributes:
        id: The node's id; ``outer/inner`` inside a subgraph.
        spec: The node type.
        literals: Arguments that are known already.
        direct: Arguments that earlier steps make, taken as they are.
        links: Arguments that earlier steps make, with something to be done on the way.
        key: Cache key; None is never cached.
        mapped: A list arrives where one value is wanted, so the node runs per item.
        encoded: What each input that is set or linked adds to the key.
        set_aside: Muted or bypassed: its outputs are skipped.
    """

    id: str
    spec: NodeSpec
    literals: dict[str, Any]
    direct: tuple[Direct, ...]
    links: tuple[Link, ...]
    key: bytes | None
    mapped: bool = False
    encoded: dict[str, bytes | None] = field(default_factory=dict)
    set_aside: bool = False

    def sources(self, lazy: bool = False) -> Iterator[int]:
        """Indexes of the steps that make its arguments; lazy ones only if asked for."""
        for _, at, _ in self.direct:
            yield at
        for link in self.links:
            if lazy or not link.lazy:
                for source in link.sources:
                    yield source.step


@dataclass(slots=True)
class Plan:
    """What a run will do, in an order in which every step follows those it needs.

    Attributes:
        steps: All steps that the targets may need.
        targets: Indexes of the steps that the run is for.
        outputs: The workflow's named outputs: where each comes from.
        index: Step index by node id.
    """

    steps: list[Step]
    targets: list[int]
    outputs: dict[str, Source]
    index: dict[str, int]
