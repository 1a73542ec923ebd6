"""What is measured in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from graphgen.devices import HUGE_PAGES


def reported(report: Callable[..., None], *arguments: object) -> dict[str, Any]:
    """What a function prints last, as JSON, in a fresh interpreter.

    Args:
        report: A function of a module.
        arguments: Plain data.

    Raises:
        RuntimeError: It failed there.
    """
    name, given = report.__name__, ", ".join(map(repr, arguments))
    # What an engine in this process has set for its torch is not for a stock pipeline's.
    clean = {key: value for key, value in os.environ.items() if key != HUGE_PAGES}
    done = subprocess.run(
        [sys.executable, "-c", f"from {report.__module__} import {name}; {name}({given})"],
        capture_output=True,
        text=True,
        env=clean,
    )
    if done.returncode:
        raise RuntimeError(f"{name}({given}) failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
