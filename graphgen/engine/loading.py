"""Literals that name a file: ``{"file": "photo.png"}`` for an input whose type is read from
files. Each is a step of its own that loads the file, so that it is cached, reported and
released like everything else."""

from __future__ import annotations

from typing import Annotated, Any

from ..environment import InputFile
from ..node import NodeSpec, node, spec_of
from ..ports import InputPort
from ..problems import GraphgenError, NodeError
from ..registry import Registry
from ..types import TypeSpec
from ..workflow import file_of
from .context import Context

FILE = "file"


class Loading:
    """The loading steps of one engine, a node type for each port type that has ``load``."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._specs: dict[str, NodeSpec] = {}

    def files(self, port: InputPort, value: Any) -> tuple[NodeSpec, list[str]] | None:
        """The node type that loads what a literal names, and the names; None if it is no
        literal of files."""
        named = [value] if port.type.depth == 0 else value
        if type(named) is not list or not named:
            return None
        names = [name for item in named if (name := file_of(item)) is not None]
        spec = self._spec(port) if len(names) == len(named) else None
        return None if spec is None else (spec, names)

    def _spec(self, port: InputPort) -> NodeSpec | None:
        for name in port.type.names:
            type_ = self._registry.types.by_name.get(name)
            if type_ is not None and type_.load is not None:
                if name not in self._specs:
                    self._specs[name] = _loader(type_, self._registry)
                return self._specs[name]
        return None


def _loader(type_: TypeSpec, registry: Registry) -> NodeSpec:
    load, name = type_.load, type_.name
    assert load is not None

    def load_file(file: Any, *, ctx: Context) -> Any:
        """Load the file that a literal names."""
        path = ctx.files.resolve(file)
        try:
            return load(path)
        except (NodeError, GraphgenError, MemoryError):
            raise
        except Exception as error:
            problem = f"{path.name} can't be read as {name}: {error}"
            raise NodeError(problem, port=FILE, code="unreadable_file") from error

    marker = InputFile(type_.suffixes, folders=type_.folders)
    load_file.__annotations__ = {FILE: Annotated[str, marker], "return": type_.cls}
    declared = node(f"{FILE}/{name}", title=f"Load {name.replace('_', ' ')}")(load_file)
    return spec_of(declared, registry.types)
