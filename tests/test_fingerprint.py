"""Encodings: equal for equal data, different for different data, None for what has none."""

import enum
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgen.fingerprint import encode_literal, file_fingerprint, source_fingerprint

# Few leaves, so that equal and nearly equal values come up often.
LEAVES = st.sampled_from(
    [
        0, 1, -1, 10, 11, 1.0, 0.0, -0.0, float("nan"), float("inf"), True, False, None,
        "", "0", "1", "s1:1", "i1;", "l0:", "N", b"", b"0", b"1", b"i1;", "é", "e\u0301", "\ud800",
    ]
)  # fmt: skip
PLAIN = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(LEAVES, inner, max_size=3)
    ),
    max_leaves=6,
)


def canon(value):
    """A form that compares as the encoding should: by type, bit and structure."""
    kind = type(value).__name__
    if isinstance(value, float):
        return kind, struct.pack(">d", value)
    if isinstance(value, (list, tuple)):
        return kind, tuple(map(canon, value))
    if isinstance(value, dict):
        return kind, frozenset((canon(k), canon(v)) for k, v in value.items())
    return kind, value


@settings(max_examples=150)
@given(st.lists(PLAIN, min_size=2, max_size=8))
def test_two_values_encode_alike_only_if_they_are_alike(values):
    encoded = [(canon(value), encode_literal(value)) for value in values]
    for form, data in encoded:
        for other, more in encoded:
            assert (form == other) == (data == more)


@settings(max_examples=80)
@given(st.lists(PLAIN, max_size=4), st.lists(PLAIN, max_size=4))
def test_no_encoding_is_the_beginning_of_another(a, b):
    one, other = encode_literal(a), encode_literal(b)
    assert one == other or not other.startswith(one)


@given(st.dictionaries(st.text() | st.integers(), st.integers(), min_size=2))
def test_the_order_of_a_dict_does_not_matter(value):
    assert encode_literal(value) == encode_literal(dict(reversed(value.items())))


@given(st.integers())
def test_whole_numbers_of_any_size(value):
    assert encode_literal(value) != encode_literal(value + 1)


def test_numbers_beyond_what_python_prints():
    assert (
        encode_literal(10**5000) != encode_literal(10**5000 + 1) or encode_literal(10**5000) is None
    )


class Mode(enum.Enum):
    A = "a"
    B = "b"


class Other(enum.Enum):
    A = "a"


class Number(enum.IntEnum):
    ONE = 1


class Text(str):
    pass


def test_enumerations_and_paths():
    values = [Mode.A, Mode.B, Other.A, Number.ONE, "a", 1, Path("a"), Path("b")]
    encoded = [encode_literal(value) for value in values]

    assert None not in encoded
    assert len(set(encoded)) == len(values)


@pytest.mark.parametrize(
    "value",
    [object(), {1}, [object()], {"a": object()}, {(): object()}, lambda: 1, Text("a"), range(3)],
)
def test_what_is_no_plain_data_has_no_encoding(value):
    assert encode_literal(value) is None


def test_a_list_that_contains_itself_has_none():
    value = []
    value.append(value)
    assert encode_literal(value) is None


def plain(x):
    return x


def test_functions_of_the_same_module_differ_by_name():
    assert source_fingerprint(plain) is not None
    assert source_fingerprint(plain) != source_fingerprint(canon)


def test_functions_without_a_file_count_by_their_code():
    def compiled(text):
        space = {}
        exec(text, space)
        return space["f"]

    one, again, other = map(
        compiled, ["def f(): return 1", "def f(): return 1", "def f(): return 2"]
    )
    assert source_fingerprint(one) == source_fingerprint(again)
    assert source_fingerprint(one) != source_fingerprint(other)


def test_what_has_no_code_has_no_fingerprint():
    assert source_fingerprint(len) is None


def test_files_count_by_content(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"same")
    other.write_bytes(b"same")
    first = file_fingerprint(one)

    assert first == file_fingerprint(other)
    one.write_bytes(b"else")
    assert file_fingerprint(one) != first
    assert file_fingerprint(tmp_path / "none") is None


def test_empty_folders_and_files_differ(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "holds").mkdir()
    (tmp_path / "holds" / "file").touch()

    seen = {file_fingerprint(tmp_path / name) for name in ("folder", "file", "holds")}
    assert len(seen) == 3
