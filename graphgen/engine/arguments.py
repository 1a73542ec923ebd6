"""What a step is called with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from ..node import SKIP, Lazy
from .arrive import FAILED, Unavailable, gather, own_containers
from .lazy import ready_made
from .ledger import Ledger
from .step import Link, Step


def arguments_of(
    at: int, step: Step, ledger: Ledger, resolve: Callable[[int, Link], Awaitable[Any]]
) -> dict[str, Any]:
    """What a step is called with, when all that it waits for is done.

    Args:
        at: Index of the step.
        resolve: Has a lazy input of the step at an index computed, when the node asks for it.

    Raises:
        Unavailable: Something that it needs was not made.
    """
    values = ledger.values
    arguments = step.literals.copy()
    for name in step.spec.containers:
        if name in arguments:  # the plan's own is used again by the next run
            arguments[name] = own_containers(arguments[name])
    if step.spec.has_lazy and not step.mapped:
        for name in step.spec.lazy_inputs:
            value = arguments.get(name, step.spec.inputs[name].default)
            if value is not None:
                arguments[name] = Lazy(partial(ready_made, value))
    for port, source, output in step.direct:
        value = values[source][output]  # type: ignore[index]
        if value is SKIP or value is FAILED:
            raise Unavailable(value)
        arguments[port] = value
    for link in step.links:
        if link.lazy:
            arguments[link.port] = Lazy(partial(resolve, at, link))
        else:
            arguments[link.port] = gather(ledger, link)
    return arguments
