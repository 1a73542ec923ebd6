"""What the server answers with: JSON, and problems in their one shape."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web
from pydantic_core import PydanticSerializationError
from pydantic_core import to_json as encoded

from ..plain import to_json
from ..problems import GraphgenError, Problem


def json_bytes(value: Any) -> bytes:
    """Compact UTF-8. NaN and infinities, which JSON has not, become text; half characters,
    which UTF-8 has not, are escaped."""
    try:
        return encoded(value, inf_nan_mode="strings")
    except PydanticSerializationError:  # half a character, or hundreds of levels
        return json.dumps(to_json(value), separators=(",", ":")).encode()


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON response."""
    return web.Response(
        body=json_bytes(value), status=status, headers=headers, content_type="application/json"
    )


def problem_answer(
    problems: Iterable[Problem],
    status: int,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> web.Response:
    """An error: ``{"problems": [...]}`` and whatever else programs need to go on."""
    return answer({"problems": [p.to_dict() for p in problems], **more}, status, headers)


class Refused(GraphgenError):
    """A request that is not served.

    Args:
        status: HTTP status.
        code: Code of the problem.
        message: What is wrong with the request, in one sentence.
        hint: What to do about it.
        headers: Headers of the answer.
        more: Stands in the answer beside the problems.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(Problem(code, message, hint=hint))
        self.status = status
        self.headers = headers
        self.more = more
