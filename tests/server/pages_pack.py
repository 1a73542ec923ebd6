"""A pack whose pages take a while to compute and to write: what is killed on the way shows."""

from __future__ import annotations

import time

from graphgen import hookimpl, node
from tests.runs.nodes import Page, TypeSpec

SIZE = 200_000
PIECE = 10_000


def text_of(value: int) -> str:
    """The whole text of a page, whose end tells it from a part of it."""
    return f"{value}:".ljust(SIZE - 1, "x") + "!"


@node("pages/think", title="Think")
def think(value: int) -> int:
    """Take long enough to be kept on disk."""
    time.sleep(0.005)
    return value


@node("pages/print", title="Print")
def print_page(value: int) -> Page:
    """Make a page."""
    return Page(text_of(value))


def save(page, target):
    with open(target.path(".txt"), "w") as stream:
        for at in range(0, len(page.text), PIECE):
            stream.write(page.text[at : at + PIECE])
            stream.flush()


@hookimpl
def graphgen_types():
    return [TypeSpec(Page, save=save)]


@hookimpl
def graphgen_nodes():
    return [think, print_page]
