"""What routes take as their JSON bodies. Their schemas are in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ..runs.problems import MAX_PRIORITY

Priority = Annotated[
    int, Field(ge=-MAX_PRIORITY, le=MAX_PRIORITY, description="Higher goes first.")
]
Document = Annotated[dict[str, Any], Field(description="A workflow document, format graphgen/1.")]
Inputs = Annotated[dict[str, Any], Field(description="Values of the workflow's named inputs.")]
Targets = Annotated[
    list[str], Field(description="Run only what these nodes need.", max_length=10_000)
]
Title = Annotated[str, Field(max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class RunBody(_Body):
    """A workflow to run."""

    workflow: Document
    inputs: Inputs = Field(default_factory=dict)
    targets: Targets | None = None
    priority: Priority = 0
    name: Title = Field("", description="What to call the run; the workflow's name if empty.")


class ValidateBody(_Body):
    """A workflow to check."""

    workflow: Document
    inputs: Inputs = Field(default_factory=dict)
    targets: Targets | None = None


class PriorityBody(_Body):
    """Another priority of a run that waits."""

    priority: Priority


class QueueBody(_Body):
    """Whether runs that wait are begun."""

    paused: bool


class OrderBody(_Body):
    """Runs that come first, in this order, within their priority."""

    run_ids: list[str] = Field(max_length=100_000)


class SaveBody(_Body):
    """A workflow to save."""

    workflow: Document
    revision: int | None = Field(
        None,
        ge=0,
        description="The revision that it is based on, 0 for a new workflow. Without it, and "
        "without If-Match, whatever there is becomes history.",
    )


class RenameBody(_Body):
    """Another name of a saved workflow, and if it is to have one, of its document."""

    name: str
    title: str | None = None
