"""Looking into values: tensors, sizes, devices, copies in host memory."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest

from graphgen.cache.transfer import to_host
from graphgen.cache.values import is_tensor, weigh
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

    weight = weigh(value)

    assert 6_000 <= weight.nbytes <= 10_000
    assert weight.device == "fake:0"


def test_the_device_of_a_value_is_that_of_its_largest_tensor():
    value = [FakeTensor(10, "cpu"), Image(FakeTensor(1000, "fake:1")), FakeTensor(100, "fake:0")]

    assert weigh(value).device == "fake:1"
    assert weigh([]).device == "cpu"
    assert weigh(3).device == "cpu"


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


def test_a_view_counts_the_memory_that_it_keeps_once():
    torch = pytest.importorskip("torch")
    numpy = pytest.importorskip("numpy")
    tensor, array = torch.zeros(1000), numpy.zeros(500)

    for value in (tensor[:1], [tensor[:1], tensor[5:], tensor]):
        assert weigh(value).nbytes - weigh(value).plain == 4000
    for value in (array[:1], [array[:1], array[5:][1:], array]):
        assert weigh(value).nbytes - weigh(value).plain == 4000
    assert [size for _, size in weigh([tensor[:1], array[:1]]).storages] == [4000, 4000]


def test_the_host_may_hold_parts_of_a_value_of_a_device_but_no_other_device_may():
    here, there, elsewhere = (FakeTensor(100 - i, d) for i, d in enumerate(["f:0", "cpu", "f:1"]))

    assert not weigh([here, there]).spread
    assert weigh([here, elsewhere]).spread
    assert weigh([FakeTensor(1000, "cpu"), here]).spread


def test_a_tensor_that_is_held_twice_is_moved_once():
    tensor = FakeTensor(8)

    one, other = to_host([tensor, Image(tensor)])

    assert one is other.pixels
    assert one.device == "cpu"
