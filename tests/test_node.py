"""Node declarations: what a signature says, and which mistakes are named when it registers."""

import enum
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import pytest
from pydantic import Field

from graphgen import SKIP, Context, Fragment, InputFile, Lazy, ModelName, TypeSpec, node
from graphgen.problems import InvalidNode
from graphgen.registry import Registry


@dataclass(frozen=True)
class UpscaleModel:
    """A network."""


@dataclass(frozen=True)
class Latent:
    """A latent."""


@dataclass(frozen=True)
class Unregistered:
    """Nobody brings it."""


class Mode(enum.Enum):
    FAST = "fast"
    FINE = "fine"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Parts(NamedTuple):
    latent: Annotated[Latent, Field(description="The latent itself.")]
    scale: float


T = TypeVar("T")


def spec(function):
    registry = Registry()
    registry.add_types([TypeSpec(UpscaleModel), TypeSpec(Latent)])
    registry.add_nodes([function])
    return next(iter(registry.nodes.values()))


def problems(function):
    with pytest.raises(InvalidNode) as caught:
        spec(function)
    return [(p.code, p.node, p.port) for p in caught.value.problems]


def test_the_decorator_returns_the_function_itself():
    def twice(a: int) -> int:
        """Double."""
        return 2 * a

    assert node("test/twice", title="Twice")(twice) is twice
    assert twice(3) == 6


def test_everything_comes_from_the_signature():
    @node("test/everything", title="Everything", version=3, device=True, memory=("size",))
    def everything(
        model: UpscaleModel,
        size: Annotated[int, Field(ge=8, le=64, multiple_of=8, description="Edge in pixels.")] = 32,
        mode: Literal["a", "b"] = "a",
        note: str | None = None,
        *,
        ctx: Context,
    ) -> Latent:
        """Do everything.

        At once.
        """

    made = spec(everything)

    assert (made.id, made.title, made.version, made.category) == (
        "test/everything",
        "Everything",
        3,
        "test",
    )
    assert made.description == "Do everything.\n\nAt once."
    assert list(made.inputs) == ["model", "size", "mode", "note"]
    assert [port.required for port in made.inputs.values()] == [True, False, False, False]
    assert [str(port.type) for port in made.inputs.values()] == [
        "upscale_model",
        "int",
        "str",
        "str | none",
    ]
    assert made.inputs["size"].description == "Edge in pixels."
    assert made.takes_context
    assert made.device
    assert not made.volatile
    assert not made.is_async


@pytest.mark.parametrize(
    ("annotation", "outputs"),
    [
        (Latent, {"latent": "latent"}),
        (UpscaleModel, {"upscale_model": "upscale_model"}),
        (list[Latent], {"latent": "list[latent]"}),
        (Latent | None, {"latent": "latent | none"}),
        (Latent | Fragment, {"latent": "latent"}),
        (int, {"value": "int"}),
        (list[float], {"value": "list[float]"}),
        (Any, {"value": "any"}),
        (Latent | UpscaleModel, {"value": "latent | upscale_model"}),
        (int | Fragment, {"value": "int"}),
        (Parts, {"latent": "latent", "scale": "float"}),
        (Parts | Fragment, {"latent": "latent", "scale": "float"}),
        (None, {}),
        (Fragment, {}),
        (Fragment | None, {}),
    ],
)
def test_outputs_are_named_after_their_types(annotation, outputs):
    def make():
        """Make something."""

    make.__annotations__["return"] = annotation
    made = spec(node("test/make", title="Make")(make))

    assert {name: str(port.type) for name, port in made.outputs.items()} == outputs


def test_fields_of_a_named_tuple_describe_themselves():
    @node("test/parts", title="Parts")
    def parts() -> Parts:
        """Give the parts."""

    assert spec(parts).outputs["latent"].description == "The latent itself."


def test_each_missing_hint_is_named_by_parameter():
    @node("test/hints", title="Hints")
    def hints(a, b: int, c=3):
        """Say too little."""

    assert problems(hints) == [
        ("invalid_node", "test/hints", "a"),
        ("invalid_node", "test/hints", "c"),
        ("invalid_node", "test/hints", None),
    ]


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (int, "text"),
        (int, 1.5),
        (int, True),
        (int, None),
        (float, "1"),
        (str, 1),
        (bool, 1),
        (Annotated[int, Field(le=8)], 9),
        (Annotated[int, Field(multiple_of=8)], 12),
        (Annotated[str, Field(max_length=2)], "long"),
        (Literal["a", "b"], "c"),
        (Mode, "no such mode"),
        (list[int], ["x"]),
        (list[int], 1),
        (Latent, 3),
        (int | str, 1.5),
    ],
)
def test_a_bad_default_fails_when_the_node_registers(annotation, default):
    def bad(value=default) -> int:
        """Have a bad default."""

    bad.__annotations__["value"] = annotation

    assert problems(node("test/bad", title="Bad")(bad)) == [("invalid_node", "test/bad", "value")]


@pytest.mark.parametrize(
    ("annotation", "default"),
    [
        (int, 3),
        (float, 3),
        (float, 0.5),
        (int | None, None),
        (Latent | None, None),
        (Annotated[int, Field(le=8)], 8),
        (Literal["a", 2], 2),
        (Mode, Mode.FINE),
        (Level, Level.HIGH),
        (Path, Path("picture.png")),
        (list[int], [1, 2]),
        (dict, {"a": 1}),
        (dict[str, int], {"a": 1}),
        (Any, object()),
        (Latent, Latent()),
    ],
)
def test_a_good_default_registers(annotation, default):
    def good(value=default) -> int:
        """Have a good default."""

    good.__annotations__["value"] = annotation
    port = spec(node("test/good", title="Good")(good)).inputs["value"]

    assert not port.required
    assert port.default == default


def test_all_mistakes_are_named_at_once():
    @node("Test-Bad", title="Bad", memory=("size",))
    def bad(a, *rest: int, b: Lazy[int], c: int = "x", d: Unregistered, **more: int) -> set[int]:
        pass

    found = problems(bad)

    assert {code for code, *_ in found} == {"invalid_node"}
    assert sorted(port for *_, port in found if port) == ["a", "b", "c", "d", "more", "rest"]
    # Besides: the id, no docstring, the return type, and memory= that names no input.
    assert [port for *_, port in found].count(None) == 4


def test_a_lazy_input_needs_an_async_node():
    @node("test/sync", title="Sync")
    def sync(value: Lazy[int]) -> int:
        """Want to wait, but can't."""

    @node("test/async", title="Async")
    async def good(value: Lazy[int], other: Annotated[Lazy[list[Latent]], Field()]) -> int:
        """Wait."""

    assert problems(sync) == [("invalid_node", "test/sync", "value")]
    ports = spec(good).inputs
    assert [(port.lazy, str(port.type)) for port in ports.values()] == [
        (True, "int"),
        (True, "list[latent]"),
    ]


def test_a_node_without_docstring_is_refused():
    @node("test/silent", title="Silent")
    def silent() -> int:
        pass

    assert problems(silent) == [("invalid_node", "test/silent", None)]


def test_unreadable_annotations_are_named():
    @node("test/unreadable", title="Unreadable")
    def unreadable(a: "NoSuchName") -> int:  # noqa: F821
        """Name a type that is not there."""

    with pytest.raises(InvalidNode, match="NoSuchName"):
        spec(unreadable)


@pytest.mark.parametrize("id", ["plain", "Upper/case", "a/", "/a", "a b/c", "a/b-c", "1a/b", ""])
def test_ids_are_category_and_name(id):
    @node(id, title="Odd")
    def odd() -> int:
        """Be odd."""

    assert problems(odd) == [("invalid_node", id, None)]


def test_a_plain_function_is_no_node():
    def plain() -> int:
        """Be plain."""

    assert [code for code, *_ in problems(plain)] == ["not_a_node"]


def test_a_plain_tuple_is_no_set_of_outputs():
    @node("test/pair", title="Pair")
    def pair() -> tuple[int, int]:
        """Give two."""

    assert problems(pair) == [("invalid_node", "test/pair", None)]


def test_the_schema_of_a_port_tells_limits_default_and_widget():
    @node("test/schema", title="Schema")
    def schema(
        size: Annotated[int, Field(ge=8, le=64, multiple_of=8)] = 32,
        mode: Literal["a", "b"] = "b",
        pick: Mode = Mode.FAST,
        path: Annotated[str, InputFile((".png",))] = "x.png",
        model: Annotated[str, ModelName()] = "m",
        note: str | None = None,
        many: list[float] = [],  # noqa: B006
        latent: Latent | None = None,
    ) -> int:
        """Have many inputs."""

    ports = spec(schema).inputs

    assert ports["size"].schema() == {
        "type": "integer",
        "minimum": 8,
        "maximum": 64,
        "multipleOf": 8,
        "default": 32,
    }
    assert ports["mode"].schema() == {"type": "string", "enum": ["a", "b"], "default": "b"}
    assert ports["pick"].schema()["enum"] == ["fast", "fine"]
    assert ports["path"].schema() == {
        "type": "string",
        "default": "x.png",
        "widget": "file",
        "suffixes": [".png"],
    }
    assert ports["model"].schema()["widget"] == "model"
    assert ports["note"].schema()["default"] is None
    assert ports["many"].schema()["items"] == {"type": "number"}
    assert ports["latent"].schema() == {"default": None}


@pytest.mark.parametrize("suffixes", [".png", ("png",)], ids=["text", "no dot"])
def test_suffixes_that_are_none_are_refused(suffixes):
    with pytest.raises(ValueError, match=r'like \(".png", ".jpg"\)'):
        InputFile(suffixes)


def test_the_default_in_the_catalogue_is_plain_json():
    @node("test/catalogue", title="Catalogue")
    def catalogue(
        mode: Mode = Mode.FAST,
        level: Level = Level.LOW,
        path: Path = Path("a"),
        odd: dict = {"a": (1, Mode.FAST)},  # noqa: B006
    ) -> int:
        """Have defaults that JSON does not know."""

    entry = spec(catalogue).to_dict()

    assert json.loads(json.dumps(entry)) is not None
    assert entry["inputs"]["mode"]["schema"]["default"] == "fast"
    assert entry["inputs"]["level"]["schema"]["default"] == 1
    assert entry["inputs"]["path"]["schema"]["default"] == "a"


def test_the_catalogue_entry():
    @node("test/entry", title="Entry", volatile=True)
    def entry(value: Annotated[int, Field(description="A number.")] = 1) -> Parts:
        """Be listed."""

    assert spec(entry).to_dict() == {
        "id": "test/entry",
        "title": "Entry",
        "version": 1,
        "category": "test",
        "description": "Be listed.",
        "volatile": True,
        "inputs": {
            "value": {
                "type": {"names": ["int"], "depth": 0, "optional": False},
                "required": False,
                "lazy": False,
                "description": "A number.",
                "schema": {"type": "integer", "default": 1, "description": "A number."},
            }
        },
        "outputs": {
            "latent": {
                "type": {"names": ["latent"], "depth": 0, "optional": False},
                "description": "The latent itself.",
            },
            "scale": {
                "type": {"names": ["float"], "depth": 0, "optional": False},
                "description": "",
            },
        },
    }


@pytest.mark.parametrize(
    ("annotation", "given", "received"),
    [
        (int, 3, 3),
        (int, 3.0, 3),
        (float, 3, 3.0),
        (float, 2.5, 2.5),
        (str, "x", "x"),
        (bool, True, True),
        (int | None, None, None),
        (Mode, "fine", Mode.FINE),
        (Mode, Mode.FINE, Mode.FINE),
        (Level, 2, Level.HIGH),
        (Path, "a/b", Path("a/b")),
        (list[int], [1, 2], [1, 2]),
        (list[float], [1, 2.5], [1.0, 2.5]),
        (int | str, "7", "7"),
        (dict[str, int], {"a": 1}, {"a": 1}),
    ],
)
def test_a_literal_becomes_what_the_function_expects(annotation, given, received):
    def take(value) -> int:
        """Take a value."""

    take.__annotations__["value"] = annotation
    value = spec(node("test/take", title="Take")(take)).inputs["value"].validate(given)

    assert value == received
    assert type(value) is type(received)


@pytest.mark.parametrize(
    ("annotation", "given"),
    [
        (int, "3"),
        (int, 3.5),
        (int, True),
        (int, None),
        (int, float("inf")),
        (int, [3]),
        (float, "3"),
        (float, True),
        (str, 3),
        (bool, 1),
        (bool, "true"),
        (dict, [1]),
        (list[int], ["1"]),
        (list[int], [True]),
        (list[int], "12"),
        (list[str], [1]),
        (Mode, "slow"),
        (Latent, {}),
        (list[Latent], [{}]),
        (dict[str, Latent], {"a": {}}),
        (Latent | None, {}),
        (int | Latent, {}),
    ],
)
def test_a_literal_of_another_type_is_refused_and_said(annotation, given):
    def take(value) -> int:
        """Take a value."""

    take.__annotations__["value"] = annotation
    port = spec(node("test/take", title="Take")(take)).inputs["value"]

    with pytest.raises(ValueError, match=r".") as caught:
        port.validate(given)
    innermost = given
    while isinstance(innermost, (list, dict)) and innermost:
        innermost = innermost[0] if isinstance(innermost, list) else innermost["a"]
    assert repr(innermost) in str(caught.value) or repr(given) in str(caught.value)


def test_an_enum_may_be_returned():
    @node("test/mode", title="Mode")
    def mode() -> Mode:
        """Give a mode."""

    assert str(spec(mode).outputs["value"].type) == "str"


def test_skip_says_what_it_is():
    assert repr(SKIP) == "SKIP"
