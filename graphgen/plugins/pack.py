"""A pack that was found, and what became of it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import Any, Literal

from ..problems import GraphgenError, Problem

Origin = Literal["shipped", "installed", "folder", "given"]


@dataclass
class Pack:
    """A pack that was found.

    Attributes:
        name: Entry point name, name of the folder or module, or of the object given.
        plugin: The module or object with the hooks; None if it could not be imported.
        version: Version of its distribution, or its ``__version__``.
        source: Where it came from: module of the entry point, or path.
        origin: ``shipped`` with graphgen, ``installed`` beside it, found in a ``folder``,
            or ``given`` to the engine by a program.
        off: Why it is found but not wanted; empty if it is.
        problem: Why it was left out although it is wanted.
        traceback: The same for its author.
        nodes, types, loaders, models: Ids of the node types that it brings, names of its port
            types, model loaders and models.
        stamp: What its files looked like when they were read, for a pack of a folder.
    """

    name: str
    plugin: Any = None
    version: str = ""
    source: str = ""
    origin: Origin = "given"
    off: str = ""
    problem: Problem | None = None
    traceback: str = field(default="", repr=False)
    nodes: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    loaders: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    stamp: object = field(default=None, repr=False)

    @property
    def in_use(self) -> bool:
        return not self.off and self.problem is None

    def state(self) -> str:
        """``in use``, ``failed``, or ``off``."""
        return "in use" if self.in_use else "off" if self.off else "failed"

    def fail(self, error: BaseException) -> None:
        """Leave it out, with what its user and its author can do about it."""
        hints = [f"graphgen plugins list --debug shows the traceback; {self.way_out()}"]
        if isinstance(error, ModuleNotFoundError) and error.name:
            hints = [f"install the Python package that brings {error.name!r}", self.way_out()]
        elif isinstance(error, GraphgenError):
            given = dict.fromkeys(p.hint for p in error.problems if p.hint)
            hints = [*given] or hints
        self.leave_out("pack_failed", said(error), "; ".join(hints))
        self.traceback = "".join(traceback.format_exception(error))

    def leave_out(self, code: str, why: str, hint: str) -> None:
        message = f"the pack {self.name!r} was left out: {why}"
        self.problem = Problem(code, message, hint=hint)

    def way_out(self) -> str:
        """How to live without it."""
        if self.origin in ("installed", "folder"):
            return f"graphgen plugins disable {self.name} does without it"
        return "mend it, or do not give it to the engine"

    def to_dict(self) -> dict[str, Any]:
        """The pack for programs."""
        return {
            "name": self.name,
            "version": self.version,
            "source": self.source,
            "origin": self.origin,
            "state": self.state(),
            "off": self.off or None,
            "nodes": self.nodes,
            "types": self.types,
            "models": self.models,
            "problem": self.problem.to_dict() if self.problem else None,
        }


def said(error: BaseException) -> str:
    """An error in words, without the hints."""
    if isinstance(error, GraphgenError):
        where = (".".join(filter(None, [p.node, p.port])) for p in error.problems)
        parts = zip(where, error.problems, strict=True)
        return "; ".join(f"{at}: {p.message}" if at else p.message for at, p in parts)
    return f"{type(error).__name__}: {error}"
