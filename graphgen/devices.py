"""Devices and their memory, told alike for every accelerator that torch knows.

A device is named as torch does: ``cpu``, ``cuda:0``, ``xpu:1``, ``mps:0``. torch is imported
only for a device other than ``cpu``, and an accelerator that was not used yet is not woken.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import Any

HOST = "cpu"
HOST_BUDGET = 2 << 30
"""What a cache takes of host memory at most, unless it is told otherwise."""
SHARE = 4
"""A cache takes one part in so many of what is free: models and work need the rest."""
_CGROUP = Path("/sys/fs/cgroup")
HUGE_PAGES = "THP_MEM_ALLOC_ENABLE"
"""The variable that has torch ask for huge pages."""
_OFFERED = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_PINNING = frozenset({"cuda", "xpu"})
"""Kinds of devices whose torch keeps blocks of pinned memory; it crashes if others are asked."""


def is_host(device: str) -> bool:
    return device.partition(":")[0] == HOST


def full_name(device: str) -> str:
    """The name that a tensor there has: ``cuda`` is ``cuda:0``, ``cpu:0`` is ``cpu``."""
    if is_host(device):
        return HOST
    return device if ":" in device else f"{device}:0"


def default_device() -> str:
    """The first CUDA (or ROCm) device if torch can use one, else ``cpu``. A torch that was
    built without either is not imported for it."""
    if "torch" not in sys.modules and _built_for_cpu():
        return HOST
    import torch

    return "cuda:0" if torch.cuda.is_available() else HOST


def free_and_total(device: str) -> tuple[int, int]:
    """Bytes of a device's memory that this process could have now, and all there are.

    For ``cpu`` what the machine can give without swapping, within the limit of the
    container if there is one. Elsewhere what the driver has left, and what torch's allocator
    keeps for later tensors. Both are 0 for a device that can't tell.
    """
    if is_host(device):
        return _host_memory()
    module = _module(device)
    if hasattr(module, "mem_get_info"):
        free, total = module.mem_get_info(device)
        kept = held(device) - module.memory_allocated(device)
        return int(free) + max(kept, 0), int(total)
    if hasattr(module, "recommended_max_memory"):  # mps, which shares the host's memory
        total = int(module.recommended_max_memory())
        return max(total - int(module.driver_allocated_memory()), 0), total
    return 0, 0


def default_budget(device: str) -> int:
    """Bytes that a cache may take there by default, from what is free now."""
    share = free_and_total(device)[0] // SHARE
    return min(share, HOST_BUDGET) if is_host(device) else share


def default_model_budget(device: str) -> int | None:
    """Bytes of weights that the model pool may keep there by default, from what is free now;
    None where the device can't tell."""
    free, total = free_and_total(device)
    if not total:
        return None
    return free // 2 if is_host(device) else free * 7 // 10


def held(device: str) -> int:
    """Bytes that this process' allocator holds on a device other than ``cpu``, those that
    no tensor uses at the moment among them; 0 if it can't tell."""
    module = _module(device)
    if hasattr(module, "memory_reserved"):
        return int(module.memory_reserved(device))
    if hasattr(module, "driver_allocated_memory"):
        return int(module.driver_allocated_memory())
    return 0


def release(device: str) -> None:
    """Give back the blocks that the device's allocator keeps for later tensors, and those
    in pinned host memory."""
    module: Any = None if is_host(device) else _module(device)
    if hasattr(module, "empty_cache"):
        import torch

        with contextlib.suppress(RuntimeError):  # of a device that is lost to this process
            module.empty_cache()
        if device.partition(":")[0] in _PINNING and hasattr(torch.accelerator, "empty_host_cache"):
            torch.accelerator.empty_host_cache()  # since torch 2.10


def copies_follow(device: str) -> bool:
    """Whether host memory may be let go once a copy to the device was asked for. MPS reads it
    later (pytorch issue 189690), others keep it for as long."""
    return not is_host(device) and not device.startswith("mps")


def to_device(tensor: Any, device: str) -> Any:
    """A torch tensor on a device, copied if it is elsewhere. What is in host memory is read by
    the device in its own time, and must not be changed any more."""
    if is_host(device):
        return tensor.cpu()
    follows = is_host(tensor.device.type) and copies_follow(device)
    return tensor.to(device, non_blocking=follows)


def use(device: str) -> None:
    """Make a device this thread's current one, which is where streams, events and compiled
    kernels are that name none; of its kind the first one is, unless this is called."""
    module: Any = None if is_host(device) else _module(device)
    if hasattr(module, "set_device"):
        module.set_device(full_name(device))


def wait(device: str) -> None:
    """Return when everything is done that was asked of the device, this thread's current one;
    what failed there is raised. At once if it was never used."""
    module: Any = None if is_host(device) else _module(device)
    awake = not hasattr(module, "is_initialized") or module.is_initialized()
    if awake and hasattr(module, "synchronize"):
        module.synchronize()


def use_huge_pages() -> None:
    """Have torch ask Linux for huge pages where tensors in host memory are of 2 MB and more.

    Nothing has to be done for each 4 kB of a large activation then, which took up to half of
    the time of networks on the CPU. Of no effect if torch has allocated something before, or
    if the variable ``HUGE_PAGES`` is set.
    """
    try:
        offered = "[never]" not in _OFFERED.read_text()
    except OSError:  # another system, or a kernel that has none
        return
    if offered:
        os.environ.setdefault(HUGE_PAGES, "1")


def accelerators() -> list[str]:
    """The devices other than ``cpu`` that torch sees; none if torch was not imported."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not torch.accelerator.is_available():
        return []
    kind = torch.accelerator.current_accelerator().type
    return [f"{kind}:{index}" for index in range(torch.accelerator.device_count())]


def count(kind: str) -> int:
    """How many devices of a kind, such as ``cuda``, torch sees; imports it."""
    module = _module(kind)
    return int(module.device_count()) if module is not None and module.is_available() else 0


def _built_for_cpu() -> bool:
    """Whether the torch that would be imported says of itself that it knows no GPU."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    try:
        told = Path(spec.origin).with_name("version.py").read_text(encoding="utf-8")
    except OSError:
        return False
    values = dict(re.findall(r"^(cuda|hip)\b[^=]*= (.+)$", told, re.MULTILINE))
    return values == {"cuda": "None", "hip": "None"}


def _module(device: str) -> Any:
    """torch's module for a kind of device, such as ``torch.cuda``; None if it has none."""
    import torch

    try:
        return torch.get_device_module(device)
    except RuntimeError:
        return None


def _host_memory() -> tuple[int, int]:
    import psutil

    memory = psutil.virtual_memory()
    free, total = memory.available, memory.total
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text()) - _pages_of_files()
    except (OSError, ValueError):  # no container, or one without a limit
        return free, total
    return min(free, max(limit - used, 0)), min(total, limit)


def _pages_of_files() -> int:
    """Bytes of files that the container's memory holds because there was room: whoever wants
    memory gets them."""
    try:
        told = (_CGROUP / "memory.stat").read_text()
    except OSError:
        return 0
    counts = dict(line.split(maxsplit=1) for line in told.splitlines() if " " in line)
    return int(counts.get("active_file", 0)) + int(counts.get("inactive_file", 0))
