"""What is refused when workflows are saved and read."""

from __future__ import annotations

from ..problems import GraphgenError, InvalidWorkflow, Problem
from ..workspace import unreadable_workflow


class UnknownWorkflow(GraphgenError):
    """Nothing is saved under that name, or not in that revision."""

    def __init__(self, name: str, revision: int | None = None) -> None:
        what = f"no workflow {name!r}"
        if revision is not None:
            what = f"no revision {revision} of the workflow {name!r}"
        super().__init__(Problem("unknown_workflow", f"{what} is saved"))


class UnreadableWorkflow(InvalidWorkflow):
    """There is a file, but it can't be read.

    Args:
        reason: Why, in words.

    Attributes:
        link: Whether it is a link that is not followed: then no content is lost with it.
    """

    def __init__(self, name: str, reason: str, link: bool = False) -> None:
        self.link = link
        super().__init__(unreadable_workflow(name, reason))


class SaveConflict(GraphgenError):
    """What is saved is not what the one who saves has seen.

    Attributes:
        current: The revision that is saved.
    """

    def __init__(self, name: str, current: int, expected: int) -> None:
        self.current = current
        if expected == 0:
            message = f"a workflow {name!r} is saved already"
            hint = "choose another name, or open the saved one"
        elif current == 0:
            message = f"the workflow {name!r} was deleted by somebody else"
            hint = "save it as a new one"
        else:
            message = (
                f"the workflow {name!r} was saved by somebody else: "
                f"it is at revision {current}, not {expected}"
            )
            hint = "open the saved one, save under another name, or overwrite it"
        super().__init__(Problem("save_conflict", message, hint=hint))


class StillSaved(SaveConflict):
    """A workflow is there, so its history can't be removed."""

    def __init__(self, name: str, current: int) -> None:
        self.current = current
        message = f"the workflow {name!r} is saved, and its history stays with it"
        GraphgenError.__init__(
            self, Problem("save_conflict", message, hint="delete the workflow first")
        )
