"""Carrying out one run: the engine's work, then its outputs."""

from __future__ import annotations

import logging
import shutil
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..engine import Engine
from ..outputs import OutputSaver
from ..problems import GraphgenError, Problem
from ..workflow import embedded
from .products import keep, made
from .record import NodeTable, RunRecord
from .state import Running
from .store import RunStore

_log = logging.getLogger("graphgen.runs")


def carry_out(
    engine: Engine,
    store: RunStore,
    run: Running,
    listener: Callable[[Any], None],
    previews: bool,
) -> RunRecord | None:
    """Run a workflow and save its outputs.

    Nothing that is raised on the way gets out: it is a problem of the run.

    Returns:
        The record of the ended run; None if it was stopped without being cancelled.
    """
    record = run.entry.record
    root = engine.workspace.outputs
    folder = root / record.folder
    began = time.perf_counter()
    try:
        workflow = store.workflow(run.entry.document)
        result = engine.run(
            workflow,
            record.inputs,
            targets=record.targets,
            listeners=[listener],
            token=run.token,
            run_id=record.run_id,
            outputs=folder,
            previews=previews,
        )
        if run.abandoned:
            return None
        if result.status == "cancelled" and not run.cancelled:
            clear_away(folder)
            return None
        outputs, unsaved = keep(
            made(workflow, result, record.targets),
            lambda: OutputSaver(engine.registry.types, root, embedded(workflow, record.inputs)),
            folder,
            named=record.targets is None and bool(workflow.outputs),
        )
    except GraphgenError as error:
        problems = error.problems
    except Exception as error:
        _log.exception("the run %s failed outside of its nodes", record.run_id)
        said = "".join(traceback.format_exception_only(error)).strip()
        problems = [Problem("internal_error", f"the run failed: {said}")]
    else:
        problems = [*result.problems, *unsaved]
        status = "failed" if problems and result.status == "succeeded" else result.status
        return replace(
            record,
            status=status,
            finished=time.time(),
            seconds=result.seconds,
            nodes=NodeTable.of(result.nodes),
            outputs=outputs,
            problems=problems,
        )
    seconds = time.perf_counter() - began
    return replace(
        record, status="failed", finished=time.time(), seconds=seconds, problems=problems
    )


def clear_away(folder: Path) -> None:
    """Remove what a run wrote that did not come to its end."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
