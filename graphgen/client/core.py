"""The client itself, in async code. ``AsyncClient`` is this; ``Client`` stands in front."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic
from urllib.parse import quote

from ..engine.memory import MemoryUse
from ..runs.events import RunQueued
from ..workflow import Workflow
from .answers import problems_in
from .catalogue import Catalogue, ServerModel
from .events import OnEvent
from .file import F
from .files import ServerFiles
from .link import Link
from .memory import memory_of
from .run import Item, QueueState, ServerRun, Status, Validation, queue_of, run_of
from .sending import with_files
from .waiting import Waiting, accepted
from .watch import Watch
from .workflows import ServerWorkflows

Source = Workflow | Mapping[str, Any] | Path | str
"""A document, a JSON file, or a PNG that graphgen saved."""


class Core(Generic[F]):
    """All that a client does.

    Args:
        link, watch: Of its server.
        make_file: Makes files from ``FileInfo``'s fields.
        make_files: Makes what stands for the files of an output.
    """

    def __init__(
        self,
        link: Link,
        watch: Watch,
        make_file: Callable[..., F],
        make_files: Callable[[Sequence[F]], Any],
    ) -> None:
        self._link = link
        self._make_files = make_files
        self._waiting = Waiting(watch, self.get, self.cancel)
        self.files = ServerFiles(link, make_file)
        self.workflows = ServerWorkflows(link, self._waiting, self.files.upload)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._link.address.base

    async def run(
        self,
        workflow: Source,
        inputs: Mapping[str, Any] | None = None,
        *,
        targets: Sequence[str] | None = None,
        priority: int = 0,
        name: str = "",
        on_event: OnEvent | None = None,
        timeout: float | None = None,
    ) -> ServerRun:
        """Run a workflow on the server and wait until it has ended.

        Args:
            workflow: A document, a JSON file, or a PNG that graphgen saved.
            inputs: Values for its named inputs: JSON data, or files. A ``pathlib.Path`` is
                uploaded; a file that is on the server already, from ``files`` or from the
                outputs of a run, is read there.
            targets: Run only what these nodes need; their outputs are the run's.
            priority: -100..100; higher goes first.
            name: What to call the run; the workflow's name if empty.
            on_event: Told what happens, as ``graphgen.engine.events`` and
                ``graphgen.runs.RunQueued`` have it: first that the run waits, last that it
                has finished, and in between what its nodes do. A preview of a node comes as
                a ``NodeProgress`` of its own. Progress that the line can't keep up with is
                left out, and what happens while the server is not reached.
            timeout: Seconds to wait; the run goes on if it takes longer.

        Returns:
            The run, which has succeeded.

        Raises:
            InvalidWorkflow: With every problem; nothing was run.
            RunFailed: It failed or was cancelled; ``result`` is the run, with what was
                made of its outputs.
            WaitTimeout: It has not ended in time.
            ServerBusy: Too many runs wait.
            ServerUnreachable: Nobody answers, or not for a minute while the run went on.
            ServerError: For other reasons of the server's.

        Breaking off the wait cancels the run: by cancelling the task, by Ctrl+C, or by an
        exception of ``on_event``.
        """
        document = Workflow.read(workflow)

        async def submit() -> RunQueued:
            return await self._submit(document, inputs, targets, priority, name)

        return (await self._waiting.run(submit, on_event, timeout)).raise_if_failed()

    async def submit(
        self,
        workflow: Source,
        inputs: Mapping[str, Any] | None = None,
        *,
        targets: Sequence[str] | None = None,
        priority: int = 0,
        name: str = "",
    ) -> str:
        """Have a workflow run, without waiting for it; takes what ``run`` takes.

        The run is not lost from now on, whatever happens to this process or the server.

        Returns:
            The id of the run, for ``wait``, ``get`` and ``cancel``.

        Raises:
            InvalidWorkflow: With every problem; nothing is run.
            ServerBusy: Too many runs wait.
        """
        document = Workflow.read(workflow)
        return (await self._submit(document, inputs, targets, priority, name)).run_id

    async def wait(
        self, run_id: str, *, on_event: OnEvent | None = None, timeout: float | None = None
    ) -> ServerRun:
        """Wait until a run has ended that was submitted before.

        Args:
            on_event: Told what happens from now on; nothing if the run is over.
            timeout: Seconds to wait.

        Raises:
            RunFailed, WaitTimeout, ServerUnreachable, ServerError: As ``run``.
            NotFound: There is no such run.
        """
        return (await self._waiting.wait(run_id, on_event, timeout)).raise_if_failed()

    async def get(self, run_id: str) -> ServerRun:
        """A run as it stands.

        Raises:
            NotFound: There is no such run.
        """
        return self._run_of(await self._link.call("GET", _place(run_id)))

    async def cancel(self, run_id: str) -> ServerRun:
        """Cancel a run: at once if it waits; one that goes on is asked to stop.

        Raises:
            Conflict: It has ended.
            NotFound: There is no such run.
        """
        return self._run_of(await self._link.call("DELETE", _place(run_id)))

    async def runs(
        self,
        *,
        status: Status | None = None,
        workflow: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[ServerRun]:
        """Runs, last accepted first, without what became of each of their nodes.

        Args:
            status: Only runs that are in it.
            workflow: Only runs of this name.
            limit: How many at most, 1..500.
            before: Only runs that were accepted before the one of this id; the last one of
                a page brings the next page.
        """
        query: dict[str, str | int] = {"limit": limit}
        given = {"status": status, "workflow": workflow, "before": before}
        query.update({key: value for key, value in given.items() if value})
        content = await self._link.call("GET", "/api/runs", query=query)
        return [self._run_of(entry) for entry in content["runs"]]

    async def workflow_of(self, run_id: str) -> Workflow:
        """The document of a run with its inputs in it: repeats the run."""
        return Workflow.parse(await self._link.call("GET", f"{_place(run_id)}/workflow"))

    async def queue(self) -> QueueState:
        """The queue as it stands."""
        return queue_of(await self._link.call("GET", "/api/queue"))

    async def pause(self) -> QueueState:
        """Let no run begin until ``resume``; runs that have begun go on."""
        return queue_of(await self._link.call("PATCH", "/api/queue", {"paused": True}))

    async def resume(self) -> QueueState:
        """Let runs begin again."""
        return queue_of(await self._link.call("PATCH", "/api/queue", {"paused": False}))

    async def reorder(self, run_ids: Sequence[str]) -> QueueState:
        """Have these runs come first, in this order, within their priorities."""
        body = {"run_ids": list(run_ids)}
        return queue_of(await self._link.call("PUT", "/api/queue/order", body))

    async def set_priority(self, run_id: str, priority: int) -> ServerRun:
        """Give a run that waits another priority, -100..100.

        Raises:
            Conflict: It does not wait any more.
        """
        path = _place(run_id)
        return self._run_of(await self._link.call("PATCH", path, {"priority": priority}))

    async def validate(
        self,
        workflow: Source,
        inputs: Mapping[str, Any] | None = None,
        *,
        targets: Sequence[str] | None = None,
    ) -> Validation:
        """What the server thinks of a workflow, without running it."""
        document = Workflow.read(workflow)
        values = await self._sendable(document, inputs)
        body = {"workflow": document.to_dict(), "inputs": values}
        content = await self._link.call("POST", "/api/validate", _with_targets(body, targets))
        return Validation(problems_in(content), content["inputs"], content["outputs"])

    async def nodes(self) -> Catalogue:
        """The node types that the server has, by id, with port types and packs."""
        return Catalogue(await self._link.call("GET", "/api/nodes"))

    async def models(self) -> list[ServerModel]:
        """The models in the server's library, by name."""
        content = await self._link.call("GET", "/api/models")
        return [
            ServerModel(entry["name"], entry["kind"], entry["bytes"], entry["source"])
            for entry in content["models"]
        ]

    async def memory(self) -> MemoryUse:
        """What the server keeps where: outputs of nodes and weights of models."""
        return memory_of(await self._link.call("GET", "/api/memory"))

    async def free_memory(self) -> int:
        """Have the server drop what it keeps in memory and does not use; what is on its disk
        stays.

        Returns:
            Bytes that were given back.
        """
        freed: int = (await self._link.call("POST", "/api/memory/free"))["freed"]
        return freed

    async def _submit(
        self,
        document: Workflow,
        inputs: Mapping[str, Any] | None,
        targets: Sequence[str] | None,
        priority: int,
        name: str,
    ) -> RunQueued:
        body = {
            "workflow": document.to_dict(),
            "inputs": await self._sendable(document, inputs),
            "priority": priority,
            "name": name,
        }
        sent = time.time()
        content = await self._link.call_once("/api/runs", _with_targets(body, targets))
        return accepted(content, sent, name or document.name, priority)

    async def _sendable(
        self, document: Workflow, inputs: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        async def schema() -> Mapping[str, Any]:
            return (await self.validate(document)).inputs or {}

        return await with_files(inputs, self.files.upload, schema)

    def _run_of(self, entry: Mapping[str, Any]) -> ServerRun:
        def files(items: Sequence[Item]) -> Any:
            return self._make_files([self.files.output(item) for item in items])

        return run_of(entry, files)


def _with_targets(body: dict[str, Any], targets: Sequence[str] | None) -> dict[str, Any]:
    return body if targets is None else {**body, "targets": list(targets)}


def _place(run_id: str) -> str:
    return f"/api/runs/{quote(run_id, safe='')}"
