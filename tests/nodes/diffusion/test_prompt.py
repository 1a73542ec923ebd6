"""The grammar of weighted prompts."""

from itertools import pairwise

import pytest
from graphgen_nodes.diffusion.prompt import MAX_WEIGHT, PromptError, Span, parse
from hypothesis import given
from hypothesis import strategies as st

PIECES = st.sampled_from(
    ["(", ")", "[", "]", ":", "1.3", ":0.5)", "\\", "\\(", "\\)", "a", " cat", ",", "\n", "é"]
)


def spans(prompt):
    return [(span.text, round(span.weight, 6)) for span in parse(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("", []),
        ("a red apple", [("a red apple", 1)]),
        ("a (red) apple", [("a ", 1), ("red", 1.1), (" apple", 1)]),
        ("a ((red)) apple", [("a ", 1), ("red", 1.21), (" apple", 1)]),
        ("a [red] apple", [("a ", 1), ("red", round(1 / 1.1, 6)), (" apple", 1)]),
        ("([a])", [("a", 1)]),
        ("(red:1.3) apple", [("red", 1.3), (" apple", 1)]),
        ("(red: .5)", [("red", 0.5)]),
        ("(red:-1)", [("red", -1)]),
        ("(red:0)", [("red", 0)]),
        ("(a (red:2) apple:1.5)", [("a ", 1.5), ("red", 3), (" apple", 1.5)]),
        ("((red):1.5)", [("red", 1.65)]),
        ("(red:1.3", [("red:1.3", 1.1)]),
        ("a red) apple]", [("a red) apple]", 1)]),
        ("(a]", [("a]", 1.1)]),
        (r"a \(red\) \[x\] \\", [(r"a (red) [x] " + "\\", 1)]),
        (r"(red\:1.3)", [("red:1.3", 1.1)]),
        (r"(\(red\):1.3)", [("(red)", 1.3)]),
        (r"c:\dir", [(r"c:\dir", 1)]),
        ("time 12:30", [("time 12:30", 1)]),
        ("()", []),
        ("(:1.5)", []),
        ("(a:1.5) (b:1.5)", [("a", 1.5), (" ", 1), ("b", 1.5)]),
        ("(a:1.5)(b:1.5)", [("ab", 1.5)]),
    ],
)
def test_examples(prompt, expected):
    assert spans(prompt) == expected


def test_a_weight_out_of_range_is_an_error_that_says_how_to_write_it_as_text():
    with pytest.raises(PromptError, match=r"weight 30 of 'at 12'.*\\\("):
        parse("(at 12:30)")
    assert parse(f"(a:{MAX_WEIGHT})") == [Span("a", MAX_WEIGHT)]


@given(st.lists(PIECES).map("".join))
def test_any_text_parses_into_spans_of_different_weight(prompt):
    try:
        result = parse(prompt)
    except PromptError:
        return
    assert all(span.text for span in result)
    assert all(a.weight != b.weight for a, b in pairwise(result))


@given(st.text().filter(lambda text: not set(text) & set("\\()[]")))
def test_text_without_brackets_stays_as_it_is(prompt):
    assert spans(prompt) == ([(prompt, 1)] if prompt else [])


@given(st.text())
def test_escaping_everything_gives_the_text_back(text):
    escaped = "".join("\\" + c if c in "\\()[]:" else c for c in text)
    assert "".join(span.text for span in parse(escaped)) == text
    assert all(span.weight == 1 for span in parse(escaped))


@given(
    st.text("ab c,", min_size=1).filter(str.strip),
    st.floats(-MAX_WEIGHT, MAX_WEIGHT).map(lambda x: round(x, 3)),
    st.integers(0, 20),
)
def test_weights_multiply_through_nesting(text, weight, depth):
    prompt = "(" * depth + f"({text}:{weight:.3f})" + ")" * depth
    (span,) = parse(prompt)
    assert span.text == text
    assert span.weight == pytest.approx(weight * 1.1**depth, rel=1e-9, abs=1e-12)


def test_deep_nesting_neither_recurses_nor_explodes():
    assert len(parse("(" * 10_000 + "a" + ")" * 10_000)) == 1
