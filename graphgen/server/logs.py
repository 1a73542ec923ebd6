"""Logs as one JSON object a line, with the id of the run that a line is about."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any, TextIO

from ..engine.events import NodeFailed
from ..runs import RunEnded, RunQueued

log = logging.getLogger("graphgen.runs")


class JsonLines(logging.Formatter):
    """A record as JSON; what ``extra={"data": {...}}`` holds stands beside the message."""

    _encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
    _second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        second = int(record.created)
        if second != self._second[0]:
            self._second = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        line: dict[str, Any] = {
            "time": f"{self._second[1]}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "data", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return self._encode(line)


def log_to(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Write the logs of this process, standard error if no stream is given."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.getLogger("aiohttp.server").addFilter(_worth_a_line)
    # What no line has is not looked up, as logging's manual advises where time counts.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("graphgen").setLevel(level)


def _worth_a_line(record: logging.LogRecord) -> bool:
    """What is no HTTP says nothing about this server."""
    from aiohttp.http_exceptions import BadHttpMessage

    return not (record.exc_info and isinstance(record.exc_info[1], BadHttpMessage))


def log_event(event: Any) -> None:
    """Write what becomes of runs; an observer of the feed."""
    kind = type(event)
    if kind is RunEnded:
        record = event.record
        failed = record.status == "failed"
        log.log(
            logging.WARNING if failed else logging.INFO,
            "run %s",
            record.status,
            extra={
                "data": {
                    "run_id": record.run_id,
                    "name": record.name,
                    "seconds": record.seconds,
                    **({"problems": [str(p) for p in record.problems]} if failed else {}),
                }
            },
        )
    elif kind is RunQueued:
        data = {"run_id": event.run_id, "name": event.name, "position": event.position}
        log.debug("run queued", extra={"data": data})
    elif kind is NodeFailed:
        data = {"run_id": event.run_id, "node": event.node, "node_type": event.type}
        if event.traceback:
            data["traceback"] = event.traceback
        log.warning("node failed: %s", event.problem.message, extra={"data": data})
