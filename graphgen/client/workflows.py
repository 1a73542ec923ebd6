"""Workflows that are saved on the server."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from ..runs.events import RunQueued
from ..saved import Revision, SavedWorkflow
from ..workflow import Workflow
from .answers import problem_of
from .events import OnEvent
from .file import FileInfo
from .link import Link
from .run import ServerRun
from .sending import with_files
from .waiting import Waiting, accepted


class Saved(NamedTuple):
    """A saved workflow, and the number of the save that it is."""

    workflow: Workflow
    revision: int


class Signature(NamedTuple):
    """JSON Schemas of the objects that hold a workflow's named inputs and outputs."""

    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


class ServerWorkflows:
    """Reads, writes and runs the workflows that a server has saved. Every save is kept.

    Every method that takes a name raises ``NotFound`` if nothing is saved under it.
    """

    def __init__(
        self, link: Link, waiting: Waiting, upload: Callable[[Path], Awaitable[FileInfo]]
    ) -> None:
        self._link = link
        self._waiting = waiting
        self._upload = upload

    async def run(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        priority: int = 0,
        on_event: OnEvent | None = None,
        timeout: float | None = None,
    ) -> ServerRun:
        """Run a saved workflow by its name and wait until it has ended; the arguments, the
        result and the errors are those of the client's ``run``."""

        async def submit() -> RunQueued:
            return await self._submit(name, inputs, priority)

        return (await self._waiting.run(submit, on_event, timeout)).raise_if_failed()

    async def submit(
        self, name: str, inputs: Mapping[str, Any] | None = None, *, priority: int = 0
    ) -> str:
        """Have a saved workflow run, without waiting for it; returns the id of the run."""
        return (await self._submit(name, inputs, priority)).run_id

    async def history(self, name: str) -> list[Revision]:
        """The saves of a workflow."""
        content = await self._link.call("GET", f"{_place(name)}/history")
        return [Revision(**entry) for entry in content["revisions"]]

    async def deleted(self) -> list[SavedWorkflow]:
        """The last save of each workflow that was deleted, by name; ``restore`` brings one
        back."""
        content = await self._link.call("GET", "/api/workflows", query={"deleted": 1})
        return [_entry(entry) for entry in content["workflows"]]

    async def list(self) -> list[SavedWorkflow]:
        """What is saved, by name."""
        content = await self._link.call("GET", "/api/workflows")
        return [_entry(entry) for entry in content["workflows"]]

    async def read(self, name: str, revision: int | None = None) -> Saved:
        """A saved workflow as it is now, or as one of its saves was."""
        path = _place(name) if revision is None else f"{_place(name)}/history/{revision}"
        content = await self._link.call("GET", path)
        return Saved(Workflow.parse(content["workflow"], name), content["revision"])

    async def write(
        self,
        name: str,
        workflow: Workflow | Mapping[str, Any] | Path | str,
        revision: int | None = None,
    ) -> int:
        """Save a workflow; what was there stays in its history.

        Args:
            workflow: A document, a JSON file, or a PNG that graphgen saved.
            revision: The save that it is based on, as ``read`` gave it; 0 for a workflow
                that is new. Without it, it is saved over whatever is there.

        Returns:
            The number of this save.

        Raises:
            Conflict: Somebody else saved it meanwhile; ``current`` is their save.
        """
        body = {"workflow": Workflow.read(workflow).to_dict(), "revision": revision}
        return (await self._link.call("PUT", _place(name), body))["revision"]

    async def delete(self, name: str, revision: int | None = None) -> None:
        """Remove a saved workflow; its history stays, and ``restore`` brings it back, until
        ``purge``.

        Raises:
            Conflict: It was saved since ``revision``.
        """
        headers = {} if revision is None else {"If-Match": f'"{revision}"'}
        await self._link.call("DELETE", _place(name), headers=headers)

    async def restore(self, name: str) -> int:
        """Bring a deleted workflow back as it was last saved.

        Returns:
            The number of that save.

        Raises:
            Conflict: There is a workflow of that name again.
        """
        return (await self._link.call("POST", f"{_place(name)}/restore"))["revision"]

    async def purge(self, name: str) -> None:
        """Remove the history of a deleted workflow for good.

        Raises:
            Conflict: There is a workflow of that name; ``delete`` it first.
        """
        await self._link.call("DELETE", f"{_place(name)}/history")

    async def rename(self, name: str, new: str, title: str | None = None) -> int:
        """Give a saved workflow another name; its history comes along.

        Args:
            title: The name in the document from now on; None to leave it as it is.

        Returns:
            The number of its last save under the new name: higher than before if there is
            the history of a deleted workflow of that name.

        Raises:
            Conflict: The name is taken.
        """
        body = {"name": new, "title": title}
        return (await self._link.call("POST", f"{_place(name)}/rename", body))["revision"]

    async def schema(self, name: str) -> Signature:
        """What a saved workflow takes and gives."""
        content = await self._link.call("GET", f"{_place(name)}/schema")
        return Signature(content["inputs"], content["outputs"])

    async def _submit(
        self, name: str, inputs: Mapping[str, Any] | None, priority: int
    ) -> RunQueued:
        async def schema() -> Mapping[str, Any]:
            return (await self.schema(name)).inputs

        body = await with_files(inputs, self._upload, schema)
        path, query, sent = f"{_place(name)}/run", {"priority": priority}, time.time()
        return accepted(await self._link.call_once(path, body, query), sent, name, priority)


def _entry(entry: Mapping[str, Any]) -> SavedWorkflow:
    return SavedWorkflow(
        entry["name"],
        entry["title"],
        entry["description"],
        entry["revision"],
        entry["modified"],
        problem_of(entry["problem"]) if entry["problem"] else None,
    )


def _place(name: str) -> str:
    return f"/api/workflows/{quote(name, safe='')}"
