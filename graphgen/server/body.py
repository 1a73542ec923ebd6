"""Reading what clients send: JSON under limits of size and depth."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from ..problems import GraphgenError, Problem
from .answers import Refused

MAX_DEPTH = 220
"""A workflow, nested as deeply as one may be, inside the body of a request."""

M = TypeVar("M", bound=BaseModel)


class BadBody(GraphgenError):
    """JSON that is not what the route takes."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


async def read_json(request: web.Request, required: bool = True) -> Any:
    """The body as plain data; None for an empty one if it is not required.

    Only ``application/json`` is taken: a form on another web page can't send that.

    Raises:
        Refused: 415, 413 or 400.
    """
    if not request.can_read_body and not required:
        return None
    if request.content_type != "application/json":
        raise Refused(
            415,
            "wrong_content_type",
            f"this route takes application/json, not {request.content_type}",
            hint="send the header Content-Type: application/json",
        )
    return parse_json(await request.read())


def parse_json(data: bytes) -> Any:
    """JSON text as plain data.

    Raises:
        Refused: It is not JSON, or nested too deeply.
    """
    try:
        value = json.loads(data, parse_constant=_no_constant)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise Refused(400, "not_json", f"the body is not JSON: {error}") from None
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH:  # else it can't be that deep
        _check_depth(value)
    return value


async def read_body(request: web.Request, model: type[M]) -> M:
    """The JSON body as what the route takes.

    Raises:
        Refused: It can't be read.
        BadBody: With everything that is wrong with it.
    """
    value = await read_json(request)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise BadBody(
            Problem("bad_request", f"{_where(item['loc'])}: {item['msg']}")
            for item in error.errors(include_url=False, include_input=False)
        ) from None


def _where(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "the body"


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> Refused:
    return Refused(400, "too_deep", f"the body is nested more than {MAX_DEPTH} levels deep")
