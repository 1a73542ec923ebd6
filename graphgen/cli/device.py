"""The device that a user names."""

from __future__ import annotations

import re

from .. import devices
from ..problems import InvalidWorkflow, Problem

_DEVICE = re.compile(r"^(cpu|mps|(cuda|xpu)(:\d+)?)$")


def is_device(name: str) -> bool:
    """Whether it has the form of a device's name."""
    return _DEVICE.match(name) is not None


def checked_device(device: str | None) -> str | None:
    """A torch device by its full name; None stays.

    Raises:
        InvalidWorkflow: It is no device, or this machine has none of that number.
    """
    if device is None:
        return None
    if not is_device(device):
        raise InvalidWorkflow(
            Problem("unknown_device", f"{device!r} is no device", hint="cpu, cuda, cuda:1, mps")
        )
    if devices.is_host(device):
        return device
    kind, _, index = device.partition(":")
    found = devices.count(kind)
    if int(index or 0) >= found:
        seen = f"torch sees {found or 'no'} {kind.upper()} devices"
        raise InvalidWorkflow(Problem("unknown_device", f"there is no {device}: {seen}"))
    return devices.full_name(device)
