"""Documents that stand on their own: what a saved picture carries to be repeated by.

A file that lies outside the workspace is copied into its inputs under a name made from its
content, and saved workflows that are used as subgraphs are taken along.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .engine.flatten import Saved
from .environment import Environment, InputFile
from .fingerprint import file_fingerprint
from .outputs import safe_name, write_problem
from .ports import InputPort, NodeTypes
from .problems import GraphgenError, NodeError
from .workflow import SUBGRAPH_PREFIX, NodeDoc, Workflow, file_of, link_of
from .workspace import Workspace, atomic_file

_ENDING = re.compile(r"(\.[a-z]{1,4})?\.(gz|bz2|xz|zst)$|\.[^.]*$", re.IGNORECASE)
KEPT_DIGITS = 8
"""Of the content's hash, in the name of a copy."""


class Keeper(Protocol):
    """Takes the files that documents name to where their runs find them."""

    def keep_literal(self, name: str) -> str:
        """The name that a document shall call a file by; what is no file stays."""


class InputKeeper:
    """Keeps the files that a user names, in a workspace.

    Args:
        workspace: Files are copied into its inputs.
        environment: Resolves the names of files in workflows.
    """

    def __init__(self, workspace: Workspace, environment: Environment) -> None:
        self._folder = workspace.inputs
        self._files = environment.files
        self._own = (workspace.inputs, workspace.outputs)

    def keep(self, path: Path) -> str:
        """The name that a workflow shall call a file by, after copying it if need be.

        A folder is not copied: nodes may read it where it lies.

        Raises:
            NodeError: It can't be read.
            GraphgenError: There is no room for the copy.
        """
        real = path.resolve()
        if real.is_dir():
            self._files.allow(real)
            return str(real)
        name = self._name_inside(real)
        return self._copy(real) if name is None else name

    def keep_literal(self, name: str) -> str:
        """The same for a name that a workflow already has; what is no file stays."""
        try:
            real = self._files.resolve(name)
        except NodeError:
            return name  # planning reports it
        inside = any(real.is_relative_to(folder.resolve()) for folder in self._own)
        return name if inside or not real.is_file() else self._copy(real)

    def _name_inside(self, real: Path) -> str | None:
        folder = self._folder.resolve()
        if not real.is_relative_to(folder):
            return None
        name = real.relative_to(folder).as_posix()
        try:
            return name if self._files.resolve(name) == real else None
        except NodeError:
            return None

    def _copy(self, real: Path) -> str:
        digest = file_fingerprint(real) if real.is_file() else None
        if digest is None:
            raise NodeError(f"{real} is no file that can be read", code="unreadable_file")
        for digits in (KEPT_DIGITS, len(digest)):
            target = self._folder / kept_name(real, digest[:digits])
            if not target.exists():
                try:
                    with atomic_file(target) as temporary:
                        shutil.copyfile(real, temporary)
                except OSError as error:
                    raise GraphgenError(write_problem(error, target)) from error
                break
            if file_fingerprint(target) == digest:
                break
        return target.name


def kept_name(path: Path, digest: str) -> str:
    """Name of a file's copy: ``photo.png`` to ``photo-1a2b3c4d.png``."""
    ending = _ENDING.search(path.name)
    suffix = ending[0] if ending else ""
    return f"{safe_name(path.name.removesuffix(suffix), 'file')}-{digest}{suffix}"


def self_contained(
    workflow: Workflow, types: NodeTypes, keeper: Keeper, saved: Saved | None = None
) -> Workflow:
    """The same workflow with its files kept and the saved workflows that it uses inside;
    itself, if it is so already."""
    whole = _with_files(workflow, types, keeper)
    found: dict[str, Workflow] = {}
    pending: list[tuple[Workflow, frozenset[str]]] = [(whole, frozenset())]
    while pending:
        inner, around = pending.pop()
        known = around | inner.workflows.keys()
        pending.extend((used, known) for used in inner.workflows.values())
        for name in _subgraph_names(inner, types) - known - found.keys():
            used = saved(name) if saved is not None else None
            if used is not None:
                found[name] = _with_files(used, types, keeper)
                pending.append((found[name], frozenset(whole.workflows)))
    return whole.model_copy(update={"workflows": {**whole.workflows, **found}}) if found else whole


def stands_alone(workflow: Workflow, types: NodeTypes) -> bool:
    """Whether a document means the same whatever lies outside of it: it names no file, no
    model and no saved workflow."""
    pending: list[tuple[Workflow, frozenset[str]]] = [(workflow, frozenset())]
    while pending:
        inner, around = pending.pop()
        known = around | inner.workflows.keys()
        pending.extend((used, known) for used in inner.workflows.values())
        if not _subgraph_names(inner, types) <= known:
            return False
        for doc in inner.nodes.values():
            ports = spec.inputs if (spec := types.get(doc.type)) is not None else {}
            if any(port.marker is not None for port in ports.values()):
                return False
            if any(_may_name(value, ports.get(name)) for name, value in doc.inputs.items()):
                return False
    return True


def _may_name(value: Any, port: InputPort | None) -> bool:
    """Whether a literal can name a file: as itself, or in a workflow that it is."""
    if port is None or port.type.is_plain:
        return False
    if isinstance(value, list):
        return any(_may_name(item, port) for item in value)
    return isinstance(value, dict) and link_of(value) is None


def _with_files(workflow: Workflow, types: NodeTypes, keeper: Keeper) -> Workflow:
    nodes: dict[str, NodeDoc] = {}
    for id, doc in workflow.nodes.items():
        spec = types.get(doc.type)
        changed = {
            name: _kept(value, port, keeper)
            for name, value in doc.inputs.items()
            if spec is not None and (port := spec.inputs.get(name)) is not None
        }
        if any(doc.inputs[name] != value for name, value in changed.items()):
            doc = doc.model_copy(update={"inputs": {**doc.inputs, **changed}})
        nodes[id] = doc
    inner = {name: _with_files(used, types, keeper) for name, used in workflow.workflows.items()}
    if _same(nodes, workflow.nodes) and _same(inner, workflow.workflows):
        return workflow
    return workflow.model_copy(update={"nodes": nodes, "workflows": inner})


def _same(values: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    return all(value is others[name] for name, value in values.items())


def _kept(value: Any, port: InputPort, keeper: Keeper) -> Any:
    if isinstance(port.marker, InputFile):
        return keeper.keep_literal(value) if isinstance(value, str) else value
    if port.type.is_plain:
        return value
    if isinstance(value, list):
        return [_kept(item, port, keeper) for item in value]
    name = file_of(value)
    return value if name is None else {"file": keeper.keep_literal(name)}


def _subgraph_names(workflow: Workflow, types: NodeTypes) -> set[str]:
    """Names by which a workflow's nodes use others: as their type, or as an argument."""
    names = set()
    for doc in workflow.nodes.values():
        if doc.type.startswith(SUBGRAPH_PREFIX):
            names.add(doc.type.removeprefix(SUBGRAPH_PREFIX))
        elif (spec := types.get(doc.type)) is not None:
            for name, value in doc.inputs.items():
                port = spec.inputs.get(name)
                if isinstance(value, str) and port and port.type.names == ("workflow",):
                    names.add(value)
    return names
