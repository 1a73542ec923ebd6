"""What is the same work and what is not: seen in what is cached."""

import enum
import functools
import json
import os
import shutil
import textwrap
import time
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import pytest
from pydantic import BaseModel, Field

from graphgen import Context, Fragment, InputFile, Lazy, ModelName, TypeSpec, node
from tests.support import CALLS, called, graph, link, python, statuses


@dataclass(frozen=True, eq=False)
class Block:
    """Numbers in an array."""

    data: Any
    name: str = ""


class Mode(enum.Enum):
    FAST = "fast"
    FINE = "fine"


class Options(BaseModel):
    """A pydantic model as an input."""

    size: int = 1


class Two(NamedTuple):
    one: int
    other: int


@node("test/any", title="Any")
def any_(value: Any = None) -> str:
    """Take anything."""
    called("any")
    return repr(value)


@node("test/other", title="Other")
def other(value: Any = None) -> str:
    """Take anything, too."""
    called("other")
    return repr(value)


@node("test/block", title="Block")
def block(block: Block) -> int:
    """Take an array."""
    called("block")
    return 1


@node("test/defaults", title="Defaults")
def defaults(
    a: float = 1,
    b: Annotated[float, Field(ge=0)] = 2,
    mode: Mode = Mode.FAST,
    many: list[float] = [1, 2],  # noqa: B006
    nothing: int | None = None,
    options: dict = {"x": 1},  # noqa: B006
) -> str:
    """Have defaults."""
    called("defaults")
    return repr((a, b, mode, many, nothing, options))


@node("test/read", title="Read")
def read(path: Annotated[str, InputFile()] = "a.txt", *, ctx: Context) -> str:
    """Read a file."""
    called("read")
    return ctx.files.resolve(path).read_text()


@node("test/load", title="Load")
def load(model: Annotated[str, ModelName()] = "m.safetensors", *, ctx: Context) -> str:
    """Read a model."""
    called("load")
    return ctx.models.find(model).read_text()


@node("test/name", title="Name")
def name(value: str = "a.txt") -> str:
    """Give a file's name."""
    return value


@node("test/names", title="Names")
def names() -> list[str]:
    """Give files' names."""
    return ["a.txt", "b.txt"]


@node("test/inside", title="Inside")
def inside(path: str = "a.txt") -> str | Fragment:
    """Read a file inside a fragment."""
    return Fragment(
        {"r": {"type": "test/read", "inputs": {"path": path}}}, {"value": link("r.value")}
    )


@node("test/nested", title="Nested")
def nested(path: str = "a.txt") -> str | Fragment:
    """Read a file inside a fragment inside a fragment."""
    return Fragment(
        {"i": {"type": "test/inside", "inputs": {"path": path}}}, {"value": link("i.value")}
    )


@node("test/each_inside", title="Each inside")
def each_inside() -> list[str] | Fragment:
    """Read files inside fragments that run per item, inside a fragment."""
    return Fragment(
        {
            "n": {"type": "test/names", "inputs": {}},
            "i": {"type": "test/inside", "inputs": {"path": link("n.value")}},
        },
        {"value": link("i.value")},
    )


@node("test/lazily", title="Lazily")
async def lazily(value: Lazy[str]) -> str:
    """Ask for a text."""
    return await value


@dataclass(frozen=True, eq=False)
class Held:
    """A value that has no form on disk, and so no content to go by."""

    text: str


@node("test/quote", title="Quote")
def quote(value: str) -> str:
    """Put a text into quotes."""
    return f"'{value}'"


@node("test/hold", title="Hold")
def hold(value: str) -> Held:
    """Hold a text."""
    return Held(value)


@node("test/hold_all", title="Hold all")
def hold_all(value: str) -> list[Held]:
    """Hold a text twice."""
    return [Held(value), Held(value)]


@node("test/release", title="Release")
def release(held: Held) -> str:
    """Give the text back."""
    return held.text


@node("test/release_inside", title="Release inside")
def release_inside(held: Held) -> str | Fragment:
    """Give the text back inside a fragment."""
    return Fragment(
        {"r": {"type": "test/release", "inputs": {"held": {"literal": held}}}},
        {"value": link("r.value")},
    )


@node("test/two", title="Two")
def two() -> Two:
    """Give two equal numbers."""
    return Two(1, 1)


@node("test/on_device", title="On device", device=True)
def on_device(value: int = 0) -> int:
    """Compute on the device."""
    called("on_device")
    return value


GIVEN = (any_, other, block, defaults, read, load, name, names, inside, nested, each_inside)
GIVEN = (*GIVEN, lazily, quote, hold, hold_all, release, release_inside, two, on_device)
TYPES = [TypeSpec(Block), TypeSpec(Held, stored=False)]


@pytest.fixture
def engine(make_engine):
    return make_engine(*GIVEN, types=TYPES)


def status(engine, type_, inputs, **options):
    result = engine.run(graph({"n": (type_, inputs)}), **options)
    assert result.problems == []
    return result.nodes["n"].status


DIFFERENT = [
    1, 1.0, True, "1", 0, 0.0, -0.0, False, "", None, [], {}, [1], [1.0], ["1"], [[1]], [[]],
    [[1], []], [[], [1]], [1, 2], [2, 1], [12], ["1", "2"], ["12"], ["1,2"], {"1": 1}, {"1": 1.0},
    {"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": {"b": 1}}, {"a": "b", "c": 1},
    "a", "A", "ä", "None", 2**64, 1e300, float("inf"), float("-inf"), float("nan"),
    "\0", "\0\0", ["a", ["b"]], [["a"], "b"],
]  # fmt: skip


def test_different_literals_are_different_work(engine):
    seen = [status(engine, "test/any", {"value": {"literal": value}}) for value in DIFFERENT]

    assert seen == ["executed"] * len(DIFFERENT)
    again = [status(engine, "test/any", {"value": {"literal": value}}) for value in DIFFERENT]
    assert again == ["cached"] * len(DIFFERENT)


def test_results_belong_to_their_literals(engine):
    def out(value):
        document = graph({"n": ("test/any", {"value": {"literal": value}})}, {"out": "n.value"})
        return engine.run(document).outputs["out"]

    for _ in range(2):
        assert [out(value) for value in DIFFERENT] == [repr(value) for value in DIFFERENT]


def test_zeros_keep_their_sign(engine):
    def out(type_, port, value):
        return engine.run(graph({"n": (type_, {port: value})}, {"out": "n.value"})).outputs["out"]

    for value in (0.0, -0.0, 0, False, 0.0, -0.0, 0, False):
        assert out("test/any", "value", value) == repr(value)
    for value in (0.0, -0.0, 0.0):
        assert out("test/defaults", "a", value).startswith(f"({value!r},")


def test_the_order_of_a_dict_does_not_matter(engine):
    assert status(engine, "test/any", {"value": {"a": 1, "b": {"c": 2, "d": 3}}}) == "executed"
    assert status(engine, "test/any", {"value": {"b": {"d": 3, "c": 2}, "a": 1}}) == "cached"


def test_a_default_given_explicitly_is_the_default(engine):
    assert status(engine, "test/defaults", {}) == "executed"
    for inputs in (
        {"a": 1},
        {"a": 1.0, "b": 2.0},
        {"mode": "fast"},
        {"many": [1, 2]},
        {"many": [1.0, 2.0], "nothing": None},
        {"options": {"x": 1}},
    ):
        assert status(engine, "test/defaults", inputs) == "cached", inputs
    for inputs in ({"a": 2}, {"mode": "fine"}, {"many": [1]}, {"nothing": 0}, {"options": {}}):
        assert status(engine, "test/defaults", inputs) == "executed", inputs


def test_a_function_gets_its_defaults_as_declared(engine):
    document = graph({"n": "test/defaults"}, {"out": "n.value"})

    assert (
        engine.run(document).outputs["out"]
        == "(1.0, 2.0, <Mode.FAST: 'fast'>, [1.0, 2.0], None, {'x': 1})"
    )


def test_equal_numbers_in_a_float_port_are_equal_work(engine):
    assert status(engine, "test/defaults", {"a": 5}) == "executed"
    assert status(engine, "test/defaults", {"a": 5.0}) == "cached"


def test_ids_and_drawing_do_not_matter(engine):
    first = graph({"a": ("core/number", {"value": 1}), "b": ("core/add", {"a": "=a.value"})})
    second = graph({"x": ("core/number", {"value": 1}), "y": ("core/add", {"a": "=x.value"})})
    engine.run(first)

    result = engine.run(second | {"editor": {"positions": {"x": [3, 4]}}, "name": "Another"})

    assert statuses(result) == {"x": "cached", "y": "cached"}


def test_the_order_of_inputs_in_the_document_does_not_matter(engine):
    assert status(engine, "core/add", {"a": 1, "b": 2}) == "executed"
    assert status(engine, "core/add", {"b": 2, "a": 1}) == "cached"
    assert status(engine, "core/add", {"a": 2, "b": 1}) == "executed"


def test_the_type_of_node_matters(engine):
    assert status(engine, "test/any", {"value": 1}) == "executed"
    assert status(engine, "test/other", {"value": 1}) == "executed"


def run_pair(engine, inputs, nodes=None):
    base = {"n": ("core/number", {"value": 1}), "m": ("core/number", {"value": 2}), "t": "test/two"}
    result = engine.run(graph(base | {"x": ("test/any", {"value": inputs})} | (nodes or {})))
    assert result.problems == []
    return result.nodes["x"].status


def test_links_gathered_in_another_order_are_other_work(engine):
    assert run_pair(engine, ["=n.value", "=m.value"]) == "executed"
    assert run_pair(engine, ["=m.value", "=n.value"]) == "executed"
    assert run_pair(engine, ["=n.value", "=m.value"]) == "cached"
    assert run_pair(engine, ["=n.value"]) == "executed"
    assert run_pair(engine, ["=n.value", "=n.value"]) == "executed"
    assert run_pair(engine, "=n.value") == "executed"


def test_links_gathered_under_other_names_are_other_work(engine):
    one = {"a": link("n.value"), "b": link("m.value")}
    other = {"a": link("m.value"), "b": link("n.value")}
    renamed = {"a": link("n.value"), "c": link("m.value")}
    seen = [
        engine.run(
            graph(
                {
                    "n": ("core/number", {"value": 1}),
                    "m": ("core/number", {"value": 2}),
                    "x": ("test/any", {"value": value}),
                },
                {"out": "x.value"},
            )
        ).outputs["out"]
        for value in (one, other, renamed, one)
    ]

    assert seen == ["{'a': 1, 'b': 2}", "{'a': 2, 'b': 1}", "{'a': 1, 'c': 2}", "{'a': 1, 'b': 2}"]
    assert CALLS["any"] == 3


def test_a_link_is_not_the_value_it_carries_nor_the_text_of_itself(engine):
    assert run_pair(engine, "=n.value") == "executed"
    assert run_pair(engine, 1) == "executed"
    assert run_pair(engine, {"literal": link("n.value")}) == "executed"
    assert run_pair(engine, {"literal": [link("n.value")]}) == "executed"


def test_another_output_of_the_same_node_is_other_work(engine):
    assert run_pair(engine, "=t.one") == "executed"
    assert run_pair(engine, "=t.other") == "executed"


def test_a_volatile_node_is_never_cached_nor_is_anything_below_it(engine):
    document = graph(
        {
            "t": "core/tick",
            "a": ("core/add", {"a": "=t.value"}),
            "b": ("core/add", {"a": "=a.value", "b": 1}),
            "n": ("core/number", {"value": 1}),
        },
        outputs={"out": "b.value", "n": "n.value"},
    )

    assert [engine.run(document).outputs["out"] for _ in range(3)] == [2, 3, 4]
    assert statuses(engine.run(document)) == {
        "t": "executed",
        "a": "executed",
        "b": "executed",
        "n": "cached",
    }


def test_the_device_and_dtype_matter_to_nodes_that_use_them(make_engine, tmp_path):
    # On disk, so that engines share it; what takes long enough to be written.
    @node("test/slow", title="Slow", device=True)
    def slow(value: int) -> int:
        """Take a while on the device."""
        time.sleep(0.003)
        return value

    def status_with(**options):
        made = make_engine(slow, cache_dir=tmp_path / "cache", **options)
        return status(made, "test/slow", {"value": 1})

    assert status_with(device="cpu") == "executed"
    assert status_with(device="cpu") == "cached"
    assert status_with(device="cpu", dtype="bfloat16") == "executed"
    assert status_with(device="cuda:0") == "executed"
    assert status_with(device="cuda:1") == "cached"


# Values that are no plain data


def test_arrays_count_by_shape_dtype_and_content(engine):
    np = pytest.importorskip("numpy")
    workflow = graph({"b": "test/block"}, inputs={"block": "b.block"})
    arrays = [
        np.zeros((2, 3), "float32"),
        np.zeros((3, 2), "float32"),
        np.zeros(6, "float32"),
        np.zeros((2, 3), "int32"),
        np.zeros((2, 3), "float64"),
        np.ones((2, 3), "float32"),
        np.zeros((0, 3), "float32"),
        np.zeros((0,), "float32"),
        np.arange(6, dtype="float32").reshape(2, 3),
        np.arange(6, dtype="float32").reshape(3, 2).T,
        np.arange(6, dtype="float32").reshape(2, 3)[::-1],
    ]

    def statuses_of(values):
        return [engine.run(workflow, inputs={"block": v}).nodes["b"].status for v in values]

    assert statuses_of([Block(a) for a in arrays]) == ["executed"] * len(arrays)
    assert statuses_of([Block(a.copy()) for a in arrays]) == ["cached"] * len(arrays)
    assert statuses_of([Block(arrays[0], "named")]) == ["executed"]
    strided = np.zeros((2, 6), "float32")[:, ::2]
    assert statuses_of([Block(strided)]) == ["cached"]


def test_tensors_count_by_shape_dtype_and_content(engine):
    torch = pytest.importorskip("torch")
    workflow = graph({"b": "test/block"}, inputs={"block": "b.block"})
    tensors = [
        torch.zeros(2, 3),
        torch.zeros(3, 2),
        torch.zeros(2, 3, dtype=torch.float16),
        torch.zeros(2, 3, dtype=torch.bfloat16),
        torch.zeros(2, 3, dtype=torch.int32),
        torch.ones(2, 3),
        torch.zeros(0),
        torch.tensor(0.0),
    ]

    def statuses_of(values):
        return [engine.run(workflow, inputs={"block": Block(v)}).nodes["b"].status for v in values]

    assert statuses_of(tensors) == ["executed"] * len(tensors)
    assert statuses_of([t.clone() for t in tensors]) == ["cached"] * len(tensors)


def test_bare_arrays_of_equal_bytes_are_not_mixed_up(engine):
    np = pytest.importorskip("numpy")
    workflow = graph({"n": "test/any"}, {"out": "n.value"}, {"v": "n.value"})
    arrays = [
        np.zeros((2, 3), "float32"),
        np.zeros((3, 2), "float32"),
        np.zeros((2, 3), "int32"),
        bytes(24),
        bytearray(24),
        np.float32(0),
        bytes(4),
    ]
    for wrap in (lambda v: v, lambda v: [v], lambda v: {"a": v}):
        for value in arrays * 2:
            result = engine.run(workflow, inputs={"v": wrap(value)})
            assert result.outputs == {"out": repr(wrap(value))}


class Opaque:
    """What has no content to go by."""


def test_a_value_that_can_not_be_fingerprinted_is_not_cached(engine):
    workflow = graph(
        {"n": "test/any", "after": ("test/other", {"value": "=n.value"})}, inputs={"v": "n.value"}
    )
    thing = Opaque()

    for _ in range(2):
        result = engine.run(workflow, inputs={"v": thing})
        assert statuses(result) == {"n": "executed", "after": "executed"}


# Files


@pytest.fixture
def files(engine):
    engine.workspace.inputs.mkdir(parents=True)
    engine.workspace.models.mkdir(parents=True)
    return engine.workspace.inputs


def contents(engine, document):
    return engine.run(document).outputs["out"]


def write(path, text):
    """Write, and make sure that the time of change differs."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


FILE_DOCUMENTS = {
    "literal": graph({"r": ("test/read", {"path": "a.txt"})}, {"out": "r.value"}),
    "default": graph({"r": "test/read"}, {"out": "r.value"}),
    "link": graph({"n": "test/name", "r": ("test/read", {"path": "=n.value"})}, {"out": "r.value"}),
    "items": graph(
        {"n": "test/names", "r": ("test/read", {"path": "=n.value"})}, {"out": "r.value"}
    ),
    "gathered": graph(
        {"n": "test/name", "r": ("test/read", {"path": ["=n.value"]})}, {"out": "r.value"}
    ),
    "fragment": graph({"r": "test/inside"}, {"out": "r.value"}),
    "below a fragment": graph(
        {"r": "test/inside", "s": ("test/any", {"value": "=r.value"})}, {"out": "s.value"}
    ),
    "far below a fragment": graph(
        {
            "r": "test/inside",
            "s": ("test/any", {"value": "=r.value"}),
            "t": ("test/other", {"value": "=s.value"}),
        },
        {"out": "t.value"},
    ),
    "items below a fragment": graph(
        {"r": "test/inside", "q": ("test/quote", {"value": ["=r.value"]})}, {"out": "q.value"}
    ),
    "live items below a fragment": graph(
        {
            "r": "test/inside",
            "h": ("test/hold_all", {"value": "=r.value"}),
            "o": ("test/release", {"held": "=h.held"}),
        },
        {"out": "o.value"},
    ),
    "a live value into a fragment below a fragment": graph(
        {
            "r": "test/inside",
            "h": ("test/hold", {"value": "=r.value"}),
            "o": ("test/release_inside", {"held": "=h.held"}),
        },
        {"out": "o.value"},
    ),
    "nested fragments": graph({"r": "test/nested"}, {"out": "r.value"}),
    "below nested fragments": graph(
        {"r": "test/nested", "s": ("test/any", {"value": "=r.value"})}, {"out": "s.value"}
    ),
    "fragments per item": graph(
        {"n": "test/names", "r": ("test/inside", {"path": "=n.value"})}, {"out": "r.value"}
    ),
    "fragments per item in a fragment": graph({"r": "test/each_inside"}, {"out": "r.value"}),
    "a fragment behind a lazy input": graph(
        {"r": "test/inside", "l": ("test/lazily", {"value": "=r.value"})}, {"out": "l.value"}
    ),
    "below a lazy input": graph(
        {
            "r": "test/inside",
            "l": ("test/lazily", {"value": "=r.value"}),
            "s": ("test/any", {"value": "=l.value"}),
        },
        {"out": "s.value"},
    ),
    "below": graph(
        {"r": "test/read", "s": ("test/any", {"value": "=r.value"})}, {"out": "s.value"}
    ),
    "subgraph": graph(
        {"s": ("workflow/w", {"path": "a.txt"})},
        {"out": "s.out"},
        workflows={"w": graph({"r": "test/read"}, {"out": "r.value"}, {"path": "r.path"})},
    ),
}


@pytest.mark.parametrize("how", list(FILE_DOCUMENTS))
def test_a_file_that_changed_is_read_again(engine, files, how):
    document = FILE_DOCUMENTS[how]
    write(files / "a.txt", "one")
    write(files / "b.txt", "other")
    first = contents(engine, document)
    write(files / "a.txt", "two")

    second = contents(engine, document)

    assert "one" in str(first)
    assert "two" in str(second)
    assert "one" not in str(second)


def test_a_file_counts_by_its_content_and_not_its_name(engine, files):
    write(files / "a.txt", "same")
    write(files / "b.txt", "same")
    write(files / "c.txt", "another")

    assert status(engine, "test/read", {"path": "a.txt"}) == "executed"
    assert status(engine, "test/read", {"path": "b.txt"}) == "cached"
    assert status(engine, "test/read", {"path": "c.txt"}) == "executed"
    assert status(engine, "test/read", {"path": str(files / "c.txt")}) == "cached"


def test_a_file_is_told_apart_by_content_even_if_size_is_the_same(engine, files):
    write(files / "a.txt", "abc")
    assert status(engine, "test/read", {"path": "a.txt"}) == "executed"
    write(files / "a.txt", "abd")
    assert status(engine, "test/read", {"path": "a.txt"}) == "executed"


def test_a_folder_counts_by_its_files_and_their_names(engine, files):
    @dataclass
    class Counted:
        pass

    folder = files / "folder"
    (folder / "deep").mkdir(parents=True)
    write(folder / "one", "1")
    write(folder / "deep" / "two", "2")
    from graphgen.fingerprint import file_fingerprint

    before = file_fingerprint(folder)
    assert file_fingerprint(folder) == before
    (folder / "one").rename(folder / "uno")
    renamed = file_fingerprint(folder)
    write(folder / "deep" / "two", "3")
    changed = file_fingerprint(folder)
    assert len({before, renamed, changed}) == 3
    assert file_fingerprint(files / "nowhere") is None


@pytest.mark.parametrize("inputs", [{}, {"model": "m.safetensors"}])
def test_a_model_that_changed_is_loaded_again(engine, files, inputs):
    model = engine.workspace.models / "m.safetensors"
    write(model, "one")
    document = graph({"l": ("test/load", inputs)}, {"out": "l.value"})
    assert contents(engine, document) == "one"
    write(model, "two")

    assert contents(engine, document) == "two"


def test_a_missing_default_file_is_found_before_the_run(engine):
    found = engine.validate(graph({"r": "test/read"}))

    assert [(p.code, p.node, p.port) for p in found] == [("missing_file", "r", "path")]


def test_a_file_that_arrives_by_a_link_and_is_missing_names_the_port(engine, files):
    document = graph(
        {"n": ("test/name", {"value": "gone.txt"}), "r": ("test/read", {"path": "=n.value"})}
    )

    (problem,) = engine.run(document).problems

    assert (problem.code, problem.node) == ("missing_file", "r")
    assert "gone.txt" in problem.message


# Code


def make_node(factor, tag="test/closed"):
    @node(tag, title="Closed")
    def closed(value: int) -> int:
        """Multiply by what it closes over."""
        return value * factor

    return closed


def test_what_a_function_closes_over_is_part_of_it(make_engine, tmp_path):
    from graphgen.fingerprint import source_fingerprint as fingerprint

    assert fingerprint(make_node(2)) == fingerprint(make_node(2))
    assert fingerprint(make_node(2)) != fingerprint(make_node(3))
    assert fingerprint(make_node(2)) != fingerprint(make_node(2.0))
    assert fingerprint(make_node((1, "a"))) != fingerprint(make_node((1, "b")))


@pytest.mark.parametrize(
    "closed",
    [[1], {"a": 1}, Opaque(), ([],)],
    ids=["list", "dict", "object", "tuple"],
)
def test_what_closes_over_what_can_change_is_never_cached(make_engine, closed):
    engine = make_engine(make_node(closed))
    document = graph({"c": ("test/closed", {"value": 2})})
    counts = [engine.run(document).nodes["c"].status for _ in range(2)]

    assert "cached" not in counts


def test_helpers_that_call_themselves_are_fine(make_engine):
    def factorial(n):
        return 1 if n < 2 else n * factorial(n - 1)

    @node("test/factorial", title="Factorial")
    def factorial_node(value: int) -> int:
        """Compute a factorial."""
        return factorial(value)

    engine = make_engine(factorial_node)

    assert engine.run(graph({"f": ("test/factorial", {"value": 5})})).nodes["f"].outputs == {
        "value": 120
    }


def scaled(factor):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(value: int) -> int:
            return factor * function(value)

        return wrapper

    return decorate


def test_a_decorator_is_part_of_the_function():
    from graphgen.fingerprint import source_fingerprint

    def plain(value: int) -> int:
        return value

    assert source_fingerprint(scaled(2)(plain)) != source_fingerprint(scaled(3)(plain))
    assert source_fingerprint(scaled(2)(plain)) != source_fingerprint(plain)


PROGRAM = """
import sys, json, time
folder = sys.argv[1]
sys.path.insert(0, folder)
import some_pack
from graphgen import Engine
engine = Engine([some_pack], installed=False, workspace=folder, cache_dir=folder + "/cache")
node = {"type": "some/node", "version": some_pack.VERSION}
result = engine.run({"nodes": {"n": node}, "outputs": {"o": "n.value"}})
print(json.dumps([result.outputs["o"], result.nodes["n"].status]))
"""

PACK = """
    import time
    from graphgen import hookimpl, node

    VERSION = {version}

    def helper():
        return {value}

    @node("some/node", title="Some", version=VERSION)
    def some() -> int:
        '''Give a number, after a while.'''
        time.sleep(0.005)
        return helper()

    @hookimpl
    def graphgen_nodes():
        return [some]
"""


def test_source_and_version_matter_and_the_disk_cache_survives_the_process(tmp_path):
    def run(**changes):
        text = textwrap.dedent(PACK).format(**{"version": 1, "value": 1} | changes)
        (tmp_path / "some_pack.py").write_text(text)
        # Python tells bytecode of the last second's source apart by its length alone.
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        return json.loads(python(PROGRAM, str(tmp_path)))

    assert run() == [1, "executed"]
    assert run() == [1, "cached"]
    assert run(value=2) == [2, "executed"]
    assert run(version=2) == [1, "executed"]


def versioned(number):
    @node("test/versioned", title="Versioned", version=number)
    def same_source() -> int:
        """Give a number, after a while."""
        time.sleep(0.003)
        return 1

    return same_source


def test_the_version_counts_though_the_source_is_the_same(make_engine, tmp_path):
    def status_of(number):
        engine = make_engine(versioned(number), cache_dir=tmp_path / "cache")
        document = {"nodes": {"v": {"type": "test/versioned", "version": number}}}
        return engine.run(document).nodes["v"].status

    assert [status_of(number) for number in (1, 2, 1, 2)] == ["executed"] * 2 + ["cached"] * 2


def test_two_models_of_the_same_fields_differ():
    from graphgen.fingerprint import encode_literal

    class Other(BaseModel):
        size: int = 1

    assert encode_literal(Options()) != encode_literal(Other())
    assert encode_literal(Options()) == encode_literal(Options(size=1))
    assert encode_literal(Options()) != encode_literal(Options(size=2))
