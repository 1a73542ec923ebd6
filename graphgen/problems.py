"""One shape for everything that can be wrong: in a workflow, an argument, a pack or a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, said so that a person can mend it.

    Attributes:
        code: Stable snake_case identifier for programs, such as ``unknown_node``.
        message: What is wrong, in one sentence.
        node: Id of the node it concerns, ``outer/inner`` inside a subgraph.
        port: Name of the input or output it concerns.
        hint: What to do about it.
    """

    code: str
    message: str
    node: str | None = None
    port: str | None = None
    hint: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "message": self.message,
            "node": self.node,
            "port": self.port,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        where = ".".join(part for part in (self.node, self.port) if part)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class GraphgenError(Exception):
    """Base of the errors that graphgen raises on purpose; carries one or more problems."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidWorkflow(GraphgenError):
    """The workflow, its inputs or the arguments of a run can't be used as they are."""


class InvalidNode(GraphgenError):
    """A node's declaration can't be used: a missing hint, a bad default, a taken name."""


class RunFailed(GraphgenError):
    """A run ended without its outputs; ``result`` on the exception holds what was computed."""

    def __init__(self, problems: Iterable[Problem], result: Any = None) -> None:
        super().__init__(problems)
        self.result = result


class NodeError(Exception):
    """Raised by a node for a cause its user can mend; shown without a traceback.

    Args:
        message: What is wrong, naming the file or value.
        hint: What to do about it.
        port: The input that caused it, if it was one.
        code: Problem code.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        port: str | None = None,
        code: str = "node_failed",
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.port = port
        self.code = code


class Cancelled(BaseException):
    """Raised inside a node when its run was cancelled.

    Not an ``Exception``, so that a node's own ``except Exception`` can't swallow it.
    """
