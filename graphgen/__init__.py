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
    from .client import AsyncClient, Client
    from .economy import Economy
    from .engine import Engine, RunResult
    from .engine.context import CancelToken, Context
    from .environment import InputFile, ModelName
    from .fingerprint import file_fingerprint
    from .models.reference import ModelLoader, ModelRef, Patch
    from .node import SKIP, Batch, Fragment, Lazy
    from .plugins.hookspecs import hookimpl
    from .plugins.modules import EditorModule
    from .problems import Cancelled, GraphgenError, InvalidWorkflow, NodeError, Problem, RunFailed
    from .types import SaveTarget, TypeSpec
    from .workflow import Workflow

__version__ = "0.1.0"

__all__ = [
    "SKIP",
    "AsyncClient",
    "Batch",
    "CancelToken",
    "Cancelled",
    "Client",
    "Context",
    "Economy",
    "EditorModule",
    "Engine",
    "Fragment",
    "GraphgenError",
    "InputFile",
    "InvalidWorkflow",
    "Lazy",
    "ModelLoader",
    "ModelName",
    "ModelRef",
    "NodeError",
    "Patch",
    "Problem",
    "RunFailed",
    "RunResult",
    "SaveTarget",
    "TypeSpec",
    "Workflow",
    "__version__",
    "file_fingerprint",
    "hookimpl",
    "node",
]

_HOMES = {
    ".client": ("AsyncClient", "Client"),
    ".engine": ("Engine", "RunResult"),
    ".engine.context": ("CancelToken", "Context"),
    ".economy": ("Economy",),
    ".environment": ("InputFile", "ModelName"),
    ".fingerprint": ("file_fingerprint",),
    ".models.reference": ("ModelLoader", "ModelRef", "Patch"),
    ".node": ("SKIP", "Batch", "Fragment", "Lazy"),
    ".plugins.hookspecs": ("hookimpl",),
    ".plugins.modules": ("EditorModule",),
    ".problems": (
        "Cancelled",
        "GraphgenError",
        "InvalidWorkflow",
        "NodeError",
        "Problem",
        "RunFailed",
    ),
    ".types": ("SaveTarget", "TypeSpec"),
    ".workflow": ("Workflow",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(importlib.import_module(home, __name__), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'graphgen' has no attribute {name!r}")
