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
        profile: Where to write a trace of the run, if it is wanted.
    """

    workflow: str
    settings: Sequence[str]
    targets: list[str] | None
    output: Path
    quiet: bool
    profile: Path | None = None

    def check_output(self) -> None:
        """Find out before the work, not after it, that there is nowhere to save it.

        Raises:
            InvalidWorkflow: The folder can't be made or written to.
        """
        _check_folder(f"--output {self.output}", self.output.absolute())
        if self.profile is not None:
            if self.profile.is_dir():
                said = f"--profile {self.profile} is a folder, and a file to write is needed"
                raise InvalidWorkflow(Problem("write_failed", said))
            _check_folder(f"--profile {self.profile}", self.profile.absolute().parent)


def _check_folder(option: str, folder: Path) -> None:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        raise InvalidWorkflow(Problem("not_a_folder", f"{option}: {existing} is no folder"))
    if not os.access(existing, os.W_OK):
        raise InvalidWorkflow(Problem("write_failed", f"{option}: {existing} can't be written to"))
