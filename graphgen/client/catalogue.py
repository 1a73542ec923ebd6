"""What the server can do: its node types, port types, packs and models."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..environment import InputFile
from ..ports import InputPort
from ..problems import Problem
from ..types import TypeExpr
from .answers import problem_of


@dataclass(frozen=True, eq=False)
class ServerPort(InputPort):
    """An input of a node type on the server.

    Attributes:
        text: Its description.
        json_schema: Of its literals.
    """

    text: str = ""
    json_schema: Mapping[str, Any] | None = None

    @property
    def description(self) -> str:
        return self.text

    def schema(self) -> dict[str, Any]:
        return dict(self.json_schema or {})


@dataclass(frozen=True)
class ServerOutput:
    """An output of a node type on the server."""

    name: str
    type: TypeExpr
    description: str = ""


@dataclass(frozen=True)
class NodeType:
    """A node type on the server.

    Attributes:
        id: Such as ``image/resize``.
        pack: The pack that brings it.
        volatile: Computed anew in every run.
    """

    id: str
    title: str
    version: int
    category: str
    description: str
    volatile: bool
    pack: str
    inputs: Mapping[str, InputPort]
    outputs: Mapping[str, ServerOutput]


@dataclass(frozen=True)
class PortType:
    """A port type on the server.

    Attributes:
        colour: Of its links, ``#rrggbb``.
        converts_to: Names of the types that its values can be turned into.
        loads_from_file: Whether a file can be given for it.
        suffixes: Of the files that it is read from; any file if there are none.
        folders: Whether a folder can be given, too.
    """

    name: str
    colour: str
    description: str
    converts_to: list[str]
    has_preview: bool
    loads_from_file: bool
    suffixes: list[str]
    folders: bool


@dataclass(frozen=True)
class ServerPack:
    """A pack on the server; ``problem`` says why it was left out, if it was."""

    name: str
    version: str
    source: str
    problem: Problem | None


@dataclass(frozen=True)
class ServerModel:
    """A model in the server's library.

    Attributes:
        name: What nodes that load models take.
        kind: ``file`` or ``folder``.
        size: In bytes.
        source: ``pack`` if it came with one, else ``folder``.
    """

    name: str
    kind: str
    size: int
    source: str


class Catalogue(Mapping[str, NodeType]):
    """Node types by id, with what they are made of.

    Attributes:
        types: Port types by name.
        packs: Those that the server found.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._nodes = {entry["id"]: _node(entry) for entry in content["nodes"]}
        self.types = {
            entry["name"]: PortType(
                entry["name"],
                entry["colour"],
                entry["description"],
                entry["converts_to"],
                entry["has_preview"],
                entry["loads_from_file"],
                entry["suffixes"],
                entry["folders"],
            )
            for entry in content["types"]
        }
        self.packs = [
            ServerPack(
                entry["name"],
                entry["version"],
                entry["source"],
                problem_of(entry["problem"]) if entry["problem"] else None,
            )
            for entry in content["packs"]
        ]

    def __getitem__(self, id: str) -> NodeType:
        return self._nodes[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def loads_from_file(self, name: str) -> bool:
        """Whether values of the port type of this name are read from files."""
        known = self.types.get(name)
        return known is not None and known.loads_from_file


def _node(entry: Mapping[str, Any]) -> NodeType:
    return NodeType(
        id=entry["id"],
        title=entry["title"],
        version=entry["version"],
        category=entry["category"],
        description=entry["description"],
        volatile=entry["volatile"],
        pack=entry["pack"],
        inputs={name: _port(name, port) for name, port in entry["inputs"].items()},
        outputs={
            name: ServerOutput(name, _type(port["type"]), port["description"])
            for name, port in entry["outputs"].items()
        },
    )


def _port(name: str, entry: Mapping[str, Any]) -> ServerPort:
    schema = entry["schema"]
    absent = inspect.Parameter.empty
    return ServerPort(
        name=name,
        type=_type(entry["type"]),
        annotation=Any,
        default=absent if entry["required"] else schema.get("default"),
        lazy=entry["lazy"],
        marker=InputFile() if schema.get("widget") == InputFile.widget else None,
        constrained=False,
        text=entry["description"],
        json_schema=schema,
    )


def _type(entry: Mapping[str, Any]) -> TypeExpr:
    return TypeExpr(tuple(entry["names"]), entry["depth"], entry["optional"])
