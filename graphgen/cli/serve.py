"""``graphgen serve``."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ..problems import InvalidWorkflow, Problem
from .options import (
    DebugOption,
    DeviceOption,
    DtypeOption,
    MaxBatchOption,
    MemoryOptions,
    ModelsOption,
    PackOptions,
    WorkspaceOption,
)
from .report import Report

if TYPE_CHECKING:
    from ..engine import Engine
    from ..server import Limits, Services
    from ..server.security import Guard

STOP_SECONDS = 30.0
"""How long a node may go on when the server ends."""
SWITCH_SECONDS = 0.0002
"""How long the Python code of nodes may keep the event loop waiting; else it is 5 ms."""
EPILOG = """\b
Examples:
  graphgen serve                         the editor on this machine; open the address it prints
  graphgen serve --port 0 --open         any free port, and a browser on it
  graphgen serve --host 0.0.0.0          for other machines too; prints a token they need
  graphgen serve --workspace /data/ct    another workspace

\b
Ctrl+C ends it: the run at hand stops at its next step and is the first to run again when
the server is started anew. Runs that were accepted are not lost, even if it is killed.
Logs go to standard error, one JSON object a line.
"""
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,200}")


def serve(
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, metavar="N", help="Port; 0 takes a free one."),
    ] = 8765,
    workspace: WorkspaceOption = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            metavar="TOKEN",
            envvar="GRAPHGEN_TOKEN",
            help="What clients must show. [default: none if only this machine can reach the "
            "address, else one that is made and printed]",
        ),
    ] = None,
    models: ModelsOption = None,
    device: DeviceOption = None,
    dtype: DtypeOption = "float32",
    *,
    kept: MemoryOptions,
    max_batch: MaxBatchOption = 32,
    workers: Annotated[
        int,
        typer.Option("--workers", min=1, max=64, metavar="N", help="Runs at the same time."),
    ] = 1,
    capacity: Annotated[
        int,
        typer.Option("--capacity", min=1, max=100_000, metavar="N", help="Runs that may wait."),
    ] = 1000,
    max_upload: Annotated[
        int,
        typer.Option("--max-upload", min=1, metavar="MB", help="Largest file that is taken."),
    ] = 1024,
    packs: PackOptions,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the editor in a browser.")
    ] = False,
    debug: DebugOption = False,
) -> int:
    """Serve the editor and the API: runs, saved workflows, files and events.

    The address is printed on standard output when the server answers.
    """
    from ..server.logs import log_to
    from ..server.security import Guard, is_loopback
    from ..server.services import Limits
    from ..server.serving import Stop, bind, run
    from ..server.serving import serve as serve_on
    from ..workspace import Workspace
    from .device import checked_device
    from .session import open_engine

    report = Report(debug=debug)
    if token is not None and not _TOKEN.fullmatch(token):
        hint = "a token is 8 to 200 letters, digits and -._~"
        raise InvalidWorkflow(Problem("bad_token", "--token can't be used", hint=hint))
    local = is_loopback(host)
    guard = Guard(token=token or ("" if local else _made_token()), local=local)
    limits = Limits(upload_bytes=max_upload * 1_000_000)
    options = {"device": checked_device(device), "dtype": dtype, **kept, **packs}
    options["max_batch"] = max_batch

    def ready() -> None:
        address = _address(host, guard)
        report.line(address)
        sys.stdout.flush()
        if open_browser:
            import webbrowser

            webbrowser.open(address)

    with bind(host, port) as listener:
        cache_dir = Workspace(workspace).cache
        log_to()
        sys.setswitchinterval(SWITCH_SECONDS)
        stop = Stop()
        with (
            stop.on_signals(),
            open_engine(report, workspace, models, cache_dir=cache_dir, **options) as engine,
            _services(engine, guard, limits, workers, capacity) as parts,
        ):
            for problem in parts.packs.problems.values():
                report.warn(problem)
            run(serve_on(parts, listener, stop, ready))
    return 0


@contextmanager
def _services(
    engine: Engine, guard: Guard, limits: Limits, workers: int, capacity: int
) -> Iterator[Services]:
    """The server's parts, with an open queue."""
    from ..runs import RunQueue, RunStore
    from ..saved import SavedWorkflows
    from ..server.feed import Feed
    from ..server.services import Services

    feed = Feed()
    store = RunStore(engine.workspace.root / "graphgen.db")
    queue = RunQueue(engine, store, capacity=capacity, workers=workers, listeners=[feed.publish])
    queue.open()
    try:
        saved = SavedWorkflows(engine.workspace.workflows)
        yield Services.over(engine, queue, feed, saved, guard, limits)
    finally:
        if not queue.close(STOP_SECONDS):
            # A node that does not stop can't be ended, only left.
            sys.stderr.write(f"a node did not stop within {STOP_SECONDS:.0f} s\n")
            sys.stderr.flush()
            os._exit(0)


def _made_token() -> str:
    import secrets

    return secrets.token_urlsafe(24)


def _address(host: str, guard: Guard) -> str:
    """What to open in a browser."""
    import socket

    name = socket.gethostname() if host in ("0.0.0.0", "::", "") else host
    name = f"[{name}]" if ":" in name else name
    query = f"?token={guard.token}" if guard.token else ""
    return f"http://{name}:{guard.port}/{query}"
