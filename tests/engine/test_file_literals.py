"""``{"file": name}`` where a port type is read from files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest

from graphgen import Context, InputFile, InvalidWorkflow, TypeSpec, node
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


# Paths as values of inputs


@node("post/size", title="Size")
def size(file: Annotated[str, InputFile(folders=True)], *, ctx: Context) -> int:
    """Count the bytes of a file, or the files of a folder."""
    path = ctx.files.resolve(file)
    return len([*path.iterdir()]) if path.is_dir() else path.stat().st_size


@node("post/echo", title="Echo")
def echo(text: str) -> str:
    """Give back a text."""
    return text


OPEN_LENGTH = {**LENGTH, "inputs": {"letter": "n.letter"}}


@pytest.fixture
def outside(tmp_path):
    """A folder that is none of the workspace's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "a.txt").write_text("Dear")
    (folder / "b.txt").write_text("me")
    return folder


def test_a_path_is_a_file_of_a_type_that_is_read_from_files(engine, outside, monkeypatch):
    first = engine.run(OPEN_LENGTH, {"letter": outside / "a.txt"})
    monkeypatch.chdir(outside)
    again = engine.run(OPEN_LENGTH, {"letter": Path("a.txt")})

    assert first.outputs == again.outputs == {"out": 4}
    assert statuses(again) == {"n.letter": "cached", "n": "cached"}
    (outside / "a.txt").write_text("Dear me")
    assert engine.run(OPEN_LENGTH, {"letter": outside / "a.txt"}).outputs == {"out": 7}


def test_paths_for_lists_and_through_subgraphs(engine, outside):
    joined = graph({"n": "post/join"}, {"out": "n.value"}, {"letters": "n.letters"})
    outer = graph(
        {"sub": "workflow/inner"},
        {"out": "sub.out"},
        {"letters": "sub.letters"},
        workflows={"inner": joined},
    )
    both = [outside / "a.txt", outside / "b.txt"]

    for document in (joined, outer):
        assert engine.run(document, {"letters": both}).outputs == {"out": "Dear me"}
        assert engine.run(document, {"letters": both[1]}).outputs == {"out": "me"}
    write(engine, "c.txt", "too")
    mixed = [both[1], letter("c.txt")]
    assert engine.run(outer, {"letters": mixed}).outputs == {"out": "me too"}


def test_a_path_is_a_name_where_names_are_taken(make_engine, outside):
    engine = make_engine(size, echo)
    counted = graph({"n": "post/size"}, {"out": "n.value"}, {"file": "n.file"})
    said = graph({"n": "post/echo"}, {"out": "n.value"}, {"text": "n.text"})

    assert engine.run(counted, {"file": outside / "a.txt"}).outputs == {"out": 4}
    assert engine.run(counted, {"file": outside}).outputs == {"out": 2}
    assert engine.run(said, {"text": outside}).outputs == {"out": str(outside)}


def test_a_path_is_lent_to_its_run_only(engine, outside):
    path = outside / "a.txt"
    named = {"letter": letter(str(path))}
    for _ in range(2):
        engine.run(OPEN_LENGTH, {"letter": path})
        with pytest.raises(InvalidWorkflow) as refused:
            engine.run(OPEN_LENGTH, named)
        assert codes(refused.value.problems) == [("outside_workspace", "n", "letter")]


def test_paths_that_do_not_exist_are_told_with_their_inputs(engine, outside, monkeypatch):
    monkeypatch.chdir(outside)
    two = graph(
        {"x": "post/length", "y": "post/join"},
        {"x": "x.value", "y": "y.value"},
        {"one": "x.letter", "many": "y.letters"},
    )
    with pytest.raises(InvalidWorkflow) as refused:
        engine.run(two, {"one": Path("no.txt"), "many": [outside / "a.txt", outside / "none"]})

    first, second = refused.value.problems
    assert (first.code, first.port) == ("missing_file", "one")
    assert first.message == "the file 'no.txt' does not exist"
    assert str(outside) in first.hint
    assert (second.code, second.port, second.hint) == ("missing_file", "many", None)
    with pytest.raises(InvalidWorkflow) as refused:
        engine.run(two, {"one": outside / "a.txt", "other": outside / "a.txt"})
    assert codes(refused.value.problems) == [("unknown_input", None, None)]


def test_a_path_for_what_is_not_read_from_files_is_refused(make_engine, outside):
    engine = make_engine(length, types=[TypeSpec(Letter)])
    with pytest.raises(InvalidWorkflow) as refused:
        engine.run(OPEN_LENGTH, {"letter": outside / "a.txt"})

    assert codes(refused.value.problems) == [("wrong_type", "n", "letter")]


def test_a_picture_does_not_tell_of_a_path(make_engine, outside):
    told = []

    @node("post/told", title="Told")
    def tell(letter: Letter, number: int, *, ctx: Context) -> int:
        """Note what a picture would carry."""
        told.append(ctx.metadata["graphgen"])
        return number

    engine = make_engine(tell, types=[TypeSpec(Letter, load=load)])
    document = graph(
        {"n": "post/told"}, {"out": "n.value"}, {"letter": "n.letter", "number": "n.number"}
    )
    engine.run(document, {"letter": outside / "a.txt", "number": 3})

    (carried,) = told
    assert "a.txt" not in carried
    assert '"number": 3' in carried
