"""Options that go together: a command has one parameter for all of them.

``Annotated[T, OptionGroup(...)]`` is the type of such a parameter, which is keyword-only, and
``with_groups`` makes of the command what typer is to see.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OptionGroup:
    """Some options.

    Attributes:
        options: Each with its annotation and its default, by the name of its parameter.
        combined: Makes what the command gets, from their values by name.
    """

    options: Mapping[str, tuple[Any, Any]]
    combined: Callable[..., Any]


def with_groups(command: Callable[..., int]) -> Callable[..., int]:
    """A command with the options of its groups, each where the group's parameter is."""
    groups: dict[str, OptionGroup] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        marks = getattr(parameter.annotation, "__metadata__", ())
        group = next((mark for mark in marks if isinstance(mark, OptionGroup)), None)
        if group is None:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        groups[parameter.name] = group
        parameters += [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
            )
            for name, (annotation, default) in group.options.items()
        ]

    def call(**given: Any) -> int:
        for name, group in groups.items():
            values = {option: given.pop(option) for option in group.options}
            given[name] = group.combined(**values)
        return command(**given)

    call.__name__, call.__doc__ = command.__name__, command.__doc__
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(call)["__signature__"] = inspect.Signature(parameters)
    return call
