"""Looking into values: which tensors they hold, how large they are, where they lie.

A value is a tensor (torch or NumPy), a dataclass, a list, tuple or dict of values, or
plain data. torch is not imported here: a value that holds a torch tensor brought it along.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from typing import Any

_PLAIN = frozenset({int, float, str, bool, bytes, type(None)})


def is_tensor(value: Any) -> bool:
    """Whether it has bytes, a shape and a dtype: a torch tensor or a NumPy array."""
    return hasattr(value, "dtype") and hasattr(value, "nbytes") and hasattr(value, "shape")


def parts(value: Any) -> Iterator[Any]:
    """A value and everything inside it, each object once; tensors are not taken apart."""
    pending, seen = [value], set()
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        if type(item) in _PLAIN or is_tensor(item):
            continue
        if isinstance(item, (list, tuple, set, frozenset)):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.keys())
            pending.extend(item.values())
        elif dataclasses.is_dataclass(item) and not isinstance(item, type):
            pending.extend(getattr(item, f.name) for f in dataclasses.fields(item))


def measure(value: Any) -> tuple[int, str]:
    """Bytes that a value holds, and the device of its largest tensor (``cpu`` if none)."""
    if type(value) in _PLAIN:
        return sys.getsizeof(value), "cpu"
    total, largest, device = 0, 0, "cpu"
    for item in parts(value):
        if not is_tensor(item):
            total += sys.getsizeof(item)
            continue
        size = int(item.nbytes)
        total += size
        if size > largest:
            largest, device = size, str(getattr(item, "device", "cpu"))
    return total, device


def to_host(value: Any) -> Any:
    """The same value with every tensor in host memory."""
    return _mapped(value, _tensor_to_host)


def _tensor_to_host(tensor: Any) -> Any:
    return tensor.cpu() if hasattr(tensor, "cpu") else tensor


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if type(value) in _PLAIN:
        return value
    if is_tensor(value):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_mapped(item, change) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(item, change) for item in value)
    if isinstance(value, dict):
        return {key: _mapped(item, change) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            f.name: _mapped(getattr(value, f.name), change)
            for f in dataclasses.fields(value)
            if f.init
        }
        return dataclasses.replace(value, **changes)
    return value
