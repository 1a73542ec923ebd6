"""What can go wrong between a client and its server, beside what the server says is wrong
with a workflow: that is the same ``InvalidWorkflow`` as in this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..problems import GraphgenError, InvalidWorkflow, Problem


class ServerUnreachable(GraphgenError):
    """Nothing answers at the address, or not any more. Asking again later may help.

    Attributes:
        sent: Whether a request had been sent when the connection broke, so that the server
            may have done what it asked for.
    """

    def __init__(self, problems: Problem | Iterable[Problem], sent: bool = True) -> None:
        super().__init__(problems)
        self.sent = sent


class WrongServer(InvalidWorkflow):
    """The address or the token can't be used: it is no address, what answers is no graphgen
    server or one of another version, or it does not take the token."""


class ClientClosed(GraphgenError):
    """The client was closed, and can't be used any more."""


class ServerError(GraphgenError):
    """The server refused a request, or could not serve it.

    Attributes:
        status: HTTP status of its answer.
    """

    def __init__(self, problems: Problem | Iterable[Problem], status: int) -> None:
        super().__init__(problems)
        self.status = status


class NotFound(ServerError):
    """The server has no such run, workflow, output or file."""


class Conflict(ServerError):
    """Something is not as the request takes it to be.

    Attributes:
        current: Revision that a saved workflow has now, if that is what the conflict is about.
        state: Status that a run has now, if it is about a run.
    """

    def __init__(self, problems: Iterable[Problem], status: int, more: Mapping[str, Any]) -> None:
        super().__init__(problems, status)
        self.current: int | None = more.get("current")
        self.state: str | None = more.get("state")


class ServerBusy(ServerError):
    """As many runs wait as the server takes; submit again later.

    Attributes:
        retry_after: Seconds that the server proposes to wait.
    """

    def __init__(self, problems: Iterable[Problem], status: int, retry_after: float) -> None:
        super().__init__(problems, status)
        self.retry_after = retry_after


class WaitTimeout(GraphgenError, TimeoutError):
    """A run has not ended within the time that was given. It goes on.

    Attributes:
        run_id: For ``wait``, ``get`` or ``cancel``.
    """

    def __init__(self, run_id: str, seconds: float) -> None:
        super().__init__(
            Problem(
                "wait_timeout",
                f"the run {run_id} has not ended within {seconds:g} s",
                hint="it goes on: wait for it again by its id, or cancel it",
            )
        )
        self.run_id = run_id
