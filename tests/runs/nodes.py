"""Nodes that say when they run, wait until they may go on, fill files, or end the process."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from graphgen import Context, TypeSpec, Workflow, node
from tests.support import graph

WAIT = 20


class Here:
    """Where nodes and tests meet."""

    def reset(self):
        self.begun = SimpleQueue()
        self.go = threading.Event()
        self.order = []
        self.queue = None


HERE = Here()
HERE.reset()


@dataclass(frozen=True)
class Page:
    """A text that is saved as a file."""

    text: str


@dataclass(frozen=True)
class Secret:
    """Something that has no form as a file."""

    what: object


def save_page(page, target):
    path = target.path(".txt")
    with open(path, "w") as stream:
        for at in range(0, len(page.text), 1000):
            stream.write(page.text[at : at + 1000])
            stream.flush()


@dataclass(frozen=True)
class Book:
    """A text that is saved as a folder of files."""

    text: str


def save_book(book, target):
    for at in range(0, len(book.text), 1000):
        target.path(".txt", folder=True).write_text(book.text[at : at + 1000])


@dataclass(frozen=True)
class Scroll:
    """A text that is saved in two files, the second of which takes for ever."""

    text: str


def save_scroll(scroll, target):
    target.path(".txt").write_text(scroll.text)
    with open(target.path(".txt"), "w") as stream:
        stream.write(scroll.text[:10])
        stream.flush()
        time.sleep(WAIT)


TYPES = (
    TypeSpec(Page, save=save_page),
    TypeSpec(Book, save=save_book),
    TypeSpec(Scroll, save=save_scroll),
    TypeSpec(Secret, stored=False),
)


@node("runs/note", title="Note", volatile=True)
def note(value: int = 0) -> int:
    """Write down that it was run."""
    HERE.order.append(value)
    return value


@node("runs/hold", title="Hold", volatile=True)
def hold(value: int = 0, *, ctx: Context) -> int:
    """Hold until told to go on; can be cancelled."""
    HERE.begun.put(value)
    until = time.monotonic() + WAIT
    while not HERE.go.wait(0.005):
        ctx.progress(0, 1)
        assert time.monotonic() < until
    return value


@node("runs/deaf", title="Deaf", volatile=True)
def deaf(value: int = 0) -> int:
    """Hold until told to go on; knows nothing of cancelling."""
    HERE.begun.put(value)
    assert HERE.go.wait(WAIT)
    return value


@node("runs/step", title="Step", volatile=True)
def step(value: int = 0) -> int:
    """Pause the queue that runs it."""
    HERE.order.append(value)
    HERE.queue.pause()
    return value


@node("runs/slow", title="Slow")
def slow(value: int = 0) -> int:
    """Take long enough to be worth keeping on disk."""
    time.sleep(0.003)
    return value


@node("runs/page", title="Page")
def page(value: int = 0, size: int = 1000) -> Page:
    """Give a text of a size, which tells a half of it from the whole."""
    return Page(f"{value}:".ljust(size - 1, "x") + "!")


@node("runs/book", title="Book")
def book(value: int = 0) -> Book:
    """Give a text of several pages."""
    return Book(f"{value}:".ljust(3000, "x"))


@node("runs/scroll", title="Scroll")
def scroll(value: int = 0) -> Scroll:
    """Give a text that is not saved in a lifetime."""
    return Scroll("x" * 10_000)


@node("runs/secret", title="Secret")
def secret() -> Secret:
    """Give what can't be saved."""
    return Secret(object())


@node("runs/write", title="Write", volatile=True)
def write(value: int = 0, *, ctx: Context) -> str:
    """Write a file below the run's output folder."""
    path = ctx.outputs / f"written-{value}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{value}")
    return path.name


@node("runs/folder", title="Folder", volatile=True)
def folder(value: int = 0, *, ctx: Context) -> int:
    """Make the run's output folder, and fail if told so."""
    ctx.outputs.mkdir(parents=True)
    if value < 0:
        raise ValueError("nothing to write")
    return value


@node("runs/await_file", title="Await a file", volatile=True)
def await_file(value: int = 0, name: str = "go", *, ctx: Context) -> int:
    """Hold until there is a file in the workspace's inputs."""
    folder = ctx.outputs.parent.parent / "inputs"
    folder.mkdir(parents=True, exist_ok=True)
    ctx.outputs.mkdir(parents=True, exist_ok=True)
    (ctx.outputs / "note.txt").write_text("half of w")
    (folder / f"{name}-begun-{value}").touch()
    until = time.monotonic() + WAIT
    while not (folder / name).exists():
        assert time.monotonic() < until
        time.sleep(0.005)
    return value


@node("runs/crash", title="Crash", volatile=True)
def crash(value: int = 0) -> int:
    """End the process as the kernel does when memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)
    return value


@node("runs/on_device", title="On the device", device=True)
def on_device(value: int = 0) -> int:
    """Be computed by the device."""
    return value


NODES = (
    on_device,
    note,
    hold,
    deaf,
    step,
    slow,
    page,
    book,
    scroll,
    secret,
    write,
    folder,
    await_file,
    crash,
)


def one(type_: str, output: str = "value", **inputs) -> Workflow:
    """A workflow of one node, with its ``value`` as a named input."""
    document = graph({"n": (type_, inputs)}, {"out": f"n.{output}"}, {"value": "n.value"})
    return Workflow.parse({**document, "name": type_.split("/")[1]})


def adding(name: str = "Adding") -> Workflow:
    """Three nodes that add two named inputs."""
    document = graph(
        {
            "a": ("core/number", {"value": 1}),
            "b": ("core/number", {"value": 2}),
            "c": ("core/add", {"a": "=a.value", "b": "=b.value"}),
        },
        {"sum": "c.value"},
        {"x": "a.value", "y": "b.value"},
    )
    return Workflow.parse({**document, "name": name})


def values(record) -> dict:
    """The plain values of a record's outputs."""
    return {name: [item["value"] for item in items] for name, items in record.outputs.items()}


def files_below(folder: Path) -> set[str]:
    """Every file and every folder below one, by relative path."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
