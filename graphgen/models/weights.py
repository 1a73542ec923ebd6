"""Where the tensors of one network lie: in mapped files, in memory, on a device, or shared
with other networks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from .. import devices
from .mapped import MappedFiles
from .reference import Piece
from .streaming import Slot, Streamed, copy_to

if TYPE_CHECKING:
    import torch

_ATTRIBUTE = "graphgen_weights"


class SharedTensors:
    """The tensors that networks have now, by what they were read from; holds none alive."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[str, str, str], torch.Tensor] = WeakValueDictionary()

    def find(self, source: str, name: str, device: str) -> torch.Tensor | None:
        return self._known.get((source, name, device))

    def enter(self, source: str, name: str, device: str, tensor: torch.Tensor) -> None:
        self._known[source, name, device] = tensor


class Weights:
    """The tensors of a network that lies in host memory when this is made.

    What of them lies in mapped files stays mapped while the network is on a device: it
    costs no memory there, and is the network's copy in host memory when it comes back.
    Every other tensor is in one place only.

    Args:
        network: The network; it holds this as an attribute.
        shared: Where its tensors are looked up, and entered for others.
        source: What they were read from, and as what; equal for equal tensors.
        own: Names of those that differ from the source: patched ones.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        shared: SharedTensors,
        source: str,
        own: Collection[str] = (),
    ) -> None:
        self._slots = _slots_of(network)
        self._shared = shared
        self._source = source
        self._own = frozenset(own)
        self._borrowed: dict[str, torch.Tensor] = {}
        self._streamed: Streamed | None = None
        self._files = MappedFiles()
        self._adopt()
        self._home = {name: tensor for name, tensor in self._tensors() if self._files.hold(tensor)}
        setattr(network, _ATTRIBUTE, self)

    @property
    def streamed(self) -> bool:
        return self._streamed is not None

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors, wherever they are."""
        return sum(tensor_bytes(tensor) for _, tensor in self._tensors())

    def changed(self) -> bool:
        """Whether a file that tensors are mapped from was written to."""
        return self._files.changed()

    def share(self, device: str) -> tuple[list[Piece], int]:
        """Hold those tensors that others have on a device; these, and the bytes of the rest
        that is not there yet."""
        device = devices.full_name(device)
        self._borrowed.clear()
        wanted = 0
        for name, tensor in self._tensors():
            found = self._known(name, device)
            if found is not None:
                self._borrowed[name] = found
            elif str(tensor.device) != device:
                wanted += tensor_bytes(tensor)
        return [_piece(tensor, device) for tensor in self._borrowed.values()], wanted

    def move(self, network: torch.nn.Module, device: str) -> None:
        """Bring all tensors to a device; if that fails everything stays where it was."""
        if self._streamed is not None:
            self._streamed.end(network)
            self._streamed = None
        device = devices.full_name(device)
        placed = {name: self._at(name, tensor, device) for name, tensor in self._tensors()}
        for name, tensor in placed.items():
            self._put(name, tensor)
        self._borrowed.clear()

    def stream(self, network: torch.nn.Module, device: str, room: int) -> None:
        """Bring tensors of up to ``room`` bytes to a device, less what the largest of the
        other layers takes there while it is used; those follow when they are called."""
        self.move(network, "cpu")
        staying, following, largest = self._divided(network, room)
        device = devices.full_name(device)
        placed = {
            name: self._at(name, tensor, device)
            for name, tensor in self._tensors()
            if name in staying
        }
        for name, tensor in placed.items():
            self._put(name, tensor)
        self._borrowed.clear()
        if following:
            self._streamed = Streamed(network, device, following, largest)

    def _divided(
        self, network: torch.nn.Module, room: int
    ) -> tuple[set[str], list[tuple[torch.nn.Module, list[Slot]]], int]:
        """Names that stay on the device, layers that follow, bytes of the largest of these."""
        sizes = {name: tensor_bytes(tensor) for name, tensor in self._tensors()}
        # Tied weights must not come and go with one of their layers.
        staying = {name for name, slots in self._slots.items() if len(slots) > 1}
        names: dict[int, list[str]] = {}
        for name, slots in self._slots.items():
            if name not in staying:
                names.setdefault(id(slots[0][0]), []).append(name)
        layers: list[tuple[int, torch.nn.Module, list[str]]] = []
        for module in network.modules():
            direct = names.get(id(module._parameters), []) + names.get(id(module._buffers), [])
            if direct:
                layers.append((sum(sizes[name] for name in direct), module, direct))
        largest = max((size for size, _, _ in layers), default=0)
        room -= largest + sum(sizes[name] for name in staying)
        following = []
        for size, module, direct in layers:
            if size <= room:
                room -= size
                staying.update(direct)
            else:
                following.append((module, [self._slots[name][0] for name in direct]))
        return staying, following, largest

    def rest(self) -> None:
        """Give the pages of mapped tensors back to the system. Those that are not the source's
        stay: a patch may have been written into them."""
        self._files.release_all(t for name, t in self._home.items() if name not in self._own)

    def pieces(self) -> list[Piece]:
        """Where they lie; a tensor that several networks share is one piece."""
        held = [
            _piece(tensor, str(tensor.device), self._home.get(name) is tensor)
            for name, tensor in self._tensors()
        ]
        if self._streamed is not None:  # the layer that is computing
            held.append(Piece(id(self), self._streamed.device, self._streamed.largest))
        return held

    def _tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        for name, slots in self._slots.items():
            owner, key = slots[0]
            tensor = owner[key]
            assert tensor is not None
            yield name, tensor

    def _put(self, name: str, tensor: torch.Tensor) -> None:
        for owner, key in self._slots[name]:
            owner[key] = tensor

    def _known(self, name: str, device: str) -> torch.Tensor | None:
        if name in self._own:
            return None
        return self._shared.find(self._source, name, device)

    def _at(self, name: str, tensor: torch.Tensor, device: str) -> torch.Tensor:
        if str(tensor.device) == device:
            return tensor
        home = self._home.get(name)
        if home is not None and devices.is_host(device):
            return home
        found = self._borrowed.get(name)
        if found is None:
            found = self._known(name, device)
        if found is not None:
            return found
        made = copy_to(device, tensor if home is None else home)
        if name not in self._own:
            self._shared.enter(self._source, name, device, made)
        return made

    def _adopt(self) -> None:
        """Take the tensors that networks of the same source already have in host memory."""
        for name, tensor in self._tensors():
            device = str(tensor.device)
            found = self._known(name, device)
            if found is not None:
                self._put(name, found)
            elif name not in self._own:
                self._shared.enter(self._source, name, device, tensor)


def weights_of(network: torch.nn.Module) -> Weights:
    """The weights of a network that has been given to ``Weights``."""
    weights: Weights = getattr(network, _ATTRIBUTE)
    return weights


def tensor_bytes(tensor: torch.Tensor) -> int:
    """Bytes that a tensor takes; a quantised one is made of several."""
    flatten = getattr(tensor, "__tensor_flatten__", None)
    if flatten is None:
        return tensor.numel() * tensor.element_size()
    parts = (getattr(tensor, name) for name in flatten()[0])
    return sum(tensor_bytes(part) for part in parts if part is not None)


def _piece(tensor: torch.Tensor, device: str, mapped: bool = False) -> Piece:
    return Piece(id(tensor), device, tensor_bytes(tensor), mapped)


def _slots_of(network: torch.nn.Module) -> dict[str, list[Slot]]:
    """The places of each tensor, by its first name; tied weights have several."""
    names: dict[int, str] = {}
    slots: dict[str, list[Slot]] = {}
    for prefix, module in network.named_modules():
        for owner in (module._parameters, module._buffers):
            for key, tensor in owner.items():
                if tensor is not None:
                    name = names.setdefault(id(tensor), f"{prefix}.{key}" if prefix else key)
                    slots.setdefault(name, []).append((owner, key))
    return slots
