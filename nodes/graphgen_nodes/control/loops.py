"""Loops: nodes that return the workflow to be run in their place."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from pydantic import Field

from graphgen import Fragment, NodeError, Workflow, node


class ForEachResult(NamedTuple):
    values: list[Any]
    total: int


class WhileResult(NamedTuple):
    state: Any
    iterations: int


@node("control/for_each", title="For each")
def for_each(
    items: list[Any],
    body: Annotated[Workflow, Field(description="Workflow to run, or the name of a subgraph.")],
    item: Annotated[str, Field(description="Input of the body that receives an item.")] = "item",
    output: Annotated[
        str, Field(description="Output of the body to collect; its only one if empty.")
    ] = "",
    inputs: Annotated[
        dict[str, Any], Field(description="Other inputs of the body, the same for every item.")
    ] = {},  # noqa: B006  (a node's default is read, never changed)
) -> ForEachResult | Fragment:
    """Run a workflow once per item, side by side, and collect one of its outputs in order.

    Items whose output is skipped leave no gap. ``total`` is the number of items.
    """
    known = ", ".join(body.inputs) or "none"
    for name in (item, *inputs):
        if name not in body.inputs:
            raise NodeError(
                f"the body has no input named {name!r}", hint=f"its inputs: {known}", port="item"
            )
    chosen = output or _only_output(body)
    if chosen not in body.outputs:
        raise NodeError(
            f"the body has no output named {chosen!r}",
            hint=f"its outputs: {', '.join(body.outputs) or 'none'}",
            port="output",
        )
    calls = {
        str(index): {
            "type": "workflow/body",
            "inputs": {item: {"literal": value}} | _literals(inputs),
        }
        for index, value in enumerate(items)
    }
    collected = [{"link": f"{index}.{chosen}"} for index in calls]
    return Fragment(calls, {"values": collected, "total": len(items)}, {"body": body})


@node("control/while", title="While")
def while_(
    state: Any,
    body: Annotated[
        Workflow,
        Field(description="Workflow with an input `state` and the outputs `state`, `continue`."),
    ],
    max_iterations: Annotated[
        int, Field(ge=1, le=100_000, description="The loop fails when it takes more.")
    ] = 100,
    proceed: Annotated[bool, Field(description="Whether to run the body at all.")] = True,
    iteration: Annotated[int, Field(ge=0, description="Iterations that have been run.")] = 0,
) -> WhileResult | Fragment:
    """Run a workflow on its own result for as long as it says ``continue``.

    A body with an input ``iteration`` is told how often it has run.
    """
    if not proceed:
        return WhileResult(state, iteration)
    if iteration >= max_iterations:
        raise NodeError(
            f"the loop did not end within {max_iterations} iterations",
            hint="raise max_iterations, or look at what the body gives for `continue`",
            port="max_iterations",
        )
    for name, names in (
        ("state", body.inputs),
        ("state", body.outputs),
        ("continue", body.outputs),
    ):
        if name not in names:
            kind = "input" if names is body.inputs else "output"
            raise NodeError(
                f"the body has no {kind} named {name!r}",
                hint="it takes an input `state` and gives the outputs `state` and `continue`",
                port="body",
            )
    given: dict[str, Any] = {"state": {"literal": state}}
    if "iteration" in body.inputs:
        given["iteration"] = iteration
    here, following = f"body-{iteration}", f"while-{iteration + 1}"
    again = {
        "state": {"link": f"{here}.state"},
        "proceed": {"link": f"{here}.continue"},
        "body": body,
        "max_iterations": max_iterations,
        "iteration": iteration + 1,
    }
    return Fragment(
        {
            here: {"type": "workflow/body", "inputs": given},
            following: {"type": "control/while", "inputs": again},
        },
        {
            "state": {"link": f"{following}.state"},
            "iterations": {"link": f"{following}.iterations"},
        },
        {"body": body},
        beside=iteration > 0,
    )


def _literals(values: dict[str, Any]) -> dict[str, Any]:
    return {name: {"literal": value} for name, value in values.items()}


def _only_output(body: Workflow) -> str:
    if len(body.outputs) != 1:
        raise NodeError(
            f"the body has {len(body.outputs)} outputs; say which one to collect",
            hint=f"its outputs: {', '.join(body.outputs) or 'none'}",
            port="output",
        )
    return next(iter(body.outputs))
