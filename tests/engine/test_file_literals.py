"""``{"file": name}`` where a port type is read from files."""

from dataclasses import dataclass

import pytest

from graphgen import InvalidWorkflow, TypeSpec, node
from tests.support import CALLS, called, codes, graph, statuses

pytestmark = pytest.mark.timeout(30)


@dataclass(frozen=True)
class Letter:
    """A text."""

    text: str


def load(path):
    called("load")
    return Letter(path.read_text(encoding="utf-8"))


@node("post/length", title="Length")
def length(letter: Letter) -> int:
    """Count characters."""
    return len(letter.text)


@node("post/join", title="Join")
def join(letters: list[Letter]) -> str:
    """Join letters."""
    return " ".join(letter.text for letter in letters)


@pytest.fixture
def engine(make_engine):
    engine = make_engine(length, join, types=[TypeSpec(Letter, load=load)])
    engine.workspace.inputs.mkdir(parents=True)
    return engine


def write(engine, name, text):
    (engine.workspace.inputs / name).write_text(text)


def letter(name):
    return {"file": name}


LENGTH = graph({"n": ("post/length", {"letter": letter("a.txt")})}, {"out": "n.value"})


def test_the_file_is_loaded_and_cached_until_it_changes(engine):
    write(engine, "a.txt", "Dear")
    assert engine.run(LENGTH).outputs == {"out": 4}
    again = engine.run(LENGTH)
    assert statuses(again) == {"n.letter": "cached", "n": "cached"}
    assert CALLS["load"] == 1

    write(engine, "a.txt", "Dear me")
    assert engine.run(LENGTH).outputs == {"out": 7}
    assert CALLS["load"] == 2


def test_equal_files_are_loaded_once_whatever_their_name(engine):
    write(engine, "a.txt", "Dear")
    write(engine, "b.txt", "Dear")
    both = graph(
        {
            "x": ("post/length", {"letter": letter("a.txt")}),
            "y": ("post/length", {"letter": letter("b.txt")}),
        },
        {"x": "x.value", "y": "y.value"},
    )

    assert engine.run(both).outputs == {"x": 4, "y": 4}
    assert CALLS["load"] == 1


def test_several_files_for_a_list(engine):
    write(engine, "a.txt", "Dear")
    write(engine, "b.txt", "you")
    document = graph(
        {"n": ("post/join", {"letters": [letter("a.txt"), letter("b.txt")]})}, {"out": "n.value"}
    )

    assert engine.run(document).outputs == {"out": "Dear you"}
    document["nodes"]["n"]["inputs"]["letters"].append(letter("a.txt"))
    assert engine.run(document).outputs == {"out": "Dear you Dear"}
    document["nodes"]["n"]["inputs"]["letters"][:2] = []
    assert engine.run(document).outputs == {"out": "Dear"}


def test_another_file_of_the_same_kind_only_renews_what_needs_it(engine):
    write(engine, "a.txt", "Dear")
    write(engine, "b.txt", "Hello")
    engine.run(LENGTH)
    named = {**LENGTH, "inputs": {"letter": "n.letter"}}

    assert engine.run(named, {"letter": letter("b.txt")}).outputs == {"out": 5}
    assert engine.run(named, {"letter": letter("a.txt")}).outputs == {"out": 4}
    assert engine.run(named, {"letter": Letter("live")}).outputs == {"out": 4}


def test_a_file_inside_a_subgraph(engine):
    write(engine, "a.txt", "Dear")
    outer = graph({"sub": "workflow/inner"}, {"out": "sub.out"}, workflows={"inner": LENGTH})

    assert engine.run(outer).outputs == {"out": 4}


@pytest.mark.parametrize(
    ("name", "code"), [("absent.txt", "missing_file"), ("../secret", "outside_workspace")]
)
def test_a_name_that_is_no_file_is_a_problem_of_the_input(engine, name, code):
    document = graph({"n": ("post/length", {"letter": letter(name)})}, {"out": "n.value"})
    (engine.workspace.root / "secret").write_text("x")

    assert codes(engine.validate(document)) == [(code, "n", "letter")]
    with pytest.raises(InvalidWorkflow):
        engine.run(document)


def test_a_file_that_can_not_be_read_fails_the_input(engine):
    (engine.workspace.inputs / "a.txt").write_bytes(b"\xff")
    result = engine.run(LENGTH)

    assert result.status == "failed"
    assert [(p.code, p.node) for p in result.problems] == [("unreadable_file", "n.letter")]
    assert "a.txt can't be read as letter" in result.problems[0].message


def test_plain_ports_take_such_a_dict_as_it_is(make_engine):
    @node("post/keep", title="Keep")
    def keep(value: dict) -> dict:
        """Give a dict back."""
        return value

    engine = make_engine(keep)
    document = graph({"n": ("post/keep", {"value": {"file": "a.txt"}})}, {"out": "n.value"})
    assert engine.run(document).outputs == {"out": {"file": "a.txt"}}
