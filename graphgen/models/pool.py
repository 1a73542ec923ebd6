"""The model pool: weights are loaded once, shared among all runs and kept within a budget."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import devices
from ..activity import Activity, Kind, Observe
from ..problems import NodeError
from .books import Books, Entry, Key
from .reference import ModelLoader, ModelRef, WeightsLoader
from .statistics import PoolStatistics

_loading = threading.RLock()
"""Held while a loader reads a model. The libraries that loaders call (diffusers, accelerate,
peft) put other functions into torch while they build a network, and put back what they found:
two at a time would leave one's for good, and networks without weights from then on."""


class ModelPool:
    """Holds loaded models by reference, device and dtype.

    A model in use is never moved. Where a device has no room for a model, those that were
    not used for longest go to host memory first, and from there, under the host's budget,
    are dropped: their files stay mapped for as long as they are held. A model that is larger
    than what a device may hold is streamed to it layer by layer, if its loader can do that.

    Args:
        loaders: Model loaders by name.
        budgets: Bytes of weights per device name (``cpu`` is host memory).
        default_budget: Asked once for each other device; None is no limit.
        observe: Told what is loaded, moved, evicted and dropped.
    """

    def __init__(
        self,
        loaders: Mapping[str, ModelLoader],
        budgets: Mapping[str, int] | None = None,
        *,
        default_budget: Callable[[str], int | None] | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._loaders = dict(loaders)
        self._budgets: dict[str, int | None] = {
            devices.full_name(device): size for device, size in (budgets or {}).items()
        }
        self._default_budget = default_budget
        self._observe = observe
        self._books = Books()

    @property
    def loads(self) -> int:
        """Models read from files since the start."""
        return self._books.loads

    @contextmanager
    def use(self, ref: ModelRef, device: str, dtype: Any, offload: bool = False) -> Iterator[Any]:
        """The loaded model, computing on ``device``, for as long as the block lasts.

        Args:
            ref: What to load.
            device: Torch device, ``cpu`` or ``cuda:0``.
            dtype: What it computes in, a ``torch.dtype``.
            offload: Whether its weights are to stay in host memory, and follow to the
                device layer by layer. It is slower, and takes the memory of one layer.

        Raises:
            NodeError: ``missing_loader``, or what the loader found wrong.
        """
        device = devices.full_name(device)
        entry = self._acquire(ref, device, dtype, offload)
        self._rest()
        try:
            yield entry.model
        finally:
            with self._books.lock:
                entry.users -= 1
                entry.rests = False
                streamed = entry.offloaded
            self._shrink(device)
            if streamed:
                self._shrink(devices.HOST)

    def evict(self, device: str, wanted: int | None = None) -> int:
        """Send idle models from a device to host memory, or drop them if it is that.

        Args:
            device: Torch device.
            wanted: Bytes after which to stop; all of them if not given.

        Returns:
            Bytes given back on the device.
        """
        device = devices.full_name(device)
        before = self._used(device)
        while wanted is None or before - self._used(device) < wanted:
            if not self._evict_one(device):
                break
        return before - self._used(device)

    def free(self) -> int:
        """Drop every model that no node is using; returns the bytes given back."""
        with self._books.lock:
            idle = [entry for entry in self._books.entries.values() if not entry.users]
            before = self._books.total()
            for entry in idle:
                self._books.take(entry)
            return before - self._books.total()

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
        with self._books.lock:
            for entry in list(self._books.entries.values()):
                if not entry.users and id(entry.loader) not in kept:
                    self._books.take(entry)
        return pool

    def usage(self) -> dict[str, int]:
        """Bytes of weights per device; tensors that models share count once."""
        with self._books.lock:
            return self._books.accounts.by_device()

    def statistics(self) -> PoolStatistics:
        """What is held, and what was done since the start."""
        return self._books.statistics(self._budgets)

    # One model

    def _acquire(self, ref: ModelRef, device: str, dtype: Any, offload: bool) -> Entry:
        # A pack that was loaded again may read the same file in another way.
        weights = f"{ref.key}:{id(self._loaders.get(ref.loader))}"
        key = weights, str(dtype), device
        with self._books.gate(ref):  # one thread at a time loads or moves what shares weights
            with self._books.lock:
                entry = self._books.entries.get(key)
                if entry is not None and (entry.users or self._serves(entry, offload)):
                    return self._books.hit(entry)
                if entry is None:
                    entry = self._books.idle_elsewhere(key)
                if entry is not None:
                    self._books.take(entry)
                    if self._is_stale(entry, device):
                        entry = None  # it is not to be there beside the new one
            if entry is None:
                entry = self._load(ref, key, dtype)
            self._place(entry, device, offload)
            entry.users += 1
            self._books.keep(entry)
        self._shrink(device)
        return entry

    def _serves(self, entry: Entry, offload: bool) -> bool:
        """Whether a model is on its device in the way that is asked for."""
        if entry.weights is None:
            return True
        if self._is_stale(entry, entry.device):
            return False
        if offload or devices.is_host(entry.device):
            return entry.offloaded or devices.is_host(entry.device)
        return not entry.offloaded or not self._could_fit(entry)

    def _is_stale(self, entry: Entry, device: str) -> bool:
        """Whether a model has to be read anew to compute on a device."""
        weights, model = entry.weights, entry.model
        if weights is None:
            return False
        return weights.changed(model) or not weights.suits(model, device)

    def _could_fit(self, entry: Entry) -> bool:
        """Whether what is streamed would fit as a whole now; called with the lock held."""
        budget = self._budgets[entry.device]
        return budget is None or entry.nbytes + self._books.busy(entry.device, entry) <= budget

    def _load(self, ref: ModelRef, key: Key, dtype: Any) -> Entry:
        loader = self._loaders.get(ref.loader)
        if loader is None:
            raise NodeError(
                f"no pack brings the model loader {ref.loader!r}",
                code="missing_loader",
                hint=f"known loaders: {', '.join(sorted(self._loaders)) or 'none'}",
            )
        with _loading:
            began = time.time()
            model = loader.load(ref, key[2], dtype)
        self._books.count("loads")
        at = devices.HOST if isinstance(loader, WeightsLoader) else key[2]
        entry = Entry(ref, loader, model, (*key[:2], at))
        self._tell("load", entry, began, at)
        return entry

    def _place(self, entry: Entry, device: str, offload: bool) -> None:
        """Bring a model that nobody else knows of to a device, and make room there first."""
        began, before = time.time(), entry.device
        weights = entry.weights
        if weights is None:
            if before != device:
                self._make_room(device, entry.nbytes)
                entry.model = entry.loader.move(entry.model, device)
        elif devices.is_host(device):
            entry.model = weights.move(entry.model, device)
            entry.offloaded = False
        else:
            try:
                self._bring(entry, weights, device, offload)
            except BaseException:
                # It lies in host memory, whole, or partly on the device that it was on.
                entry.model = weights.move(entry.model, devices.HOST)
                entry.offloaded = False
                entry.lies(devices.HOST)
                self._books.keep(entry)
                raise
        entry.lies(device)
        if before != device:
            self._books.count("moves")
            self._tell("move", entry, began, before, device)

    def _bring(self, entry: Entry, weights: WeightsLoader, device: str, offload: bool) -> None:
        pieces, wanted = weights.share(entry.model, device)
        pieces = tuple(pieces)
        with self._books.lock:
            self._books.accounts.add(pieces)
        try:
            fits = not offload and self._make_room(device, wanted)
            room = self._room(device)
        finally:
            with self._books.lock:
                self._books.accounts.remove(pieces)
        if fits:
            entry.model = weights.move(entry.model, device)
        else:
            if entry.device != device and not devices.is_host(entry.device):
                entry.model = weights.move(entry.model, devices.HOST)
            held = sum(piece.nbytes for piece in pieces)
            stays = 0 if offload or room is None else max(0, room + held)
            entry.model = weights.stream(entry.model, device, stays)
        entry.offloaded = not fits

    # Room

    def _rest(self) -> None:
        """The memory of large files that idle models are mapped from goes to what is used."""
        for idle in self._books.to_rest():
            if idle.weights is not None:
                idle.weights.rest(idle.model)

    def _make_room(self, device: str, nbytes: int) -> bool:
        """Whether a device has room for so many bytes, now that idle models have left it."""
        budget = self._budget(device)
        while budget is not None and self._used(device) + nbytes > budget:
            if not self._evict_one(device):
                return False
        return True

    def _room(self, device: str) -> int | None:
        """Bytes that are left of a device's budget; None for no limit."""
        budget = self._budget(device)
        return None if budget is None else budget - self._books.accounts.used(device)

    def _shrink(self, device: str) -> None:
        """Bring a device back under its budget, as far as nothing is in use."""
        self._make_room(device, 0)

    def _evict_one(self, device: str) -> bool:
        """Send away the model of a device that was not used for longest; False if each of
        them is in use, or frees nothing."""
        for entry in self._books.idle_on(device):
            gate = self._books.gate(entry.ref)
            if not gate.acquire(blocking=False):
                continue  # somebody is about to use it
            try:
                with self._books.lock:
                    if entry.users or self._books.entries.get(entry.key) is not entry:
                        continue
                    freed = self._books.accounts.freed(entry.pieces, device)
                    self._books.take(entry)
                self._send_away(entry, device, freed)
                return True
            finally:
                gate.release()
        return False

    def _send_away(self, entry: Entry, device: str, freed: int) -> None:
        began = time.time()
        host = (*entry.key[:2], devices.HOST)
        with self._books.lock:
            known = host in self._books.entries
        if devices.is_host(device) or known:
            self._books.count("drops")
            self._tell("drop", entry, began, device, nbytes=freed)
            return
        entry.model = entry.loader.move(entry.model, devices.HOST)
        entry.offloaded = False
        entry.lies(devices.HOST)
        self._books.count("moves")
        self._books.keep(entry)
        self._tell("evict", entry, began, device, devices.HOST, freed)
        self._shrink(devices.HOST)

    def _used(self, device: str) -> int:
        return self._books.accounts.used(device)

    def _budget(self, device: str) -> int | None:
        if device not in self._budgets:
            ask = self._default_budget
            self._budgets[device] = None if ask is None else ask(device)
        return self._budgets[device]

    def _tell(
        self,
        kind: Kind,
        entry: Entry,
        began: float,
        device: str,
        to: str = "",
        nbytes: int | None = None,
    ) -> None:
        if self._observe is not None:
            size = entry.nbytes if nbytes is None else nbytes
            seconds = time.time() - began
            self._observe(Activity(kind, entry.ref.title, began, seconds, size, device, to))
