"""What the tests of the core share: packs made on the spot, integer nodes, small helpers.

Executions are counted in ``CALLS``, a module-level counter: a closure over one would make
a node that can't be fingerprinted, and so is never cached.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from graphgen import Context, GraphgenError, NodeError, TypeSpec, hookimpl, node

CALLS: Counter[Any] = Counter()
_LOCK = threading.Lock()


def called(what: Any) -> None:
    with _LOCK:
        CALLS[what] += 1


class Pack:
    """A pack of the given nodes, types, loaders and models."""

    def __init__(
        self,
        *nodes: Callable[..., Any],
        types: Iterable[TypeSpec] = (),
        loaders: Mapping[str, Any] | None = None,
        models: Mapping[str, Any] | None = None,
    ) -> None:
        self.nodes = list(nodes)
        self.types = list(types)
        self.loaders = dict(loaders or {})
        self.models = dict(models or {})

    @hookimpl
    def graphgen_types(self):
        return self.types

    @hookimpl
    def graphgen_nodes(self):
        return self.nodes

    @hookimpl
    def graphgen_model_loaders(self):
        return self.loaders

    @hookimpl
    def graphgen_models(self):
        return self.models


@contextmanager
def under_rights() -> Iterator[None]:
    """As somebody whom the rights of files bind, which they do not root."""
    if not hasattr(os, "geteuid") or os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def link(reference: str) -> dict[str, str]:
    return {"link": reference}


def graph(
    nodes: Mapping[str, Any],
    outputs: Mapping[str, str] | None = None,
    inputs: Mapping[str, Any] | None = None,
    workflows: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A document; a node is ``(type, inputs)`` or only its type. In the inputs a string
    ``"=node.output"`` is a link."""
    return {
        "format": "graphgen/1",
        "nodes": {id: _node(given) for id, given in nodes.items()},
        "outputs": dict(outputs or {}),
        "inputs": dict(inputs or {}),
        "workflows": dict(workflows or {}),
    }


def _node(given: Any) -> dict[str, Any]:
    type_, inputs = (given, {}) if isinstance(given, str) else given
    return {"type": type_, "inputs": {port: _value(value) for port, value in inputs.items()}}


def _value(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("="):
        return link(value[1:])
    return [_value(item) for item in value] if isinstance(value, list) else value


def statuses(result: Any) -> dict[str, str]:
    return {id: node.status for id, node in result.nodes.items()}


def codes(problems: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What tests compare of problems: ``(code, node, port)``, sorted."""
    return sorted(((p.code, p.node, p.port) for p in problems), key=str)


def attempt(call: Callable[..., Any], *arguments: Any) -> tuple[Any, Exception | None]:
    """What a call gives, or the error that it raises on purpose."""
    try:
        return call(*arguments), None
    except (GraphgenError, NodeError) as error:
        return None, error


class Background:
    """A call in a daemon thread, so that what hangs fails a test instead of hanging it."""

    def __init__(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        self._outcome: list[Any] = []
        self._error: list[BaseException] = []

        def work() -> None:
            try:
                self._outcome.append(call(*arguments, **named))
            except BaseException as error:
                self._error.append(error)

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def ended(self, timeout: float) -> bool:
        self._thread.join(timeout)
        return not self.running

    def result(self, timeout: float = 10.0) -> Any:
        assert self.ended(timeout), "it did not come to an end"
        if self._error:
            raise self._error[0]
        return self._outcome[0]


def python(code: str, *arguments: str, timeout: float = 60) -> str:
    """What a fresh interpreter prints when it runs ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@node("core/number", title="Number")
def number(value: int = 0) -> int:
    """Give a number."""
    called("number")
    return value


@node("core/add", title="Add")
def add(a: int, b: int = 0) -> int:
    """Add two integers."""
    called("add")
    return a + b


@node("core/total", title="Total")
def total(values: list[int]) -> int:
    """Add up a list."""
    called("total")
    return sum(values)


@node("core/upto", title="Numbers up to")
def upto(count: int) -> list[int]:
    """Count from 0."""
    called("upto")
    return list(range(count))


@node("core/text", title="Text")
def text(value: str = "") -> str:
    """Give a text."""
    called("text")
    return value


@node("core/show", title="Show")
def show(value: Any) -> str:
    """Write any value as Python does."""
    called("show")
    return repr(value)


@node("core/tick", title="Tick", volatile=True)
def tick() -> int:
    """Count its own executions."""
    called("tick")
    return CALLS["tick"]


@node("core/fail", title="Fail")
def fail(value: int = 0, message: str = "boom") -> int:
    """Fail with an error of Python's."""
    called("fail")
    raise ValueError(message)


@node("core/refuse", title="Refuse")
def refuse(value: int = 0) -> int:
    """Fail with an error that names its port and a hint."""
    raise NodeError(f"{value} won't do", hint="try another", port="value", code="wont_do")


@node("core/where", title="Where")
def where(*, ctx: Context) -> str:
    """Say on which device the run computes."""
    return ctx.device


CORE = (number, add, total, upto, text, show, tick, fail, refuse, where)
