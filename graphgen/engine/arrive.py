"""Values on their way through links, and what a node returned on its way out."""

from __future__ import annotations

from typing import Any

from ..cache.store import Values
from ..node import SKIP
from ..problems import NodeError
from .ledger import Ledger
from .step import Link, Step


class _Failed:
    """The value of every output of a node that failed, and of those that needed it."""

    def __repr__(self) -> str:
        return "FAILED"


FAILED: Any = _Failed()


class Unavailable(Exception):
    """An input that a node needs was skipped (``SKIP``), or could not be made (``FAILED``)."""

    def __init__(self, mark: Any) -> None:
        self.mark = mark


def available(value: Any) -> bool:
    return value is not SKIP and value is not FAILED


def all_made(values: Values) -> bool:
    """Whether a node skipped none of its outputs."""
    for value in values:  # noqa: SIM110, a generator costs more than all the rest of a node
        if value is SKIP:
            return False
    return True


def own_containers(value: Any) -> Any:
    """The same value in lists and dicts of its own; what they hold is not copied."""
    if type(value) is list:
        return [own_containers(item) for item in value]
    if type(value) is dict:
        return {key: own_containers(item) for key, item in value.items()}
    return value


def gather(ledger: Ledger, link: Link) -> Any:
    """What arrives through a link, converted and checked.

    Raises:
        Unavailable: A source was skipped or failed. Skipped ones are left out of lists.
        NodeError: The value is not allowed.
    """
    if not link.gather:
        source, output, convert = link.sources[0]
        value = ledger.output(source, output)
        if value is SKIP or value is FAILED:
            raise Unavailable(value)
        if convert is not None:
            value = convert(value)
        if link.check is not None and not link.per_item:
            value = checked(link, value)
        return value
    items: Any = []
    for source, output, convert in link.sources:
        value = ledger.output(source, output)
        if value is FAILED or (value is SKIP and link.keys):
            raise Unavailable(value)
        if value is not SKIP:
            items.append(value if convert is None else convert(value))
        elif link.per_item:
            items.append(value)
    if link.keys:
        items = dict(zip(link.keys, items, strict=True))
    return items if link.per_item or link.check is None else checked(link, items)


def checked(link: Link, value: Any) -> Any:
    assert link.check is not None
    try:
        return link.check(value)
    except ValueError as error:
        raise NodeError(str(error), port=link.port, code="value_not_allowed") from None


def returned(step: Step, value: Any) -> Values:
    """What a node returned, as one value per output, checked against its declaration.

    Raises:
        NodeError: ``wrong_output``.
    """
    spec = step.spec
    only = spec.only_output
    if only is not None:
        if only.cls is None or isinstance(value, only.cls) or value is SKIP:
            return (value,)
        raise _wrong(step, only.name, only.type, value)
    if not spec.outputs:
        return ()
    if not isinstance(value, tuple) or len(value) != len(spec.outputs):
        raise NodeError(
            f"{spec.id} declares the outputs {', '.join(spec.outputs)} but returned "
            f"{type(value).__name__}",
            code="wrong_output",
            hint="this is a mistake in the node's code",
        )
    for port, item in zip(spec.outputs.values(), value, strict=True):
        if port.cls is not None and not isinstance(item, port.cls) and item is not SKIP:
            raise _wrong(step, port.name, port.type, item)
    return tuple(value)


def _wrong(step: Step, output: str, type_: object, value: Any) -> NodeError:
    return NodeError(
        f"{step.spec.id} declares {type_} for {output!r} but returned {type(value).__name__}",
        code="wrong_output",
        hint="this is a mistake in the node's code",
    )
