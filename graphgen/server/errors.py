"""Every error as problems in their one shape, with the status that fits. No traceback
leaves the server: it is logged, under an id that the answer names."""

from __future__ import annotations

import errno
import logging
import secrets
from http import HTTPStatus

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from ..problems import GraphgenError, NodeError, Problem
from ..runs import DatabaseUnusable, QueueClosed, QueueFull, RunConflict, UnknownRun
from ..saved import SaveConflict, UnknownWorkflow
from .answers import Refused, problem_answer

log = logging.getLogger(__name__)
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
RETRY_SECONDS = 2


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers for whatever a handler raises."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _http_error(request, error)
    except ConnectionError:
        raise  # the client went away; there is nobody to answer
    except Exception as error:
        return _error(request, error)


def _error(request: web.Request, error: Exception) -> web.Response:
    match error:
        case Refused():
            return problem_answer(error.problems, error.status, error.headers, **error.more)
        case QueueFull():
            return problem_answer(error.problems, 429, {"Retry-After": str(RETRY_SECONDS)})
        case SaveConflict():
            return problem_answer(error.problems, 409, current=error.current)
        case RunConflict():
            return problem_answer(error.problems, 409, state=error.status)
        case UnknownRun() | UnknownWorkflow():
            return problem_answer(error.problems, 404)
        case QueueClosed() | DatabaseUnusable():
            full = any(problem.code == "disk_full" for problem in error.problems)
            return problem_answer(error.problems, 507 if full else 503)
        case HttpProcessingError() | web.RequestPayloadError():
            problem = Problem("bad_body", "the body is not what its headers say")
            return problem_answer([problem], 400)
        case GraphgenError():
            return problem_answer(error.problems, 422)
        case NodeError():
            problem = Problem(error.code, str(error), None, error.port, error.hint)
            return problem_answer([problem], 404 if error.code == "missing_file" else 422)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        log.error("%s %s: no room on the disk", request.method, request.path)
        problem = Problem("disk_full", "there is no room left on the server's disk")
        return problem_answer([problem], 507)
    reference = secrets.token_hex(4)
    log.error("%s %s failed (%s)", request.method, request.path, reference, exc_info=error)
    problem = Problem(
        "internal_error",
        f"this is a mistake in graphgen or in a pack; the server's log has it as {reference}",
    )
    return problem_answer([problem], 500)


def _http_error(request: web.Request, error: web.HTTPException) -> web.Response:
    """aiohttp's own errors, such as a path that no route has."""
    phrase = HTTPStatus(error.status).phrase.lower()
    hint = None
    if isinstance(error, web.HTTPMethodNotAllowed):
        hint = f"allowed here: {', '.join(sorted(error.allowed_methods))}"
    elif isinstance(error, web.HTTPRequestEntityTooLarge):
        hint = error.text
    where = f"{request.method} {request.path}"
    problem = Problem(_CODES.get(error.status, "bad_request"), f"{where}: {phrase}", hint=hint)
    kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
    return problem_answer([problem], error.status, kept)
