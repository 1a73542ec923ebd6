"""The books of the model pool: which models it holds, who uses them, where their bytes are."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .accounts import Accounts
from .reference import ModelLoader, ModelRef, Piece, WeightsLoader
from .statistics import DeviceWeights, ModelWeights, PoolStatistics

WORTH_RESTING = 64 << 20
"""Bytes of mapped files below which giving their pages back is not worth the calls."""
Key = tuple[str, str, str]
"""Identity of the weights and their loader, dtype, device."""


@dataclass(eq=False)
class Entry:
    """A loaded model. Who holds the gate of its weights may change it.

    Attributes:
        rests: Another model was used since, and the pages of its mapped files given back.
    """

    ref: ModelRef
    loader: ModelLoader
    model: Any
    key: Key
    pieces: tuple[Piece, ...] = ()
    users: int = 0
    hits: int = 0
    offloaded: bool = False
    rests: bool = False

    @property
    def device(self) -> str:
        return self.key[2]

    @property
    def weights(self) -> WeightsLoader | None:
        """The loader, if it tells tensors apart."""
        return self.loader if isinstance(self.loader, WeightsLoader) else None

    @property
    def nbytes(self) -> int:
        return self.loader.nbytes(self.model)

    @property
    def mapped(self) -> int:
        """Bytes of it that are pages of files."""
        return sum(piece.nbytes for piece in self.pieces if piece.mapped)

    def lies(self, device: str) -> None:
        """Note that it was brought to a device."""
        self.key = (*self.key[:2], device)

    def described(self) -> ModelWeights:
        return ModelWeights(
            name=self.ref.title,
            loader=self.ref.loader,
            device=self.device,
            dtype=str(self.ref.option("dtype") or self.key[1]).removeprefix("torch."),
            nbytes=sum(piece.nbytes for piece in self.pieces),
            mapped=self.mapped,
            users=self.users,
            hits=self.hits,
            offloaded=self.offloaded,
        )


class Books:
    """Entries from the least to the most recently used, and what was done.

    Attributes:
        lock: Held by whoever reads or changes several things at once.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries: OrderedDict[Key, Entry] = OrderedDict()
        self.accounts = Accounts()
        self.loads = self.hits = self.moves = self.drops = 0
        self._gates: dict[tuple[str, str], threading.RLock] = {}

    def gate(self, ref: ModelRef) -> threading.RLock:
        """What lets one thread at a time load or move networks that share weights."""
        with self.lock:
            return self._gates.setdefault((ref.loader, ref.fingerprint), threading.RLock())

    def hit(self, entry: Entry) -> Entry:
        """Note one more use of what lies ready; called with the lock held."""
        entry.users += 1
        entry.hits += 1
        self.hits += 1
        self.entries.move_to_end(entry.key)
        return entry

    def idle_elsewhere(self, key: Key) -> Entry | None:
        """The same weights on another device, if nobody uses them there; called with the
        lock held."""
        return next(
            (e for k, e in self.entries.items() if k[:2] == key[:2] and not e.users),
            None,
        )

    def idle_on(self, device: str) -> list[Entry]:
        """Those that nobody uses, and that would leave bytes free there."""
        with self.lock:
            freed = self.accounts.freed
            return [e for e in self.entries.values() if not e.users and freed(e.pieces, device)]

    def to_rest(self) -> list[Entry]:
        """Idle models whose mapped files nobody needs now, since they were last used."""
        with self.lock:
            entries = self.entries.values()
            idle = [entry for entry in entries if not entry.users and not entry.rests]
            if not idle:
                return []
            busy = {piece.identity for e in entries if e.users for piece in e.pieces}
            for entry in idle:
                entry.rests = True
            large = (entry for entry in idle if entry.mapped >= WORTH_RESTING)
            return [e for e in large if busy.isdisjoint(p.identity for p in e.pieces)]

    def keep(self, entry: Entry) -> None:
        """Enter a model that lies still."""
        weights = entry.weights
        if weights is None:
            entry.pieces = (Piece(id(entry), entry.device, entry.nbytes),)
        else:
            entry.pieces = tuple(weights.pieces(entry.model))
        with self.lock:
            if entry.key in self.entries:  # on the way back to a host that has it already
                return
            self.entries[entry.key] = entry
            self.accounts.add(entry.pieces)

    def take(self, entry: Entry) -> None:
        """Take a model out, to move or drop it; called with the lock held."""
        del self.entries[entry.key]
        self.accounts.remove(entry.pieces)
        entry.pieces = ()

    def busy(self, device: str, besides: Entry) -> int:
        """Bytes there of models in use; called with the lock held."""
        users = (e for e in self.entries.values() if e.users and e is not besides)
        return sum(p.nbytes for e in users for p in e.pieces if p.device == device)

    def count(self, what: str) -> None:
        """One more of ``loads``, ``moves`` or ``drops``."""
        with self.lock:
            setattr(self, what, getattr(self, what) + 1)

    def total(self) -> int:
        return sum(self.accounts.by_device().values())

    def statistics(self, budgets: Mapping[str, int | None]) -> PoolStatistics:
        with self.lock:
            accounts = self.accounts
            devices = {
                name: DeviceWeights(accounts.used(name), accounts.mapped(name), budgets.get(name))
                for name in sorted({*accounts.by_device(), *budgets})
            }
            models = tuple(entry.described() for entry in self.entries.values())
            return PoolStatistics(devices, models, self.loads, self.hits, self.moves, self.drops)
