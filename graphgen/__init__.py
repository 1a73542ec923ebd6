"""graphgen: saved graphs of typed nodes, run anywhere.

Importing this package is cheap: neither torch nor diffusers is imported until a node
that needs them runs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# Imported at once: the function must stand where the submodule of its name would.
from .node import node

if TYPE_CHECKING:
    from .engine import Engine, RunResult
    from .engine.context import Context
    from .environment import InputFile, ModelName
    from .models.reference import ModelLoader, ModelRef, Patch
    from .node import SKIP, Fragment, Lazy
    from .plugins.hookspecs import hookimpl
    from .problems import GraphgenError, InvalidWorkflow, NodeError, Problem, RunFailed
    from .types import SaveTarget, TypeSpec
    from .workflow import Workflow

__version__ = "0.1.0"

_HOMES = {
    "Engine": ".engine",
    "RunResult": ".engine",
    "Context": ".engine.context",
    "InputFile": ".environment",
    "ModelName": ".environment",
    "ModelLoader": ".models.reference",
    "ModelRef": ".models.reference",
    "Patch": ".models.reference",
    "SKIP": ".node",
    "Fragment": ".node",
    "Lazy": ".node",
    "hookimpl": ".plugins.hookspecs",
    "GraphgenError": ".problems",
    "InvalidWorkflow": ".problems",
    "NodeError": ".problems",
    "Problem": ".problems",
    "RunFailed": ".problems",
    "SaveTarget": ".types",
    "TypeSpec": ".types",
    "Workflow": ".workflow",
}

__all__ = ["__version__", "node", *_HOMES]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'graphgen' has no attribute {name!r}")
    value = getattr(importlib.import_module(home, __name__), name)
    globals()[name] = value
    return value
