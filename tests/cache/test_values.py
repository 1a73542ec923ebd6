"""Looking into values: tensors, sizes, devices, copies in host memory."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from graphgen.cache.values import is_tensor, measure, to_host
from tests.cache.values import FakeTensor, Image, Spacing, Volume


class Pair(NamedTuple):
    one: Any
    other: Any


@dataclass(frozen=True)
class Derived:
    """Has a field that it makes itself."""

    tensor: Any
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", self.tensor.nbytes)


def test_what_is_a_tensor():
    numpy = pytest.importorskip("numpy")
    torch = pytest.importorskip("torch")
    assert is_tensor(FakeTensor(4))
    assert is_tensor(numpy.zeros(3))
    assert is_tensor(torch.zeros(3))
    assert not is_tensor(3.0)
    assert not is_tensor("text")
    assert not is_tensor([1])


def test_tensors_count_wherever_they_are():
    large = [FakeTensor(1000) for _ in range(6)]
    value = [
        large[0],
        {"a": (large[1], Image(large[2]))},
        Pair(large[3], 1),
        Volume(large[4], Spacing((1.0,))),
        large[5],
    ]

    size, device = measure(value)

    assert 6_000 <= size <= 10_000
    assert device == "fake:0"


def test_the_device_of_a_value_is_that_of_its_largest_tensor():
    value = [FakeTensor(10, "cpu"), Image(FakeTensor(1000, "fake:1")), FakeTensor(100, "fake:0")]

    assert measure(value)[1] == "fake:1"
    assert measure([])[1] == "cpu"
    assert measure(3)[1] == "cpu"


def test_a_copy_in_host_memory_keeps_the_structure():
    value = (
        [FakeTensor(4)],
        {"a": Image(FakeTensor(8), "note")},
        Pair(FakeTensor(4), "x"),
        Derived(FakeTensor(12)),
        7,
    )

    moved = to_host(value)

    def devices(value):
        listed, mapped, pair, derived, _ = value
        return {t.device for t in (*listed, mapped["a"].pixels, pair.one, derived.tensor)}

    assert devices(moved) == {"cpu"}
    assert devices(value) == {"fake:0"}
    assert isinstance(moved[2], Pair)
    assert moved[2].other == "x"
    assert moved[1]["a"].note == "note"
    assert moved[3].size == 12
    assert moved[4] == 7


def test_arrays_are_in_host_memory_already():
    numpy = pytest.importorskip("numpy")
    array = numpy.zeros(3)

    assert to_host([array])[0] is array
