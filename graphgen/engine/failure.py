"""What went wrong in a node, as a problem that names the node, its inputs and the cause."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import devices
from ..cache.values import is_tensor
from ..node import NodeSpec
from ..problems import GraphgenError, NodeError, Problem

_HOST_WORDS = ("can't allocate memory", "not enough memory")
_DEVICE_WORDS = (
    "out of memory",  # torch's allocators, drivers of CUDA, ROCm and XPU, and MPS
    "_alloc_failed",  # CUBLAS_STATUS_ALLOC_FAILED, and alike cuSOLVER, cuFFT, hipBLAS
    "_allocation_failed",  # cuDNN 9
    "_status_memory_error",  # rocBLAS
    "_out_of_device_memory",  # XPU's runtime
)
_LOST_WORDS = (
    "illegal memory access",
    "illegal instruction",
    "device-side assert",
    "launch failure",
    "misaligned address",
)
"""What CUDA and ROCm say when no call of this process reaches the device any more."""
_LOST_HINT = "this process can't use the device any more: end it, and start it again"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that host or device memory is used up, or was caused by one
    that does."""
    return any(_says_so(cause) for cause in _causes(error))


def _says_so(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    return _says_one_of(error, (*_HOST_WORDS, *_DEVICE_WORDS))


def _says_one_of(error: BaseException, words: Sequence[str]) -> bool:
    if not isinstance(error, RuntimeError):
        return False
    said = str(error).lower()
    return any(word in said for word in words)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, what it was raised from, and so on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__


def is_of_device(error: BaseException) -> bool:
    """Whether it is the memory of an accelerator that is used up, and not the host's."""
    return any(_says_one_of(cause, _DEVICE_WORDS) for cause in _causes(error))


def let_go(error: BaseException) -> None:
    """Let go of what the frames of an exception's traceback hold, such as the tensors that
    left no room for the next one."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        traceback.clear_frames(one.__traceback__)
        one.__traceback__ = None
        pending += [one.__cause__, one.__context__]


def release_memory(device: str | None = None) -> int:
    """Give back what garbage and the allocator of a device, or of all of them, still hold;
    returns the bytes that allocators gave back, as far as they can tell."""
    gc.collect()
    freed = 0
    for name in devices.accelerators() if device is None else [device]:
        if not devices.is_host(name):
            before = devices.held(name)
            devices.release(name)
            freed += max(before - devices.held(name), 0)
    return freed


def problems_of(
    error: BaseException,
    id: str,
    spec: NodeSpec,
    arguments: Mapping[str, Any],
    tried: Sequence[str] = (),
) -> list[Problem]:
    """The problems to show for an exception that a node raised.

    Args:
        tried: What was tried since it first ran out of memory.
    """
    if is_out_of_memory(error):
        return [_out_of_memory(id, spec, arguments, tried)]
    if isinstance(error, NodeError):
        return [Problem(error.code, str(error), id, error.port, error.hint)]
    if isinstance(error, GraphgenError):
        return [Problem(p.code, p.message, p.node or id, p.port, p.hint) for p in error.problems]
    said = f"{spec.title} failed with {_said(error)}; its inputs: {describe(arguments)}"
    lost = any(_says_one_of(cause, _LOST_WORDS) for cause in _causes(error))
    return [Problem("node_failed", said, id, hint=_LOST_HINT if lost else None)]


def _out_of_memory(
    id: str, spec: NodeSpec, arguments: Mapping[str, Any], tried: Sequence[str]
) -> Problem:
    message = f"{spec.title} ran out of memory with {describe(arguments)}"
    if tried:
        message += f"; it was tried again {', then '.join(tried)}"
    names = ", ".join(spec.memory)
    hint = f"lower {names}" if names else "lower the size or the batch of its inputs"
    return Problem("out_of_memory", message, id, hint=hint)


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
