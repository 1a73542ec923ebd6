"""What ``graphgen run`` is asked for, wherever the run takes place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..problems import InvalidWorkflow, Problem


@dataclass(frozen=True)
class Order:
    """A run that the user wants.

    Attributes:
        workflow: A file, or the name of a saved workflow.
        settings: Texts such as ``seed=3``.
        targets: Nodes to run for; None for the named outputs.
        output: The run's folder is made in this one.
        quiet: Show no progress.
    """

    workflow: str
    settings: Sequence[str]
    targets: list[str] | None
    output: Path
    quiet: bool

    def check_output(self) -> None:
        """Find out before the work, not after it, that there is nowhere to save it.

        Raises:
            InvalidWorkflow: The folder can't be made or written to.
        """
        whole = self.output.absolute()
        existing = next(path for path in (whole, *whole.parents) if path.exists())
        if not existing.is_dir():
            problem = Problem("not_a_folder", f"--output {self.output}: {existing} is no folder")
        elif not os.access(existing, os.W_OK):
            said = f"--output {self.output}: {existing} can't be written to"
            problem = Problem("write_failed", said)
        else:
            return
        raise InvalidWorkflow(problem)
