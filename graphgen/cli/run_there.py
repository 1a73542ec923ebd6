"""A run on a server, which looks from the shell like one in this process."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from ..client import Client, File, NotFound, ServerRun
from ..inputs import read_settings
from ..keep import self_contained
from ..outputs import OutputSaver, safe_name
from ..problems import GraphgenError, InvalidWorkflow, RunFailed
from ..runs import RunQueued
from ..types import SaveTarget, Types, TypeSpec
from ..workflow import Workflow
from .interrupt import stopping
from .order import Order
from .outcome import tell
from .progress import progress
from .report import Report
from .send import FileSender
from .session import file_exists, unknown_workflow

_SUFFIX = re.compile(r"(\.\w+)+")


def run_there(report: Report, order: Order, url: str, token: str | None) -> int:
    """Run a workflow on a server and save what it made here; returns the exit status."""
    with Client(url, token) as client:
        types = client.nodes()
        document, path = _open_workflow(order.workflow, client)
        sender = FileSender(client.files, path)
        saved = _saved_on(client)
        values = read_settings(order.settings, document, types, sender.keep, saved)
        if path is not None:
            document = self_contained(document, types, sender)
        name = document.name or (path.stem if path is not None else order.workflow)
        run = _run(report, client, document, values, order)
        saver = OutputSaver(Types([TypeSpec(_Download, save=_download)]), order.output)
        saved_run = saver.save(name, {key: _here(key, out) for key, out in run.outputs.items()})
        return tell(report, run, saved_run, f"the cache of {client.url}")


def _open_workflow(name: str, client: Client) -> tuple[Workflow, Path | None]:
    """The workflow of a file here, or one that the server has saved."""
    path = Path(name)
    if not file_exists(path):
        try:
            return client.workflows.read(name).workflow, None
        except (NotFound, InvalidWorkflow) as error:
            if not isinstance(error, NotFound) and error.problems[0].code != "invalid_name":
                raise
        if not path.suffix:
            known = [entry.name for entry in client.workflows.list()]
            raise InvalidWorkflow(unknown_workflow(name, known, f"on {client.url}"))
    return Workflow.read(path), path


def _saved_on(client: Client) -> Any:
    @cache
    def saved(name: str) -> Workflow | None:
        try:
            return client.workflows.read(name).workflow
        except (NotFound, InvalidWorkflow):  # the server says what is wrong with it
            return None

    return saved


def _run(
    report: Report, client: Client, document: Workflow, values: Mapping[str, Any], order: Order
) -> ServerRun:
    accepted: list[str] = []

    def listen(event: Any) -> None:
        if isinstance(event, RunQueued):
            accepted.append(event.run_id)
            if not order.quiet:
                _tell_wait(report, client, event.run_id)
        else:
            listener(event)

    def stop() -> bool:
        for run_id in accepted:
            threading.Thread(target=_cancel, args=(client, run_id), daemon=True).start()
        return bool(accepted)

    with stopping(stop), progress(order.quiet) as listener:
        try:
            return client.run(document, values, targets=order.targets, on_event=listen)
        except RunFailed as failed:
            result: ServerRun = failed.result
            return result


def _tell_wait(report: Report, client: Client, run_id: str) -> None:
    """Why nothing happens for now, if so."""
    queue = client.queue()
    if run_id not in queue.queued:
        return
    if queue.paused:
        report.note("the server's queue is paused; the run begins when it goes on")
    elif before := len(queue.running) + queue.queued.index(run_id):
        report.note(f"{before} run{'s are' if before > 1 else ' is'} before it on the server")


def _cancel(client: Client, run_id: str) -> None:
    with suppress(GraphgenError):  # it has ended meanwhile
        client.cancel(run_id)


@dataclass(frozen=True)
class _Download:
    """A file of an output, to be saved here as a run in this process saves it."""

    file: File
    suffix: str


def _here(name: str, output: Any) -> Any:
    """An output as ``OutputSaver`` takes it."""
    if not isinstance(output, tuple):
        return output
    return [_Download(file, _suffix(file.name, safe_name(name, "output"))) for file in output]


def _suffix(file: str, stem: str) -> str:
    """``.meta.txt`` of ``note-02.meta.txt``, which the server named after the output; the
    name of an output may have dots in it as well."""
    _, dot, ending = file.removeprefix(stem).partition(".")
    suffix = dot + ending
    return suffix if _SUFFIX.fullmatch(suffix) else PurePosixPath(file).suffix or ".bin"


def _download(download: _Download, target: SaveTarget) -> None:
    download.file.write(target.path(download.suffix))
