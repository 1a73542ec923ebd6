"""Sizes of memory as a user gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .. import devices
from ..problems import InvalidWorkflow, Problem
from .device import is_device

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_HINT = "such as 500MB, 8GB or 0"


def size(option: str, text: str) -> int:
    """Bytes: ``8GB`` is 8,000,000,000, ``8GiB`` is 8 times 2 to the 30th, ``4096`` is itself.

    Raises:
        InvalidWorkflow: ``bad_size``.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise InvalidWorkflow(Problem("bad_size", f"{option}: {text!r} is no size", hint=_HINT))
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** ("kmgt".find(unit.lower() or "-") + 1))


def sizes(option: str, given: Sequence[str] | None) -> dict[str, int]:
    """Bytes by device, from texts such as ``cuda:0=8GB`` and ``cpu=2GB``.

    Raises:
        InvalidWorkflow: ``bad_size``, or ``unknown_device``.
    """
    found = {}
    for text in given or ():
        device, equals, amount = text.partition("=")
        if not equals:
            hint = "DEVICE=SIZE, such as cpu=2GB or cuda:0=8GB"
            raise InvalidWorkflow(Problem("bad_size", f"{option} {text!r}: what of?", hint=hint))
        if not is_device(device):
            hint = "cpu, cuda:0, cuda:1, mps ..."
            raise InvalidWorkflow(
                Problem("unknown_device", f"{option}: {device!r} is no device", hint=hint)
            )
        found[devices.full_name(device)] = size(option, amount)
    return found
