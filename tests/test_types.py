"""Port types and the one table of what may be linked to what."""

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import pytest

from graphgen import TypeSpec
from graphgen.problems import InvalidNode
from graphgen.registry import Registry
from graphgen.types import Fit, TypeExpr, Types, compatible, snake_case, type_expr


@dataclass(frozen=True)
class Image:
    """A picture."""

    size: int = 0


@dataclass(frozen=True)
class Mask:
    """A mask, which can be shown as a picture."""

    size: int = 0


@dataclass(frozen=True)
class Volume:
    """A volume, which can be turned into nothing."""

    size: int = 0


class Mode(enum.Enum):
    FAST = "fast"


@pytest.fixture
def types():
    return Types(
        [
            TypeSpec(Image),
            TypeSpec(Mask, conversions={Image: lambda m: Image(m.size)}),
            TypeSpec(Volume),
        ]
    )


T = TypeVar("T")
N = TypeVar("N", bound=int)


@pytest.mark.parametrize(
    ("source", "target", "fit"),
    [
        (int, int, Fit.DIRECT),
        (Image, Image, Fit.DIRECT),
        (Image, Volume, None),
        (int, str, None),
        (str, int, None),
        (int, float, Fit.CONVERT),
        (float, int, None),
        (bool, int, None),
        (bool, float, None),
        (dict, str, None),
        (Mask, Image, Fit.CONVERT),
        (Image, Mask, None),
        (list[int], int, Fit.MAP),
        (list[Mask], Image, Fit.MAP),
        (list[int], str, None),
        (int, list[int], Fit.COLLECT),
        (int, list[float], Fit.COLLECT),
        (Mask, list[Image], Fit.COLLECT),
        (str, list[int], None),
        (list[int], list[int], Fit.DIRECT),
        (list[int], list[float], Fit.CONVERT),
        (list[list[int]], list[int], Fit.MAP),
        (list[int], list[list[int]], Fit.COLLECT),
        (list[list[int]], int, None),
        (int, list[list[int]], None),
        (Any, int, Fit.DIRECT),
        (Any, list[int], Fit.DIRECT),
        (int, Any, Fit.DIRECT),
        (list[int], Any, Fit.DIRECT),
        (int, list[Any], Fit.COLLECT),
        (list[Any], int, Fit.MAP),
        (list[Any], list[int], Fit.DIRECT),
        (Any, Any, Fit.DIRECT),
        (T, int, Fit.DIRECT),
        (Image, T, Fit.DIRECT),
        (N, float, Fit.CONVERT),
        (str, N, None),
        (int | None, int, Fit.DIRECT),
        (int, int | None, Fit.DIRECT),
        (int | None, float, Fit.CONVERT),
        (Image | None, Volume, None),
        (int | str, int, Fit.DIRECT),
        (int, int | str, Fit.DIRECT),
        (Image, Volume | Image, Fit.DIRECT),
        (Mask, Volume | Image, Fit.CONVERT),
        (Image | Mask, Volume, None),
        (Literal["a", "b"], str, Fit.DIRECT),
        (Mode, str, Fit.DIRECT),
        (Path, str, Fit.DIRECT),
        (Annotated[int, "limits"], int, Fit.DIRECT),
        (dict[str, int], dict, Fit.DIRECT),
    ],
)
def test_compatible(types, source, target, fit):
    assert compatible(type_expr(source, types), type_expr(target, types), types) is fit


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (int, "int"),
        (list[list[float]], "list[list[float]]"),
        (Image | None, "image | none"),
        (int | str, "int | str"),
        (list[Image] | None, "list[image] | none"),
        (Literal["a", 1], "str | int"),
        (Any, "any"),
        (list, "list[any]"),
        (Annotated[list[int], "note"], "list[int]"),
    ],
)
def test_types_as_people_read_them(types, annotation, said):
    assert str(type_expr(annotation, types)) == said


@pytest.mark.parametrize("annotation", [set[int], tuple[int, str], int | list[int], "text", 3])
def test_what_is_no_port_type_is_refused(types, annotation):
    with pytest.raises(TypeError):
        type_expr(annotation, types)


def test_a_type_that_nobody_registered_is_named(types):
    class Unheard:
        pass

    with pytest.raises(TypeError, match="Unheard"):
        type_expr(Unheard, types)


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Image", "image"),
        ("UpscaleModel", "upscale_model"),
        ("VAE", "vae"),
        ("CTVolume", "ct_volume"),
        ("Latent2D", "latent2_d"),
    ],
)
def test_names_in_snake_case(name, snake):
    assert snake_case(name) == snake


def test_the_catalogue_form_of_a_type():
    assert TypeExpr(("image", "mask"), 1, True).to_dict() == {
        "names": ["image", "mask"],
        "depth": 1,
        "optional": True,
    }


@pytest.mark.parametrize("name", ["Image", "Int", "Any", "Str"])
def test_a_taken_name_is_refused_and_changes_nothing(types, name):
    before = dict(types.by_name), dict(types.by_class)
    double = type(name, (), {"__doc__": "Another of that name."})

    with pytest.raises(ValueError, match=name.lower()):
        types.add(TypeSpec(double))

    assert (types.by_name, types.by_class) == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"load": Image, "suffixes": ".png"}, r'like \(".png", ".jpg"\)'),
        ({"load": Image, "suffixes": ("png",)}, r'like \(".png", ".jpg"\)'),
        ({"suffixes": (".png",)}, "image is not read from files"),
        ({"folders": True}, "image is not read from files"),
    ],
    ids=["text", "no dot", "no load", "folders and no load"],
)
def test_files_that_no_type_can_be_read_from_are_refused(options, told):
    with pytest.raises(ValueError, match=told):
        TypeSpec(Image, **options)


def test_a_pack_registers_all_of_its_types_or_none():
    registry = Registry()
    registry.add_types([TypeSpec(Image)])
    before = dict(registry.types.by_name)

    with pytest.raises(InvalidNode) as caught:
        registry.add_types([TypeSpec(Volume), TypeSpec(Mask), TypeSpec(type("Image", (), {}))])

    assert [problem.code for problem in caught.value.problems] == ["duplicate_type"]
    assert registry.types.by_name == before


def test_conversions_are_found_by_name(types):
    assert types.conversion("mask", "image")(Mask(4)) == Image(4)
    assert types.conversion("int", "float")(3) == 3.0
    assert types.conversion("image", "mask") is None
    assert types.converts_to("mask") == ["image"]
    assert types.converts_to("int") == ["float"]
    assert types.converts_to("volume") == []
