"""Looking into values: which tensors they hold, what memory these keep, where they lie.

A value is a tensor (torch or NumPy), a dataclass, a list, tuple or dict of values, or
plain data. torch is not imported here: a value that holds a torch tensor brought it along.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

PLAIN = frozenset({int, float, str, bool, bytes, type(None)})


class Weight(NamedTuple):
    """What a value takes.

    Attributes:
        nbytes: Bytes in all.
        storages: The memory that its tensors keep, each once: identity and bytes. A view
            keeps all of the tensor that it shows a part of.
        device: Where most of that lies; ``cpu`` if there are no tensors.
        spread: Whether another device than that one and the host holds some of it.
    """

    nbytes: int
    storages: tuple[tuple[int, int], ...] = ()
    device: str = "cpu"
    spread: bool = False

    @property
    def plain(self) -> int:
        """Bytes of everything but its tensors."""
        return self.nbytes - sum(size for _, size in self.storages)


_MANY = 256
_SMALL = tuple(map(Weight, range(_MANY)))
"""Of plain values, which most of a large graph are."""


def is_tensor(value: Any) -> bool:
    """Whether it has bytes, a shape and a dtype: a torch tensor or a NumPy array."""
    return hasattr(value, "dtype") and hasattr(value, "nbytes") and hasattr(value, "shape")


def children(value: Any) -> Iterator[Any]:
    """What a container or a dataclass holds directly; nothing for others."""
    if type(value) in PLAIN:
        return
    if isinstance(value, (list, tuple, set, frozenset)):
        yield from value
    elif isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield getattr(value, field.name, None)


def parts(value: Any) -> Iterator[Any]:
    """A value and everything inside it, each object once; tensors are not taken apart."""
    pending, seen = [value], set()
    while pending:
        item = pending.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        if not is_tensor(item):
            pending.extend(children(item))


def storage_of(tensor: Any) -> tuple[int, int]:
    """Identity and bytes of the memory that a tensor shows, or shows a part of."""
    if hasattr(tensor, "untyped_storage"):
        try:
            storage = tensor.untyped_storage()
            size = storage.nbytes()
            if tensor.device.type == "cpu" and tensor.is_pinned():
                size = 1 << max(size - 1, 0).bit_length()  # torch pins by powers of two
            return storage._cdata, size
        except (NotImplementedError, RuntimeError):  # sparse: several tensors in one
            return id(tensor), int(tensor.nbytes)
    while is_tensor(base := getattr(tensor, "base", None)):
        tensor = base
    return id(tensor), int(tensor.nbytes)


def weigh(value: Any) -> Weight:
    """What a value takes, and where."""
    if type(value) in PLAIN:
        size = sys.getsizeof(value)
        return _SMALL[size] if size < _MANY else Weight(size)
    plain = 0
    storages: dict[int, int] = {}
    each: dict[str, int] = {}
    for item in parts(value):
        if not is_tensor(item):
            plain += sys.getsizeof(item)
            continue
        identity, size = storage_of(item)
        if identity not in storages:
            storages[identity] = size
            device = str(getattr(item, "device", "cpu"))
            each[device] = each.get(device, 0) + size
    device = max(each, key=each.__getitem__) if each else "cpu"
    spread = len(each) > 1 and not each.keys() <= {device, "cpu"}
    nbytes = plain + sum(storages.values())
    return Weight(nbytes, tuple(storages.items()), device, spread)


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same value with its tensors changed; one that it holds twice is changed once."""
    return _mapped(value, change, {})


def _mapped(value: Any, change: Callable[[Any], Any], known: dict[int, Any]) -> Any:
    # No function inside of the other: it would refer to itself, and so hold on to tensors.
    if type(value) in PLAIN:
        return value
    if is_tensor(value):
        if id(value) not in known:
            known[id(value)] = change(value)
        return known[id(value)]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_mapped(item, change, known) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(item, change, known) for item in value)
    if isinstance(value, dict):
        return {key: _mapped(item, change, known) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            f.name: _mapped(getattr(value, f.name), change, known)
            for f in dataclasses.fields(value)
            if f.init
        }
        return dataclasses.replace(value, **changes)
    return value
