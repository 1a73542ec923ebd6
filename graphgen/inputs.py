"""Values for a workflow's named inputs, from the ``name=value`` texts of a command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .engine.flatten import Saved
from .engine.targets import input_targets
from .environment import InputFile
from .ports import InputPort, NodeTypes
from .problems import InvalidWorkflow, NodeError, Problem
from .types import ANY
from .workflow import Workflow

_EXAMPLES = {"bool": "true or false", "dict": '{"key": 1}'}


def read_settings(
    settings: Sequence[str],
    workflow: Workflow,
    types: NodeTypes,
    keep: Callable[[Path], str],
    saved: Saved | None = None,
) -> dict[str, Any]:
    """Values of named inputs from texts such as ``prompt=a red apple`` or ``seed=3``.

    A text port takes the text as it is; other plain ports take JSON. ``name=@file`` reads
    the value from a file, and ``@@`` stands for a leading ``@``. For a port that names a
    file the value is a path, with or without ``@``.

    Args:
        keep: Takes a file that the user named, and gives the name that the workflow shall
            call it by.

    Raises:
        InvalidWorkflow: With every setting that can't be used.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    targets = input_targets(workflow, types, saved)
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            problems.append(
                Problem(
                    "bad_setting",
                    f"{setting!r} sets nothing",
                    hint='a setting is name=value, such as prompt="a red apple"',
                )
            )
            continue
        if name not in workflow.inputs:
            problems.append(_unknown_input(name, workflow))
            continue
        try:
            if not targets[name]:
                values[name] = text  # what it feeds is unknown, which planning reports
            else:
                values[name] = _value(text, targets[name][0].port, types, keep)
        except NodeError as error:
            problems.append(Problem(error.code, str(error), None, name, error.hint))
        except InvalidWorkflow as error:
            problems.extend(
                Problem(p.code, p.message, p.node, p.port or name, p.hint) for p in error.problems
            )
    if problems:
        raise InvalidWorkflow(problems)
    return values


def _value(text: str, port: InputPort, types: NodeTypes, keep: Callable[[Path], str]) -> Any:
    if isinstance(port.marker, InputFile):
        return _file_name(text, keep)
    path = None
    if text.startswith("@@"):
        text = text[1:]
    elif text.startswith("@"):
        path = _existing(text[1:])
    if port.type.names == ("workflow",):
        return text if path is None else Workflow.read(path).to_dict()
    if not port.type.is_plain and ANY not in port.type.names:
        value = {"file": keep(_loadable(path, port, types))}
        return [value] if port.type.depth else value
    if path is not None:
        text = _text_of(path)
    if port.type.names == ("str",) and not port.type.depth:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if not port.type.depth and {"str", ANY} & set(port.type.names):
            return text
    example = "[1, 2]" if port.type.depth else _EXAMPLES.get(port.type.names[0], "")
    shown = text if len(text) <= 60 else text[:57] + "..."
    raise NodeError(
        f"expected {port.type}, got {shown!r}",
        code="value_not_allowed",
        hint=f"written like {example}" if example else port.description or None,
    )


def _file_name(text: str, keep: Callable[[Path], str]) -> str:
    """What the workflow shall call the file that the user named."""
    path = _existing(text[1:]) if text.startswith("@") else _path(text)
    # Else it is a name inside the workspace, or none at all, which planning reports.
    return text if path is None else keep(path)


def _path(name: str) -> Path | None:
    """The file or folder of that name, if there is one."""
    try:
        path = Path(name).expanduser()
        return path if name and path.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long, no such home, a null byte
        return None


def _existing(name: str) -> Path:
    path = _path(name)
    if path is None:
        raise NodeError(
            f"the file {name!r} does not exist",
            code="missing_file",
            hint="a value that begins with @ names a file; write @@ for the character itself",
        )
    return path


def _text_of(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise NodeError(f"{path} is not a UTF-8 text file", code="unreadable_file") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise NodeError(f"{path} can't be read: {reason}", code="unreadable_file") from None
    return text.removesuffix("\n")


def _loadable(path: Path | None, port: InputPort, types: NodeTypes) -> Path:
    if not any(map(types.loads_from_file, port.type.names)):
        raise NodeError(f"it takes {port.type}, which can't be read from a file", code="wrong_type")
    if path is None:
        raise NodeError(
            f"it takes {port.type}, which is read from a file",
            code="wrong_type",
            hint="name the file with @, such as image=@photo.png",
        )
    return path


def _unknown_input(name: str, workflow: Workflow) -> Problem:
    near = get_close_matches(name, workflow.inputs, n=1, cutoff=0.5)
    guess = f"did you mean {near[0]}? " if near else ""
    return Problem(
        "unknown_input",
        f"the workflow has no input named {name!r}",
        hint=f"{guess}its inputs: {', '.join(workflow.inputs) or 'none'}",
    )
