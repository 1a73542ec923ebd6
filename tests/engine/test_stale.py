"""Whatever is edited, a document's literals or the files it names, no old value is served:
random graphs of files, fragments, lazy inputs, lists and subgraphs against evaluating by hand."""

import itertools
import os
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen import Context, Engine, Fragment, InputFile, Lazy, node
from tests.support import CORE, Pack, graph, link

pytestmark = pytest.mark.timeout(120)
CLOCK = itertools.count(1_700_000_000)


@node("file/name", title="Name")
def name(value: str) -> str:
    """Give a file's name."""
    return value


@node("file/both", title="Both")
def both() -> list[str]:
    """Give both files' names."""
    return ["a", "b"]


@node("file/read", title="Read")
def read(path: Annotated[str, InputFile()] = "a", *, ctx: Context) -> int:
    """Read a number."""
    return int(ctx.files.resolve(path).read_text())


@node("file/inside", title="Inside")
def inside(path: str) -> int | Fragment:
    """Read a number inside a fragment, and add 0 to it."""
    return Fragment(
        {
            "r": {"type": "file/read", "inputs": {"path": path}},
            "z": {"type": "core/add", "inputs": {"a": link("r.value"), "b": 0}},
        },
        {"value": link("z.value")},
    )


@node("file/deeper", title="Deeper")
def deeper(path: str) -> int | Fragment:
    """Do that inside another fragment."""
    return Fragment(
        {"i": {"type": "file/inside", "inputs": {"path": path}}}, {"value": link("i.value")}
    )


@node("file/choose", title="Choose")
async def choose(first: bool, a: Lazy[int], b: Lazy[int]) -> int:
    """Give one of two numbers."""
    return await (a if first else b)


PACK = Pack(*CORE, name, both, read, inside, deeper, choose)
READERS = {"read": "file/read", "inside": "file/inside", "deeper": "file/deeper"}
SUBGRAPH = graph(
    {"i": ("file/inside", {"path": "a"}), "s": ("core/add", {"a": "=i.value", "b": "=i.value"})},
    {"out": "s.value"},
    {"path": "i.path"},
)


@st.composite
def drawn_graphs(draw):
    nodes: dict[str, tuple[Any, ...]] = {}
    numbers: list[str] = []
    for i in range(draw(st.integers(1, 7))):
        id = f"n{i}"
        kinds = ["number", "read", "inside", "deeper", "default", "linked", "items", "sub"]
        kinds += ["add", "choose", "each"] * 2 if numbers else []
        kind = draw(st.sampled_from(kinds))
        file = draw(st.sampled_from("ab"))
        if kind == "number":
            nodes[id] = kind, draw(st.integers(0, 2))
        elif kind in ("read", "inside", "deeper", "sub"):
            nodes[id] = kind, file
        elif kind == "linked":
            nodes[id] = kind, file, draw(st.sampled_from(list(READERS)))
        elif kind == "items":
            nodes[id] = kind, draw(st.sampled_from(list(READERS)))
        elif kind == "default":
            nodes[id] = (kind,)
        elif kind in ("add", "each"):
            nodes[id] = kind, draw(st.sampled_from(numbers)), draw(st.sampled_from(numbers))
        else:
            pair = draw(st.sampled_from(numbers)), draw(st.sampled_from(numbers))
            nodes[id] = kind, draw(st.booleans()), *pair
        numbers.append(id)
    return nodes


def document(nodes):
    made: dict[str, Any] = {}
    for id, (kind, *parts) in nodes.items():
        if kind == "number":
            made[id] = "core/number", {"value": parts[0]}
        elif kind in READERS:
            made[id] = READERS[kind], {"path": parts[0]}
        elif kind == "default":
            made[id] = "file/read"
        elif kind == "linked":
            made[f"{id}-name"] = "file/name", {"value": parts[0]}
            made[id] = READERS[parts[1]], {"path": f"={id}-name.value"}
        elif kind == "items":
            made[f"{id}-names"] = "file/both"
            made[f"{id}-read"] = READERS[parts[0]], {"path": f"={id}-names.value"}
            made[id] = "core/total", {"values": f"={id}-read.value"}
        elif kind == "sub":
            made[f"{id}-sub"] = "workflow/twice", {"path": parts[0]}
            made[id] = "core/add", {"a": f"={id}-sub.out"}
        elif kind == "add":
            made[id] = "core/add", {"a": f"={parts[0]}.value", "b": f"={parts[1]}.value"}
        elif kind == "each":
            made[f"{id}-sums"] = (
                "core/add",
                {"a": [f"={parts[0]}.value", f"={parts[1]}.value"], "b": f"={parts[0]}.value"},
            )
            made[id] = "core/total", {"values": f"={id}-sums.value"}
        else:
            inputs = {"first": parts[0], "a": f"={parts[1]}.value", "b": f"={parts[2]}.value"}
            made[id] = "file/choose", inputs
    outputs = {id: f"{id}.value" for id in nodes}
    return graph(made, outputs, workflows={"twice": SUBGRAPH})


def evaluate(nodes, files):
    values: dict[str, int] = {}
    for id, (kind, *parts) in nodes.items():
        if kind == "number":
            values[id] = parts[0]
        elif kind in READERS or kind == "linked":
            values[id] = files[parts[0]]
        elif kind == "default":
            values[id] = files["a"]
        elif kind == "items":
            values[id] = files["a"] + files["b"]
        elif kind == "sub":
            values[id] = 2 * files[parts[0]]
        elif kind == "add":
            values[id] = values[parts[0]] + values[parts[1]]
        elif kind == "each":
            values[id] = values[parts[0]] * 3 + values[parts[1]]
        else:
            values[id] = values[parts[1] if parts[0] else parts[2]]
    return values


def write(folder, files):
    for file, content in files.items():
        (folder / file).write_text(str(content))
        # A time of its own, as a user's edits have.
        stamp = next(CLOCK)
        os.utime(folder / file, (stamp, stamp))


@settings(max_examples=50)
@given(drawn_graphs(), st.data())
def test_no_old_value_is_ever_served(tmp_path_factory, nodes, data):
    workspace = tmp_path_factory.mktemp("workspace")
    folder = workspace / "inputs"
    folder.mkdir()
    files = {"a": 10, "b": 20}
    write(folder, files)
    with Engine([PACK], installed=False, workspace=workspace, device="cpu", workers=2) as engine:
        for _ in range(4):
            result = engine.run(document(nodes))
            assert result.problems == []
            assert result.outputs == evaluate(nodes, files)
            if data.draw(st.booleans()):
                files = files | {data.draw(st.sampled_from("ab")): data.draw(st.integers(10, 99))}
                write(folder, files)
            id = data.draw(st.sampled_from(list(nodes)))
            kind, *parts = nodes[id]
            if kind == "number":
                nodes = nodes | {id: (kind, data.draw(st.integers(0, 5)))}
            elif kind in (*READERS, "sub", "linked"):
                nodes = nodes | {id: (kind, data.draw(st.sampled_from("ab")), *parts[1:])}
            elif kind == "choose":
                nodes = nodes | {id: (kind, not parts[0], *parts[1:])}
