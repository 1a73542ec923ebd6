"""The model pool: weights are loaded once, shared among all runs and kept within a budget."""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..problems import NodeError
from .reference import ModelLoader, ModelRef


@dataclass
class _Entry:
    loader: ModelLoader
    model: Any
    nbytes: int
    users: int = 0


Key = tuple[str, str, str]
"""Identity of the weights and their loader, dtype, device."""


class ModelPool:
    """Holds loaded models by reference, device and dtype.

    A model in use is never moved. When a device's budget is exceeded the least recently
    used model goes to host memory, and from there, under the host's budget, is dropped.

    Args:
        loaders: Model loaders by name.
        budgets: Bytes of weights per device name (``cpu`` is host memory); a device that
            is not named has no limit.
    """

    def __init__(
        self, loaders: Mapping[str, ModelLoader], budgets: Mapping[str, int] | None = None
    ) -> None:
        self._loaders = dict(loaders)
        self._budgets = dict(budgets or {})
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._gates: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()
        self.loads = 0

    @contextmanager
    def use(self, ref: ModelRef, device: str, dtype: Any) -> Iterator[Any]:
        """The loaded model, on ``device``, for as long as the block lasts.

        Raises:
            NodeError: ``missing_loader``, or what the loader found wrong.
        """
        entry = self._acquire(ref, device, dtype)
        try:
            yield entry.model
        finally:
            with self._lock:
                entry.users -= 1
                self._shrink(device)

    def free(self) -> int:
        """Drop every model that no node is using; returns the bytes given back."""
        with self._lock:
            idle = [key for key, entry in self._entries.items() if entry.users == 0]
            return sum(self._entries.pop(key).nbytes for key in idle)

    def with_loaders(self, loaders: Mapping[str, ModelLoader]) -> ModelPool:
        """A pool over the same weights, for packs that were loaded again. A loader whose
        class is still the same goes on, with what it has loaded; idle weights of the others
        are dropped."""
        pool = copy.copy(self)
        pool._loaders = {
            name: old if type(old := self._loaders.get(name)) is type(loader) else loader
            for name, loader in loaders.items()
        }
        kept = {id(loader) for loader in pool._loaders.values()}
        with self._lock:
            for key, entry in list(self._entries.items()):
                if not entry.users and id(entry.loader) not in kept:
                    del self._entries[key]
        return pool

    def usage(self) -> dict[str, int]:
        """Bytes of weights per device."""
        with self._lock:
            used: dict[str, int] = {}
            for (_, _, device), entry in self._entries.items():
                used[device] = used.get(device, 0) + entry.nbytes
            return used

    def _acquire(self, ref: ModelRef, device: str, dtype: Any) -> _Entry:
        # A pack that was loaded again may read the same file in another way.
        weights = f"{ref.key}:{id(self._loaders.get(ref.loader))}"
        key = weights, str(dtype), device
        with self._lock:
            gate = self._gates.setdefault(key[:2], threading.Lock())
        with gate:  # one thread at a time loads or moves the same weights
            with self._lock:
                entry = self._entries.get(key)
                if entry is not None:
                    entry.users += 1
                    self._entries.move_to_end(key)
                    return entry
                idle = next(
                    (k for k, e in self._entries.items() if k[:2] == key[:2] and not e.users),
                    None,
                )
                entry = self._entries.pop(idle) if idle is not None else None
            if entry is not None:
                entry.model = entry.loader.move(entry.model, device)
            else:
                entry = self._load(ref, device, dtype)
            entry.users += 1
            with self._lock:
                self._entries[key] = entry
                self._shrink(device)
            return entry

    def _load(self, ref: ModelRef, device: str, dtype: Any) -> _Entry:
        loader = self._loaders.get(ref.loader)
        if loader is None:
            raise NodeError(
                f"no pack brings the model loader {ref.loader!r}",
                code="missing_loader",
                hint=f"known loaders: {', '.join(sorted(self._loaders)) or 'none'}",
            )
        model = loader.load(ref, device, dtype)
        self.loads += 1
        return _Entry(loader, model, loader.nbytes(model))

    def _shrink(self, device: str) -> None:
        """Bring a device back under its budget; called with the lock held."""
        budget = self._budgets.get(device)
        if budget is None:
            return
        used = sum(e.nbytes for (_, _, where), e in self._entries.items() if where == device)
        for key, entry in list(self._entries.items()):
            if used <= budget:
                return
            if key[2] != device or entry.users:
                continue
            used -= entry.nbytes
            del self._entries[key]
            host = (*key[:2], "cpu")
            if device != "cpu" and host not in self._entries:
                entry.model = entry.loader.move(entry.model, "cpu")
                self._entries[host] = entry
                self._shrink("cpu")
