"""The device that a user names."""

from __future__ import annotations

import re

from ..problems import InvalidWorkflow, Problem

_DEVICE = re.compile(r"^(cpu|mps|(cuda|xpu)(:\d+)?)$")


def checked_device(device: str | None) -> str | None:
    """A torch device by its full name; None stays.

    Raises:
        InvalidWorkflow: It is no device, or this machine has none of that number.
    """
    if device is None:
        return None
    if not _DEVICE.match(device):
        raise InvalidWorkflow(
            Problem("unknown_device", f"{device!r} is no device", hint="cpu, cuda, cuda:1, mps")
        )
    if not device.startswith("cuda"):
        return device
    import torch

    index = int(device.partition(":")[2] or 0)
    if index >= torch.cuda.device_count():
        found = torch.cuda.device_count() or "no"
        raise InvalidWorkflow(
            Problem("unknown_device", f"there is no {device}: torch sees {found} CUDA devices")
        )
    return f"cuda:{index}"
