"""Carrying out one run: the engine's work, then its outputs."""

from __future__ import annotations

import logging
import shutil
import time
import traceback
from dataclasses import replace
from pathlib import Path

from ..engine import Engine
from ..engine.made import made
from ..outputs import OutputSaver
from ..problems import GraphgenError, Problem
from ..workflow import embedded
from .compact import to_text
from .products import keep
from .record import NodeTable, RunRecord
from .state import Running, State
from .store import RunStore

_log = logging.getLogger("graphgen.runs")


def carry_out(
    engine: Engine,
    store: RunStore,
    run: Running,
    state: State,
) -> RunRecord | None:
    """Run a workflow and save its outputs.

    Nothing that is raised on the way gets out: it is a problem of the run.

    Returns:
        The record of the ended run; None if it was stopped without being cancelled.
    """
    record = run.entry.record
    root = engine.workspace.outputs
    folder = root / record.folder
    try:
        workflow = store.workflow(run.entry.document)
        result = engine.run(
            workflow,
            record.inputs,
            targets=record.targets,
            listeners=[state.emit],
            token=run.token,
            run_id=record.run_id,
            outputs=folder,
            previews=state.previews,
        )
        if run.abandoned:
            return None
        if result.status == "cancelled" and not run.cancelled:
            clear_away(root, record.folder)
            return None
        outputs, unsaved = keep(
            made(workflow, result, record.targets),
            lambda: OutputSaver(result.types, root, embedded(workflow, record.inputs)),
            folder,
            state.rewriting,
            (run.entry.document, to_text(record.inputs)),
            named=record.targets is None and bool(workflow.outputs),
            touched=result.nodes.ran,
        )
    except GraphgenError as error:
        problems = error.problems
    except Exception as error:
        return broken(record, error)
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
    return _failed(record, problems)


def broken(record: RunRecord, error: Exception) -> RunRecord:
    """The record of a run that failed by a mistake which is not in its nodes."""
    _log.error("the run %s failed outside of its nodes", record.run_id, exc_info=error)
    said = "".join(traceback.format_exception_only(error)).strip()
    return _failed(record, [Problem("internal_error", f"the run failed: {said}")])


def _failed(record: RunRecord, problems: list[Problem]) -> RunRecord:
    now = time.time()
    seconds = now - (record.started or now)
    return replace(record, status="failed", finished=now, seconds=seconds, problems=problems)


def clear_away(root: Path, name: str) -> None:
    """Remove the folder of a run that did not come to its end."""
    folder = root / name
    ours = name and folder.parent == root and name not in (".", "..")
    if ours and folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
