"""A run in this process."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.context import CancelToken
from ..engine.events import NodeFailed, RunStarted
from ..engine.made import made
from ..engine.trace import Trace
from ..inputs import read_settings
from ..keep import InputKeeper, self_contained
from ..needs import with_packs
from ..outputs import OutputSaver
from ..workflow import embedded
from .interrupt import stopping
from .order import Order
from .outcome import tell
from .progress import progress
from .report import Report
from .session import open_engine, open_workflow

if TYPE_CHECKING:
    from ..engine import Engine, RunResult
    from ..workflow import Workflow


def run_here(
    report: Report,
    order: Order,
    workspace: Path | None,
    models: list[Path] | None,
    cache_dir: Path | None,
    **options: Any,
) -> int:
    """Run a workflow with an engine of its own; returns the exit status.

    Args:
        options: Of the engine.
    """
    trace = Trace() if order.profile is not None else None
    if trace is not None:
        options["activities"] = [trace.activity]
    with open_engine(report, workspace, models, cache_dir=cache_dir, **options) as engine:
        document, path = open_workflow(order.workflow, engine)
        keeper = InputKeeper(engine.workspace, engine.environment)
        saved = engine.saved_workflow
        values = read_settings(order.settings, document, engine.registry, keeper.keep, saved)
        document = self_contained(document, engine.registry, keeper, saved)
        document = with_packs(document, engine.registry)
        try:
            result = _run(report, engine, document, values, order, trace)
        finally:
            if trace is not None and order.profile is not None:
                on_device = {id for id, spec in engine.registry.nodes.items() if spec.device}
                trace.write(order.profile, on_device)
                report.note(f"trace: {order.profile}")
        saver = OutputSaver(engine.registry.types, order.output, embedded(document, values))
        values_made = made(document, result, order.targets)
        saved_run = saver.save(document.name or path.stem, values_made)
        return tell(report, result, saved_run, str(cache_dir) if cache_dir else None)


def _run(
    report: Report,
    engine: Engine,
    document: Workflow,
    values: Mapping[str, Any],
    order: Order,
    trace: Trace | None,
) -> RunResult:
    token = CancelToken()
    started = []
    tracebacks = []

    def listen(event: Any) -> None:
        if isinstance(event, RunStarted):
            started.append(event)
        elif isinstance(event, NodeFailed):
            tracebacks.append(event.traceback)

    def stop() -> bool:
        if started:
            token.cancel()
        return bool(started)

    # What nodes print must not get between the lines of the result.
    with redirect_stdout(sys.stderr), stopping(stop), progress(order.quiet) as listener:
        result = engine.run(
            document,
            values,
            targets=order.targets,
            listeners=[listen, listener, *([trace] if trace is not None else [])],
            token=token,
            outputs=order.output.absolute(),
            light=True,
        )
    for text in tracebacks:
        report.trace(text)
    return result
