"""What went wrong in a node, as a problem that names the node, its inputs and the cause."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

from .. import devices
from ..cache.values import is_tensor
from ..node import NodeSpec
from ..problems import GraphgenError, NodeError, Problem

_ALLOCATOR_WORDS = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that host or device memory is used up."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(
        w in str(error).lower() for w in _ALLOCATOR_WORDS
    )


def release_memory() -> None:
    """Give back what garbage and torch's allocators still hold."""
    gc.collect()
    for device in devices.accelerators():
        devices.release(device)


def problems_of(
    error: BaseException, id: str, spec: NodeSpec, arguments: Mapping[str, Any]
) -> list[Problem]:
    """The problems to show for an exception that a node raised."""
    if isinstance(error, NodeError):
        return [Problem(error.code, str(error), id, error.port, error.hint)]
    if isinstance(error, GraphgenError):
        return [Problem(p.code, p.message, p.node or id, p.port, p.hint) for p in error.problems]
    given = describe(arguments)
    if is_out_of_memory(error):
        names = ", ".join(spec.memory)
        return [
            Problem(
                "out_of_memory",
                f"{spec.title} ran out of memory with {given}",
                id,
                hint=f"lower {names}" if names else "lower the size or the batch of its inputs",
            )
        ]
    return [
        Problem(
            "node_failed",
            f"{spec.title} failed with {_said(error)}; its inputs: {given}",
            id,
        )
    ]


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # somebody else's __str__ must not hide the failure
        return type(error).__name__


def describe(arguments: Mapping[str, Any]) -> str:
    """Arguments in short: tensors by shape and dtype, long texts cut."""
    return ", ".join(f"{name}={_short(value)}" for name, value in arguments.items()) or "none"


def _short(value: Any) -> str:
    if is_tensor(value):
        return f"{value.dtype}{list(value.shape)}"
    fields = getattr(value, "__dataclass_fields__", None)
    if fields:
        inner = ", ".join(_short(getattr(value, name)) for name in list(fields)[:3])
        text = f"{type(value).__name__}({inner})"
    elif isinstance(value, (list, tuple)):
        text = f"{len(value)} items"
    else:
        try:
            text = repr(value)
        except Exception:  # somebody else's __repr__ must not hide the failure
            text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."
