"""A device that any machine has, for tests of what accelerators do: limited memory, copies
that cost, calls that wait.

Importing this registers ``toy`` with torch, on its key for devices from outside (PrivateUse1).
A tensor on ``toy:0`` wraps a CPU tensor, which does the arithmetic: results are the CPU's, bit
for bit. ``MEMORY`` counts the bytes of all storages of the device, and an operation whose result
goes over ``MEMORY.limit`` raises ``torch.OutOfMemoryError``, as on a GPU. It also counts copies
to and from the device, and what makes the host wait for it: ``.item()``, ``bool(tensor)``,
``.cpu()``, whatever else must know values, and copies to it that are not ``non_blocking``. An
operation on tensors of the device and of the host at once is refused, but for single numbers.

Slower than the CPU by tens of microseconds an operation; so tests use small networks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils import backend_registration
from torch.utils._pytree import tree_leaves

NAME = "toy"
DEVICE = f"{NAME}:0"
UNLIMITED = 1 << 40
torch.utils.rename_privateuse1_backend(NAME)
_TOY = torch.device(NAME, 0)
_HOST = torch.device("cpu")
_aten = torch.ops.aten


class Memory:
    """The toy device's memory and what was done to it; all counts may be set by tests.

    Attributes:
        limit: Bytes that it has.
        used: Bytes of all storages that are alive on it.
        peak: The most that ``used`` has been since ``reset``.
        copied_in, copied_out: Copies from and to the host.
        waits: Times that the host had to wait for a value from the device.
        failures: Times that it was out of memory.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a charge may end at any time, in here too
        self.limit = UNLIMITED
        self.used = 0
        self.reset()

    def reset(self) -> None:
        """Begin to count anew; what is in use stays in use."""
        with self._lock:
            self.peak = self.used
            self.copied_in = self.copied_out = self.waits = self.failures = 0

    @property
    def free(self) -> int:
        return self.limit - self.used

    @contextmanager
    def limited(self, limit: int) -> Iterator[None]:
        """Have no more than ``limit`` bytes for the length of a block."""
        before, self.limit = self.limit, limit
        try:
            yield
        finally:
            self.limit = before

    def count(self, name: str) -> None:
        with self._lock:
            setattr(self, name, getattr(self, name) + 1)

    def take(self, nbytes: int) -> None:
        with self._lock:
            if self.used + nbytes > self.limit:
                self.failures += 1
                raise torch.OutOfMemoryError(
                    f"toy out of memory. Tried to allocate {nbytes} bytes; {self.free} are free"
                )
            self.used += nbytes
            self.peak = max(self.peak, self.used)

    def give(self, nbytes: int) -> None:
        with self._lock:
            self.used -= nbytes


MEMORY = Memory()


class _Charge:
    """Lies on a storage, which keeps what is set on it, and ends with it."""

    __slots__ = ("nbytes",)

    def __init__(self, nbytes: int) -> None:
        self.nbytes = 0
        MEMORY.take(nbytes)
        self.nbytes = nbytes

    def __del__(self) -> None:
        MEMORY.give(self.nbytes)


class ToyTensor(torch.Tensor):
    """A tensor of the toy device; ``raw`` is the CPU tensor that it stands for."""

    raw: torch.Tensor

    @staticmethod
    def __new__(cls, raw: torch.Tensor, inference: bool | None = None) -> ToyTensor:
        storage = raw.untyped_storage()
        if not hasattr(storage, "charge"):
            storage.charge = _Charge(storage.nbytes())
        if inference is None:
            inference = torch.is_inference_mode_enabled()
        with torch.inference_mode(inference):
            made = torch.Tensor._make_wrapper_subclass(
                cls,
                raw.size(),
                strides=raw.stride(),
                storage_offset=raw.storage_offset(),
                dtype=raw.dtype,
                layout=raw.layout,
                device=_TOY,
                requires_grad=raw.requires_grad,
            )
        made.raw = raw
        return made

    def untyped_storage(self) -> torch.UntypedStorage:
        return self.raw.untyped_storage()  # the one that views of it share

    def __repr__(self) -> str:  # type: ignore[override]
        return f"toy({self.raw!r})"

    def tolist(self) -> Any:
        return self.cpu().tolist()  # torch's own takes no subclass

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func._schema.name in _WHOLE:
            return func.decompose(*args, **kwargs)
        toys: dict[int, ToyTensor] = {}
        device = kwargs.get("device")
        to_host = device is not None and torch.device(device).type != NAME
        waits = _WAITS.get(func)
        if waits is not None and waits(args, kwargs):
            MEMORY.count("waits")
        if func is _aten.copy_.default:
            return _copy(*args[:3], **kwargs)
        _check_devices(func, args, kwargs)
        raw_args = [_unwrapped(arg, toys) for arg in args]
        raw_kwargs = {name: _unwrapped(value, toys) for name, value in kwargs.items()}
        out = func(*raw_args, **raw_kwargs)
        if to_host:
            MEMORY.count("copied_out")
            return out
        if toys and _is_view(func):
            # A view of a tensor from outside of inference mode is one from outside, too.
            inference = all(toy.is_inference() for toy in toys.values())
            return _wrapped(out, toys, inference)
        return _wrapped(out, toys, None)


def _unwrapped(value: Any, toys: dict[int, ToyTensor]) -> Any:
    if isinstance(value, ToyTensor):
        toys[id(value.raw)] = value
        return value.raw
    if isinstance(value, torch.device):
        return _HOST
    if isinstance(value, (list, tuple)):
        return [_unwrapped(item, toys) for item in value]
    return value


def _wrapped(value: Any, toys: dict[int, ToyTensor], inference: bool | None) -> Any:
    if isinstance(value, torch.Tensor):
        known = toys.get(id(value))  # changed in place
        return ToyTensor(value, inference) if known is None else known
    if isinstance(value, (list, tuple)):
        return type(value)(_wrapped(item, toys, inference) for item in value)
    return value


_WHOLE = {"aten::to", "aten::item", "aten::is_nonzero", "aten::_has_compatible_shallow_copy_type"}
"""Operations that come in parts in general, and as a whole in inference mode."""
_views: dict[Any, bool] = {}


def _is_view(func: Any) -> bool:
    known = _views.get(func)
    if known is None:
        known = _views[func] = any(
            result.alias_info is not None and not result.alias_info.is_write
            for result in func._schema.returns
        )
    return known


def _copy(to: torch.Tensor, source: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
    inside = isinstance(to, ToyTensor), isinstance(source, ToyTensor)
    if inside == (True, False):
        MEMORY.count("copied_in")
        if not non_blocking:
            MEMORY.count("waits")
    elif inside == (False, True):
        MEMORY.count("copied_out")
    raw_to = to.raw if isinstance(to, ToyTensor) else to
    raw_to.copy_(source.raw if isinstance(source, ToyTensor) else source)
    return to


def _blocking_out(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    device = kwargs.get("device")
    out = device is not None and torch.device(device).type != NAME
    return out and not kwargs.get("non_blocking")


def _blocking_copy(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    to, source, *more = args
    out = isinstance(source, ToyTensor) and not isinstance(to, ToyTensor)
    return out and not (more[0] if more else kwargs.get("non_blocking", False))


def _by_values(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a mask is looked at, or indices come from the host."""
    indices = [index for index in args[1] if index is not None]
    return any(i.dtype == torch.bool or not isinstance(i, ToyTensor) for i in indices)


def _always(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return True


_WAITS: dict[Any, Callable[[tuple[Any, ...], dict[str, Any]], bool]] = {
    _aten._to_copy.default: _blocking_out,
    _aten.copy_.default: _blocking_copy,
    _aten.index.Tensor: _by_values,
    _aten.index_put.default: _by_values,
    _aten.index_put_.default: _by_values,
    _aten._index_put_impl_.default: _by_values,
    _aten._linalg_check_errors.default: _always,
    _aten._local_scalar_dense.default: _always,
    _aten.equal.default: _always,
    _aten.nonzero.default: _always,
    _aten.masked_select.default: _always,
    _aten._unique2.default: _always,
}


_TAKE_BOTH = {
    _aten.index.Tensor,
    _aten._to_copy.default,
    _aten._local_scalar_dense.default,
    _aten.type_as.default,
    _aten.expand_as.default,
    _aten.view_as.default,
    _aten.reshape_as.default,
}
"""Operations that take tensors of the host beside the device's."""
_TAKE_NO_NUMBERS = {_aten.cat.default, _aten.stack.default}


def _check_devices(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    if func in _TAKE_BOTH:
        return
    if func in _INDEXED:  # the indices may be the host's
        args = (args[0], *args[2:])
    tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
    if not any(isinstance(tensor, ToyTensor) for tensor in tensors):
        return
    for tensor in tensors:
        if not isinstance(tensor, ToyTensor) and (tensor.dim() or func in _TAKE_NO_NUMBERS):
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but {func} got some on {DEVICE} "
                f"and one of {list(tensor.shape)} on {tensor.device}"
            )


_INDEXED = {
    _aten.index_put.default,
    _aten.index_put_.default,
    _aten._index_put_impl_.default,
}


class _Event:
    """An event of the device's stream: all that was asked for is done at once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def record(self, stream: Any = None) -> None:
        pass

    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        if not self.query():
            MEMORY.count("waits")


class _Module(backend_registration._DummyBackendModule):
    """``torch.toy``."""

    Event = _Event

    def mem_get_info(self, device: Any = None) -> tuple[int, int]:
        return MEMORY.free, MEMORY.limit

    def memory_allocated(self, device: Any = None) -> int:
        return MEMORY.used

    def max_memory_allocated(self, device: Any = None) -> int:
        return MEMORY.peak

    def get_device_name(self, device: Any = None) -> str:
        return "toy"

    def empty_cache(self) -> None:
        pass

    def synchronize(self, device: Any = None) -> None:
        MEMORY.count("waits")

    def set_device(self, device: Any) -> None:
        _check(device)
        _CURRENT.chosen = True

    def current_stream(self, device: Any = None) -> None:
        _check(device)

    def is_current(self) -> bool:
        """Whether the thread has chosen the device."""
        return getattr(_CURRENT, "chosen", False)

    def device_count(self) -> int:
        return 1

    def is_available(self) -> bool:
        return True

    def current_device(self) -> int:
        return 0


_CURRENT = threading.local()


def _check(device: Any) -> None:
    if device is not None and (torch.device(device).index or 0) > 0:
        raise RuntimeError(f"there is no {device}: {DEVICE} is the only one")


def _empty(
    size: Any,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: Any = None,
    memory_format: Any = None,
) -> ToyTensor:
    _check(device)
    form = memory_format or torch.contiguous_format
    return ToyTensor(torch.empty(size, dtype=dtype, memory_format=form))


def _empty_strided(
    size: Any,
    stride: Any,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: Any = None,
) -> ToyTensor:
    _check(device)
    return ToyTensor(torch.empty_strided(size, stride, dtype=dtype))


def _copy_from(source: torch.Tensor, to: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
    return _copy(to, source, non_blocking)


def _pin_memory(tensor: torch.Tensor, device: Any = None) -> torch.Tensor:
    pinned = torch.empty_like(tensor).copy_(tensor)
    pinned.untyped_storage().pinned = True
    return pinned


def _is_pinned(tensor: torch.Tensor, device: Any = None) -> bool:
    return getattr(tensor.untyped_storage(), "pinned", False)


backend_registration._setup_privateuseone_for_python_backend(NAME, _Module())
_LIBRARY = torch.library.Library("aten", "IMPL")  # what it registers lives as long as it does
_LIBRARY.impl("empty.memory_format", _empty, "PrivateUse1")
_LIBRARY.impl("empty_strided", _empty_strided, "PrivateUse1")
_LIBRARY.impl("_copy_from", _copy_from, "PrivateUse1")
_LIBRARY.impl("_pin_memory", _pin_memory, "CPU")
_LIBRARY.impl("is_pinned", _is_pinned, "CPU")
