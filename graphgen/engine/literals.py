"""Literals of a document, checked against their ports and encoded for cache keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..environment import Environment
from ..fingerprint import encode_literal
from ..ports import InputPort
from ..workflow import Workflow
from .keys import Encoded

SCALARS = frozenset({int, float, str, bool})
_MEMO_LIMIT = 50_000


class Hole(NamedTuple):
    """Stands for the value of a named input in the fingerprint of a workflow."""

    name: str


class Literals:
    """Checks and encodes literals; what is plain and short is remembered.

    Args:
        environment: What files and models a literal can name.
        fingerprint: Identity of a workflow given as a literal; the flag says whether
            keys are wanted or only its problems.
        content: Content hash of a value that is no plain data, or None.
    """

    def __init__(
        self,
        environment: Environment,
        fingerprint: Callable[[Workflow, bool], Encoded],
        content: Callable[[Any], str | None],
    ) -> None:
        self.environment = environment
        self._fingerprint = fingerprint
        self._content = content
        self.memo: dict[tuple[InputPort, type, Any], tuple[Any, Encoded]] = {}

    def read(self, port: InputPort, value: Any, keyed: bool = True) -> tuple[Any, Encoded]:
        """The checked value and its encoding.

        Raises:
            ValueError: It is not allowed; the text says why.
            InvalidWorkflow: It is a workflow with problems.
        """
        if isinstance(value, Hole):
            return None, b"h" + encode_literal(value.name)  # type: ignore[operator]
        checked = port.validate(value)
        if port.marker is not None:
            if not keyed or checked is None:
                return checked, encode_literal(checked)
            return checked, _content(port.marker.fingerprint(checked, self.environment))
        if isinstance(checked, Workflow):
            return checked, self._fingerprint(checked, keyed)
        encoded = encode_literal(checked)
        if encoded is None and keyed:
            encoded = _content(self._content(checked))
        kind = type(value)
        # 0.0 == -0.0, but they are not the same literal.
        if kind in SCALARS and not (kind is float and value == 0) and len(self.memo) < _MEMO_LIMIT:
            self.memo[port, kind, value] = checked, encoded
        return checked, encoded


def _content(content: str | None) -> Encoded:
    return None if content is None else b"m" + content.encode()
