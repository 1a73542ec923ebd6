"""Texts and numbers: what templates may say, and what can't be computed."""

import datetime
from dataclasses import dataclass

import pytest
from graphgen_nodes.control.lists import pick
from graphgen_nodes.control.values import arithmetic, compare, format_text

from graphgen import NodeError


@dataclass
class Secret:
    word: str = "sesame"

    def __format__(self, form):
        return f"<{form}>"


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("seed {value}", 7, "seed 7"),
        ("{value:.1f} of {value:>6}", 2.25, "2.2 of   2.25"),
        ("{{value}} is {value!r}", "x", "{value} is 'x'"),
        ("{value:%Y-%m-%d}", datetime.date(2020, 1, 2), "2020-01-02"),
        ("{value:0999}", 1, "1".zfill(999)),
        ("no field", 1, "no field"),
    ],
)
def test_a_value_is_put_into_a_text(template, value, text):
    assert format_text(template, value) == text


@pytest.mark.parametrize(
    "template",
    [
        "{}",
        "{0}",
        "{other}",
        "{value.word}",
        "{value[0]}",
        "{value:{value.word}}",
        "{value:{value.__init__.__globals__}}",
        "{value:{value}}",
        "{value:{x}}",
        "{value!r:{value.word}}",
        "{value:>10000000000}",
        "{value:.100000f}",
        "{value",
        "}",
        "{value!z}",
    ],
)
def test_nothing_else_is_reached_by_a_template(template):
    with pytest.raises(NodeError) as caught:
        format_text(template, Secret())
    assert caught.value.port == "template"
    assert caught.value.hint
    assert "sesame" not in str(caught.value)


def test_what_has_no_such_format_is_an_error_of_the_template():
    with pytest.raises(NodeError, match="can't be used"):
        format_text("{value:d}", {"a": 1})


@pytest.mark.parametrize(
    ("call", "port"),
    [
        (lambda: arithmetic(1, 0, "divide"), "b"),
        (lambda: arithmetic(10, 1e9, "power"), "b"),
        (lambda: arithmetic(-8, 0.5, "power"), "a"),
        (lambda: compare(1, "x", "less"), "b"),
        (lambda: pick([1, 2], 2), "index"),
        (lambda: pick([], 0), "index"),
    ],
)
def test_what_can_not_be_computed_says_what_to_do(call, port):
    with pytest.raises(NodeError) as caught:
        call()
    assert caught.value.port == port
    assert caught.value.hint
