"""Reading one node of a flat document: its type, its checked literals, its links as names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..needs import missing_type
from ..node import NodeSpec
from ..ports import InputPort
from ..problems import InvalidWorkflow, Problem
from ..registry import Registry
from ..workflow import NodeDoc, Workflow, is_wrapped, link_of, literal_of, split_port
from . import complaints
from .fits import Fits
from .flatten import Flat, Saved, find_subgraph
from .keys import Encoded, Keys
from .literals import SCALARS, Hole, Literals
from .loading import FILE, Loading
from .migrate import migrated
from .step import Step


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


class NodeReader:
    """Reads nodes one by one; what is wrong with them is collected.

    Args:
        problems: Problems are appended here.
        derive: Encodes a literal that is no plain data, by node id and port.
        keyed: Whether cache keys are wanted.

    Attributes:
        steps: Of the plan so far; those that load the files of literals are added here.
        index: Where in it the step of each node is.
        loading: Nodes with literals that are loaded from files.
        involved: Nodes of which some input is more than a link or a plain scalar, or whose
            inputs were not looked at.
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
        self._key = tools.keys.step
        self.steps: list[Step] = []
        self.index: dict[str, int] = {}
        self.loading: set[str] = set()
        self.involved: set[str] = set()
        self._unknown: set[str] = set()

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
            self.involved.add(id)
            return spec, {}, {}, [], [], None
        given: Any = doc.inputs
        if doc.version != spec.version:
            self.involved.add(id)
            given = migrated(id, doc, spec)
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
            else:
                self.involved.add(id)
            if kind is dict or kind is list:
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
