from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from graphgen.plain import is_plain, to_json

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(json_values)
def test_json_values_are_plain_and_become_strict_json(value):
    assert is_plain(value)
    json.dumps(to_json(value), allow_nan=False)


@given(
    st.recursive(
        st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_finite_values_stay_as_they_are(value):
    assert json.loads(json.dumps(to_json(value))) == value


def test_what_json_has_not_becomes_text():
    value = {"a": [math.inf, -math.inf, (math.nan, 1.5)]}
    assert to_json(value) == {"a": ["Infinity", "-Infinity", ["NaN", 1.5]]}


def test_keys_are_those_that_json_makes_of_them():
    value = {None: 1, True: 2, 3: {4.5: 5}, "a": 6}
    assert to_json(value) == json.loads(json.dumps(value))


def test_other_objects_are_not_plain():
    assert not is_plain([1, {"a": object()}])
    assert not is_plain({("a", "b"): 1})
    assert not is_plain(b"bytes")
