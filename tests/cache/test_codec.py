"""Values to bytes and back, bit for bit; damaged bytes are never taken for a value."""

import ast
import base64
import enum
import gc
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import graphgen
from graphgen import ModelRef, TypeSpec
from graphgen.cache.codec import Codec, Corrupt, NotStorable
from graphgen.models.reference import Patch
from graphgen.types import Types
from tests.cache.values import Checked, Image, Live, Spacing, Volume, same, types

CODEC = Codec(types())

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text()
    | st.binary()
)
ARRAYS = hnp.arrays(
    hnp.boolean_dtypes()
    | hnp.integer_dtypes(endianness="=")
    | hnp.unsigned_integer_dtypes(endianness="=")
    | hnp.floating_dtypes(sizes=(16, 32, 64), endianness="="),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(SCALARS.filter(lambda k: k == k), inner, max_size=3)
        | st.builds(Image, inner, st.text())
        | st.builds(Volume, inner, st.builds(Spacing, st.tuples(st.floats(), st.floats())))
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(VALUES)
def test_values_come_back_as_they_were(value):
    assert same(CODEC.decode(CODEC.encode(value)), value)


@given(VALUES)
def test_equal_values_have_equal_fingerprints(value):
    copy = CODEC.decode(CODEC.encode(value))

    assert CODEC.fingerprint(copy) == CODEC.fingerprint(value)


@given(VALUES, VALUES)
def test_different_values_have_different_fingerprints(a, b):
    assert (CODEC.fingerprint(a) == CODEC.fingerprint(b)) == same(a, b)


@pytest.mark.parametrize(
    "dtype",
    [
        "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8",
        "uint16", "uint32", "uint64", "bool", "complex64", "float8_e4m3fn", "float8_e5m2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3)])
def test_tensors_of_every_dtype(dtype, shape):
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(1)
    raw = torch.randint(0, 2, shape, generator=generator)
    tensor = raw.to(getattr(torch, dtype))

    back = CODEC.decode(CODEC.encode(Image(tensor))).pixels

    assert same(back, tensor)


def test_special_bits_of_tensors_survive():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([float("nan"), float("inf"), -0.0, 1e-45, 3.4e38])

    assert same(CODEC.decode(CODEC.encode(tensor)), tensor)


def test_views_and_tensors_with_gradients():
    torch = pytest.importorskip("torch")
    base = torch.arange(24.0).reshape(2, 3, 4)
    for tensor in (
        base.permute(2, 0, 1),
        base[:, 1],
        base[..., ::2],
        base.clone().requires_grad_(),
    ):
        back = CODEC.decode(CODEC.encode(tensor))
        assert torch.equal(back, tensor)
        assert not back.requires_grad


def test_arrays_that_are_not_laid_out_in_rows():
    base = np.arange(24.0, dtype="float32").reshape(4, 6)
    for array in (base.T, base[::2, ::-1], np.asfortranarray(base), base[1]):
        assert np.array_equal(CODEC.decode(CODEC.encode(array)), array)


def test_torch_and_numpy_side_by_side_stay_what_they_are():
    torch = pytest.importorskip("torch")
    value = [torch.ones(2), np.zeros(3, "int16"), {"a": torch.zeros(1, dtype=torch.bfloat16)}]

    assert same(CODEC.decode(CODEC.encode(value)), value)


def test_model_references_come_back():
    ref = ModelRef(
        "diffusers/unet", "/models/a", "f00", (("variant", "ema"),), (Patch("/l", "f01", 0.5),)
    )

    assert CODEC.decode(CODEC.encode(ref)) == ref


class Point(NamedTuple):
    x: int


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Unknown:
    pass


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        Live(),
        Unknown(),
        Image,
        Image(Live()),
        [1, {"a": Unknown()}],
        {Unknown(): 1},
        Point(1),
        Colour.RED,
        Number.ONE,
        {1, 2},
        object(),
        lambda: 1,
        nested(20_000),
        10**5000,
        "\ud800",
        {"\ud800": 1},
        np.array(["text"]),
        np.array([object()]),
        np.array(["2020-01-01"], "datetime64[D]"),
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f4")]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_safe_form_is_refused_or_comes_back(value):
    try:
        data = CODEC.encode(value)
    except NotStorable:
        CODEC.fingerprint(value)  # None or a hash, no error
    else:
        assert same(CODEC.decode(data), value)


@pytest.mark.parametrize("dtype", [">f4", ">i8", "complex64", "complex128", "longdouble"])
def test_arrays_of_unusual_dtypes_are_refused_or_come_back(dtype):
    array = np.arange(3).astype(dtype)
    try:
        data = CODEC.encode(array)
    except NotStorable:
        return
    assert same(CODEC.decode(data), array)


def test_a_value_that_contains_itself_is_refused():
    value = []
    value.append(value)

    with pytest.raises(NotStorable):
        CODEC.encode(value)
    assert CODEC.fingerprint(value) is None


def test_only_types_that_may_be_stored_are():
    assert CODEC.fingerprint(Live()) is None
    with pytest.raises(NotStorable):
        CODEC.encode([Live()])


# Damage

SAMPLE = {"a": [1, 2.5, None, "text"], "image": Image(np.arange(12, dtype="float32").reshape(3, 4))}
BYTES = CODEC.encode(SAMPLE)


def assert_sound_or_corrupt(data):
    try:
        value = CODEC.decode(data)
    except Corrupt:
        return
    assert same(value, SAMPLE)


def test_every_single_flipped_bit_is_noticed():
    for at in range(len(BYTES)):
        for bit in range(8):
            damaged = bytearray(BYTES)
            damaged[at] ^= 1 << bit
            assert_sound_or_corrupt(bytes(damaged))


def test_every_truncation_is_noticed():
    for length in range(len(BYTES)):
        with pytest.raises(Corrupt):
            CODEC.decode(BYTES[:length])


@given(st.binary(max_size=80))
def test_bytes_of_any_kind_are_corrupt(data):
    with pytest.raises(Corrupt):
        CODEC.decode(data)


@given(
    st.lists(st.tuples(st.integers(0, len(BYTES) - 1), st.integers(0, 255)), min_size=1, max_size=8)
)
def test_several_damaged_bytes_are_noticed(changes):
    damaged = bytearray(BYTES)
    for at, byte in changes:
        damaged[at] = byte
    assert_sound_or_corrupt(bytes(damaged))


@given(st.integers(0, len(BYTES)), st.binary(min_size=1, max_size=20))
def test_added_bytes_are_noticed(at, more):
    assert_sound_or_corrupt(BYTES[:at] + more + BYTES[at:])


def test_another_value_that_was_truncated_to_nothing():
    for damaged in (b"", b"\0" * 8, b"\xff" * 8, b"\xff" * 100, b"\0" * 5_000):
        with pytest.raises(Corrupt):
            CODEC.decode(damaged)


def forged(tree):
    """A file with the right digest, as an attacker would make it."""
    text = json.dumps(tree)
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    header = json.dumps({"__metadata__": {"graphgen": text, "digest": digest}}).encode()
    return len(header).to_bytes(8, "little") + header


@pytest.mark.parametrize(
    "inner",
    [
        {"$": "object", "type": "Popen", "v": {"args": ["true"]}},
        {"$": "object", "type": "os.system", "v": {"command": "true"}},
        {"$": "object", "type": "subprocess.Popen", "v": {}},
        {"$": "object", "type": "Live", "v": {"handle": 1}},
        {"$": "object", "type": "Image", "v": {"pixels": 1, "__class__": 2}},
        {"$": "object", "type": "Image", "v": {}},
        {"$": "object", "type": "Image"},
        {"$": "object", "type": ["Image"], "v": {}},
        {"$": "object", "type": "Checked", "v": {"size": -1}},
        {"$": "object", "type": "Checked", "v": {"size": "x"}},
        {"$": "no such kind", "v": 1},
        {"$": "pickle", "v": base64.b64encode(b"cos\nsystem\n(S'true'\ntR.").decode()},
        {"$": "numpy", "v": "7"},
        {"$": "torch", "v": "0"},
        {"$": "bytes", "v": 3},
        {"$": "list", "v": 3},
        {"$": "dict", "v": [[{"$": "list", "v": []}, 1]]},
        {"$": "dict", "v": [[1]]},
        {"v": 1},
        {},
    ],
    ids=str,
)
def test_forged_files_can_not_name_classes_or_break_the_reader(inner):
    version = json.loads(json.loads(_header(BYTES))["__metadata__"]["graphgen"])["version"]
    data = forged({"version": version, "value": inner, "arrays": {}})
    with pytest.raises(Corrupt):
        CODEC.decode(data)


def _header(data):
    return data[8 : 8 + int.from_bytes(data[:8], "little")]


def test_a_sound_forgery_of_plain_data_shows_that_the_test_forges_well():
    version = json.loads(json.loads(_header(BYTES))["__metadata__"]["graphgen"])["version"]

    assert CODEC.decode(forged({"version": version, "value": 3, "arrays": {}})) == 3
    checked = {"$": "object", "type": "Checked", "v": {"size": 3}}
    assert CODEC.decode(forged({"version": version, "value": checked, "arrays": {}})) == Checked(3)
    with pytest.raises(Corrupt):
        CODEC.decode(forged({"version": version + 1, "value": 3, "arrays": {}}))


def test_a_type_whose_pack_is_gone_is_refused():
    data = CODEC.encode(Checked(3))

    with pytest.raises(Corrupt, match="Checked"):
        Codec(Types()).decode(data)


def test_a_deeply_nested_forgery():
    version = json.loads(json.loads(_header(BYTES))["__metadata__"]["graphgen"])["version"]
    text = '{"$": "list", "v": [' * 20_000 + "]}" * 20_000
    tree = f'{{"version": {version}, "value": {text}, "arrays": {{}}}}'
    digest = hashlib.blake2b(tree.encode(), digest_size=16).hexdigest()
    header = json.dumps({"__metadata__": {"graphgen": tree, "digest": digest}}).encode()
    with pytest.raises(Corrupt):
        CODEC.decode(len(header).to_bytes(8, "little") + header)


def test_nothing_is_ever_pickled():
    """Neither pickle nor what unpickles in disguise is used in the core."""
    banned = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve"}
    for path in Path(graphgen.__file__).parent.rglob("*.py"):
        for item in ast.walk(ast.parse(path.read_text())):
            if isinstance(item, ast.Import):
                assert banned.isdisjoint(alias.name.split(".")[0] for alias in item.names), path
            elif isinstance(item, ast.ImportFrom):
                assert (item.module or "").split(".")[0] not in banned, path
            elif isinstance(item, ast.Call) and ast.unparse(item.func) in ("torch.load", "np.load"):
                pytest.fail(f"{path} loads a file that may be pickled")


class TestLight:
    """What is only saved is read without torch: arrays for tensors, and no checks."""

    codec = Codec(Types([TypeSpec(Image, saves_arrays=True), TypeSpec(Live), TypeSpec(Checked)]))

    def test_tensors_come_as_arrays(self):
        torch = pytest.importorskip("torch")
        value = (Image(torch.arange(6.0).reshape(2, 3), "é"), [1, None], {"a": b"x"})
        image, *others = self.codec.decode_light(self.codec.encode(value))
        assert type(image) is Image
        assert image.note == "é"
        assert type(image.pixels) is np.ndarray
        assert np.array_equal(image.pixels, [[0, 1, 2], [3, 4, 5]])
        assert others == [[1, None], {"a": b"x"}]

    def test_only_what_can_be_saved_from_arrays(self):
        with pytest.raises(NotStorable, match="Checked is not saved from arrays"):
            self.codec.decode_light(self.codec.encode((Checked(3),)))

    def test_a_dtype_that_numpy_lacks_is_left_alone(self):
        torch = pytest.importorskip("torch")
        data = self.codec.encode(Image(torch.ones(2, dtype=torch.bfloat16)))
        with pytest.raises(Corrupt):
            self.codec.decode_light(data)
        assert self.codec.decode(data).pixels.dtype == torch.bfloat16

    def test_damage_is_noticed(self):
        data = bytearray(self.codec.encode(Image(np.zeros(4))))
        data[-1] ^= 1
        with pytest.raises(Corrupt):
            self.codec.decode_light(bytes(data))


@pytest.mark.parametrize("stored", [True, False])
def test_what_was_encoded_is_not_held(stored):
    torch = pytest.importorskip("torch")
    tensor = torch.zeros(10)
    value = [Image(tensor), 3 if stored else Live()]
    gc.disable()
    try:
        if stored:
            Codec(types()).encode(value)
        else:
            with pytest.raises(NotStorable):
                Codec(types()).encode(value)
        use = torch._C._storage_Use_Count(tensor.untyped_storage()._cdata)
        assert use <= 2  # the tensor, and what asks
    finally:
        gc.enable()
