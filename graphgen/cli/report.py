"""What is wrong, said to people on standard error or to programs as JSON."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from ..problems import GraphgenError, InvalidWorkflow, NodeError, Problem

FAILED, INVALID, INTERRUPTED = 1, 2, 130
_STATUS = {FAILED: "failed", INVALID: "invalid", INTERRUPTED: "cancelled"}
# typer's own copy of click, or click itself: its errors are reached through this one.
_UsageError: Any = typer.BadParameter.__base__
_ClickError: Any = _UsageError.__base__


class Interrupted(GraphgenError):
    """The user stopped a command before it did anything."""


class Report:
    """Where a command says what happened.

    Args:
        as_json: Standard output carries one JSON object and nothing else.
        debug: Tracebacks are shown.
    """

    def __init__(self, as_json: bool = False, debug: bool = False) -> None:
        self.as_json = as_json
        self.debug = debug

    def line(self, text: str) -> None:
        """A line of the command's result."""
        typer.echo(text)

    def note(self, text: str) -> None:
        """A line beside the result, on standard error."""
        typer.echo(text, err=True)

    def object(self, value: Any) -> None:
        """The command's result for programs."""
        typer.echo(json.dumps(value, indent=2))

    def warn(self, problem: Problem) -> None:
        self._problem("warning", typer.colors.YELLOW, problem)

    def problem(self, problem: Problem) -> None:
        self._problem("error", typer.colors.RED, problem)

    def trace(self, text: str) -> None:
        """A traceback; shown if it was asked for."""
        if self.debug:
            self.note(text.rstrip("\n"))

    def problems(self, problems: Iterable[Problem], status: str) -> None:
        """What stopped the command."""
        problems = list(problems)
        if self.as_json:
            self.object({"status": status, "problems": [p.to_dict() for p in problems]})
            return
        for problem in problems:
            self.problem(problem)

    def error(self, error: Exception) -> int:
        """Show an exception that ended a command; returns the exit status."""
        if isinstance(error, _ClickError) and not self.as_json:
            error.show()
            return INVALID
        problems, status = _problems_of(error)
        self.trace("".join(traceback.format_exception(error)))
        self.problems(problems, _STATUS[status])
        return status

    def _problem(self, kind: str, colour: str, problem: Problem) -> None:
        where = ".".join(part for part in (problem.node, problem.port) if part)
        text = f"{where}: {problem.message}" if where else problem.message
        label = typer.style(f"{kind}:", fg=colour, bold=True)
        self.note(f"{label} {text}")
        if problem.hint:
            self.note(f"  {problem.hint}")


def _problems_of(error: Exception) -> tuple[list[Problem], int]:
    """The problems to show for an exception that ended a command, and the exit status."""
    if isinstance(error, Interrupted):
        return error.problems, INTERRUPTED
    if isinstance(error, GraphgenError):
        return error.problems, INVALID if isinstance(error, InvalidWorkflow) else FAILED
    if isinstance(error, NodeError):  # a file or a model that the user named
        return [Problem(error.code, str(error), None, error.port, error.hint)], INVALID
    if isinstance(error, _ClickError):
        return [Problem("usage", error.format_message())], INVALID
    if isinstance(error, OSError):
        from ..outputs import write_problem

        return [write_problem(error, Path(str(error.filename or "a file")))], FAILED
    if isinstance(error, MemoryError):
        return [Problem("out_of_memory", "there is not enough memory")], FAILED
    said = f"{type(error).__name__}: {error}"
    hint = "this is a mistake in graphgen; --debug shows where"
    return [Problem("internal_error", said, hint=hint)], FAILED
