"""Reading query parameters."""

from __future__ import annotations

from aiohttp import web

from .answers import Refused


def whole_number(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """A whole number from the query.

    Raises:
        Refused: It is none, or out of range.
    """
    text = request.query.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 10 and low <= int(text) <= high:
        return int(text)
    raise Refused(400, "bad_request", f"{name}={text[:20]} is no whole number from {low} to {high}")


def one_of(request: web.Request, name: str, choices: tuple[str, ...]) -> str | None:
    """One of some words from the query, or None if it is not there or empty.

    Raises:
        Refused: It is another word.
    """
    text = request.query.get(name)
    if not text or text in choices:
        return text or None
    raise Refused(
        400, "bad_request", f"{name}={text[:20]} is unknown", hint=f"one of {', '.join(choices)}"
    )
