"""JSON as the server sends it: what Python has, whatever that is, as any JSON parser reads it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgen.server.answers import json_bytes

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
HALF = st.characters(categories=["Cs"])  # of a pair; two may be a character


@given(PLAIN)
def test_values_arrive_as_they_are(value):
    assert repr(json.loads(json_bytes(value))) == repr(value)


@given(PLAIN, HALF)
def test_half_characters_arrive_beside_others(value, half):
    sent = json_bytes([value, half])

    assert repr(json.loads(sent)) == repr([value, half])
    sent.decode()


def test_it_is_compact_utf_8():
    assert json_bytes({"größe": [1, 2.0, None], "a": "\u2028"}) == (
        '{"größe":[1,2.0,null],"a":"\u2028"}'.encode()
    )


@pytest.mark.parametrize("more", [[], ["\ud800"]])
def test_what_json_has_not_becomes_text(more):
    sent = json_bytes([math.nan, {"a": math.inf}, (-math.inf,), *more])

    def refuse(name):
        raise AssertionError(name)

    found = json.loads(sent, parse_constant=refuse)
    assert found == ["NaN", {"a": "Infinity"}, ["-Infinity"], *more]


def test_what_is_nested_deeply_arrives():
    value = 1.0
    for _ in range(400):
        value = [value, {"a": math.nan}]

    found = json.loads(json_bytes(value))
    for _ in range(400):
        found, beside = found
        assert beside == {"a": "NaN"}
    assert found == 1.0


def test_objects_that_are_no_data_are_refused():
    with pytest.raises(TypeError):
        json_bytes({"a": object()})
