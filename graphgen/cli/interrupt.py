"""Ctrl+C during a run."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..problems import Problem
from .report import Interrupted


@contextmanager
def stopping(stop: Callable[[], bool]) -> Iterator[None]:
    """Let the first Ctrl+C stop a run, and the second one end the process.

    Args:
        stop: Asks the run to stop; False if it has not begun yet, so that there is nothing
            to wait for.

    Raises:
        Interrupted: It had not begun.
    """

    def end(number: int, frame: object) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\x1b[?25h\n")  # the progress bar hides the cursor
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)

    def handle(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, end)
        if not stop():
            raise KeyboardInterrupt
        # Not through sys.stderr, which may be in the middle of a line.
        os.write(2, b"\nstopping at the next step; Ctrl+C again to end at once\n")

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(Problem("cancelled", "stopped before any node was run")) from None
    finally:
        signal.signal(signal.SIGINT, before)
