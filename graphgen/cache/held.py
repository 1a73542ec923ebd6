"""Whether somebody else still holds what the cache keeps.

Nobody says so when a run takes a value or lets it go: that would cost every node. It is asked
when memory is wanted, from the counts that Python and torch keep anyway: who holds a value
holds a reference to it, to what is inside, or to a tensor on the same storage.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

from .values import PLAIN, children, is_tensor, storage_of


class Owner(Protocol):
    """Holds a value by an attribute."""

    values: tuple[Any, ...]


def held_elsewhere(owners: Iterable[Owner]) -> bool:
    """Whether anybody but its owner holds a value of these, tensors inside them, or the
    memory that these tensors lie in.

    Only what leads to a tensor is looked at: a small object that many share, such as the
    description of a model, keeps no memory.
    """
    edges: Counter[int] = Counter()
    objects: dict[int, Any] = {}
    parents: dict[int, list[int]] = {}
    tensors: list[int] = []
    bases: set[int] = set()
    pending: list[Any] = []
    for owner in owners:
        values = owner.values
        edges[id(values)] += 1
        if id(values) not in objects:
            objects[id(values)] = values
            pending.append(values)
        del values
    while pending:
        item = pending.pop()
        if is_tensor(item):
            tensors.append(id(item))
            inside = _shown_by(item)
            if hasattr(item, "untyped_storage"):
                bases.update(map(id, inside))
                inside = []
        else:
            inside = list(children(item))
        for child in inside:
            if type(child) in PLAIN:
                continue
            edges[id(child)] += 1
            parents.setdefault(id(child), []).append(id(item))
            if id(child) not in objects:
                objects[id(child)] = child
                pending.append(child)
            del child
        del item, inside
    edges.update(bases)  # torch holds a tensor once for all of its views
    return _referred(edges, objects, _leading_to(tensors, parents)) or _shared(objects, tensors)


def _shown_by(tensor: Any) -> list[Any]:
    """The tensor of which this one is a view, if it knows."""
    if hasattr(tensor, "_is_view"):
        return [tensor._base] if tensor._is_view() else []
    base = getattr(tensor, "base", None)
    return [base] if is_tensor(base) else []


def _leading_to(tensors: list[int], parents: dict[int, list[int]]) -> set[int]:
    """The tensors and all that they are inside of."""
    pending, found = list(tensors), set(tensors)
    while pending:
        for parent in parents.get(pending.pop(), ()):
            if parent not in found:
                found.add(parent)
                pending.append(parent)
    return found


def _referred(edges: Counter[int], objects: dict[int, Any], wanted: set[int]) -> bool:
    """Whether one of the objects has more references than those counted."""
    probe = object()  # tells how many the counting itself adds
    objects[id(probe)] = probe
    own = 0
    for identity in (id(probe), *wanted):
        found = sys.getrefcount(objects[identity]) - edges[identity]
        if not own:
            own = found - 1  # the name ``probe``
        elif found > own:
            return True
    return False


def _shared(objects: dict[int, Any], tensors: list[int]) -> bool:
    """Whether tensors of somebody else lie in the same memory as these torch tensors."""
    ours: dict[int, set[int]] = {}
    storages: dict[int, Any] = {}
    for identity in tensors:
        tensor = objects[identity]
        storage, _ = storage_of(tensor)
        if hasattr(tensor, "untyped_storage") and storage != id(tensor):
            storages[storage] = tensor
            ours.setdefault(storage, set()).update({identity, *map(id, _shown_by(tensor))})
    if not storages:
        return False
    import torch

    count = getattr(torch._C, "_storage_Use_Count", None)
    if count is None:
        return False
    # One more for the object that ``untyped_storage`` makes, which lives as long as the call.
    return any(
        count(tensor.untyped_storage()._cdata) - 1 > len(ours[storage])
        for storage, tensor in storages.items()
    )
