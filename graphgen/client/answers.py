"""What the server's answers mean, as errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .. import __version__
from ..problems import GraphgenError, InvalidWorkflow, Problem
from .errors import Conflict, NotFound, ServerBusy, ServerError, WrongServer

RETRY_SECONDS = 2.0


def refusal(
    base: str, token: str, status: int, headers: Mapping[str, str], data: bytes
) -> GraphgenError:
    """The error for an answer that is none of success."""
    content = parsed(data)
    problems = problems_in(content)
    if 300 <= status < 400:
        return _moved(base, headers.get("Location", ""))
    if not problems and status == 404:
        return NotFound(Problem("not_found", f"{base} has nothing there"), status)
    if not problems:
        hint = "something between here and the server may have answered"
        said = f"{base} answered with HTTP status {status} and no reason"
        return ServerError(Problem("bad_answer", said, hint=hint), status)
    match status:
        case 401:
            return _locked(base, token)
        case 404:
            return NotFound(problems, status)
        case 409:
            return Conflict(problems, status, content)
        case 422:
            return InvalidWorkflow(problems)
        case 429:
            return ServerBusy(problems, status, _seconds(headers.get("Retry-After", "")))
    return ServerError(problems, status)


def check_version(base: str, content: Any) -> None:
    """Look at what ``/healthz`` answered.

    Raises:
        WrongServer: That is no graphgen server, or one of another version.
    """
    version = content.get("version") if isinstance(content, dict) else None
    if not isinstance(version, str) or content.get("status") != "ok":
        raise no_server(base)
    if _line(version) != _line(__version__):
        raise WrongServer(
            Problem(
                "other_version",
                f"the server at {base} is graphgen {version[:40]}, and this is {__version__}",
                hint="use the same version on both sides",
            )
        )


def no_server(base: str) -> WrongServer:
    return WrongServer(
        Problem(
            "no_graphgen_server",
            f"what answers at {base} is no graphgen server",
            hint="check the address: graphgen serve prints it",
        )
    )


def parsed(data: bytes) -> Any:
    """JSON text as plain data; None for what is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def problem_of(entry: Mapping[str, Any]) -> Problem:
    """A problem from its JSON form."""
    return Problem(
        str(entry.get("code", "unknown")),
        str(entry.get("message", "")),
        *(entry.get(name) for name in ("node", "port", "hint")),
    )


def problems_in(content: Any) -> list[Problem]:
    """The problems of an answer, if it has any."""
    found = content.get("problems") if isinstance(content, dict) else None
    entries = found if isinstance(found, list) else []
    return [problem_of(entry) for entry in entries if isinstance(entry, dict)]


def _line(version: str) -> tuple[str, ...]:
    """What versions that understand each other share: the first number, or the first two
    while it is 0."""
    numbers = version.split(".")
    return tuple(numbers[:2] if numbers[0] == "0" else numbers[:1])


def _locked(base: str, token: str) -> WrongServer:
    if token:
        problem = Problem(
            "wrong_token",
            f"the server at {base} does not take this token",
            hint="graphgen serve printed the right one",
        )
    else:
        problem = Problem(
            "token_needed",
            f"the server at {base} wants a token",
            hint="graphgen serve printed it: give it as token, or in GRAPHGEN_TOKEN",
        )
    return WrongServer(problem)


def _moved(base: str, place: str) -> WrongServer:
    hint = f"it sends on to {place[:200]}; if that is right, use it" if place else None
    return WrongServer(Problem("moved", f"{base} is not the server's own address", hint=hint))


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else RETRY_SECONDS
