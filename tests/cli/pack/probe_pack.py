"""A small pack that the tests install: nodes that wait, fail, print and read files."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from graphgen import Context, InputFile, NodeError, SaveTarget, TypeSpec, hookimpl, node


@dataclass(frozen=True)
class Note:
    """A text with a title."""

    title: str
    text: str


@dataclass(frozen=True)
class Blob:
    """Numbers that have no file form of their own."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Handle:
    """Something that lives in this process only."""

    value: Any


def save_note(note: Note, target: SaveTarget) -> None:
    target.path(".note").write_text(f"{note.title}\n{note.text}")
    target.path(".meta.txt").write_text(target.metadata.get("graphgen", ""))


def load_note(path: Path) -> Note:
    title, _, text = path.read_text().partition("\n")
    if not title:
        raise NodeError(f"{path.name} has no title", code="unreadable_note")
    return Note(title, text)


@node("probe/number", title="Number")
def number(
    value: Annotated[int, Field(ge=0, le=100, description="Any small number.")] = 1,
) -> int:
    """Give a number."""
    return value


@node("probe/half", title="Half")
def half(value: float = 1.0) -> float:
    """Half of a number."""
    return value / 2


@node("probe/numbers", title="Numbers")
def numbers(count: int = 3) -> list[int]:
    """Count from 0."""
    return list(range(count))


@node("probe/text", title="Text")
def text(
    text: Annotated[str, Field(max_length=20_000, description="Any text.")], loud: bool = False
) -> str:
    """Give a text."""
    print("this goes to whoever watches, not into the result")
    return text.upper() if loud else text


@node("probe/settings", title="Settings")
def settings(
    mode: Literal["fast", "slow"] = "fast",
    sizes: list[int] | None = None,
    options: dict[str, Any] | None = None,
    seed: int | None = None,
    either: int | str = 0,
) -> dict:
    """Give back what it was given."""
    return {"mode": mode, "sizes": sizes, "options": options, "seed": seed, "either": either}


@node("probe/read", title="Read file")
def read(
    file: Annotated[str, InputFile(), Field(description="A text file.")], *, ctx: Context
) -> str:
    """The content of a file."""
    return ctx.files.resolve(file).read_text()


@node("probe/count_files", title="Count files")
def count_files(folder: Annotated[str, InputFile()], *, ctx: Context) -> int:
    """The number of files in a folder."""
    return sum(1 for _ in ctx.files.resolve(folder).iterdir())


@node("probe/note", title="Note")
def make_note(title: str = "a", text: str = "b") -> Note:
    """Write a note."""
    return Note(title, text)


@node("probe/title", title="Title of a note")
def note_title(note: Note) -> str:
    """The title of a note."""
    return note.title


@node("probe/blob", title="Blob")
def blob(count: int = 3) -> Blob:
    """Numbers from 0."""
    return Blob(tuple(range(count)))


@node("probe/handle", title="Handle")
def handle() -> Handle:
    """Something that can't be saved."""
    return Handle(object())


@node("probe/wait", title="Wait")
def wait(
    after: int = 0,
    seconds: Annotated[float, Field(ge=0, description="How long, in seconds.")] = 60.0,
    *,
    ctx: Context,
) -> int:
    """Wait in steps of 10 milliseconds."""
    steps = max(1, int(seconds / 0.01))
    for step in range(steps):
        time.sleep(0.01)
        ctx.progress(step + 1, steps)
    return after


@node("probe/hang", title="Hang")
def hang(seconds: float = 60.0) -> int:
    """Sleep without ever looking up."""
    time.sleep(seconds)
    return 0


@node("probe/interrupt", title="Interrupt")
def interrupt(*, ctx: Context) -> int:
    """Send Ctrl+C's signal to this thread, so that it wakes no other, and wait to be stopped."""
    wait(seconds=0.2, ctx=ctx)  # until the run's thread waits, too
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    return wait(seconds=20.0, ctx=ctx)


@node("probe/fail", title="Fail")
def fail(value: int = 0) -> int:
    """Fail as a program does."""
    raise ValueError("the roof is on fire")


@node("probe/exhaust", title="Exhaust", memory=("size",))
def exhaust(size: int = 1) -> int:
    """Run out of memory."""
    raise MemoryError


@hookimpl
def graphgen_types() -> list[TypeSpec]:
    return [
        TypeSpec(Note, save=save_note, load=load_note),
        TypeSpec(Blob),
        TypeSpec(Handle, stored=False),
    ]


@hookimpl
def graphgen_nodes() -> list[Callable[..., Any]]:
    return [
        *(number, half, numbers, text, settings, read, count_files, make_note, note_title),
        *(blob, handle, wait, hang, interrupt, fail, exhaust),
    ]
