from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgen import InputFile, InvalidWorkflow, ModelName, TypeSpec, Workflow, node
from graphgen.inputs import read_settings
from graphgen.registry import Registry
from tests.support import graph


@dataclass(frozen=True)
class Letter:
    """A port type that can be read from a file."""

    text: str


@dataclass(frozen=True)
class Device:
    """A port type that can't."""


@node("inputs/all", title="All")
def everything(
    text: str,
    words: list[str],
    number: int,
    amount: float,
    flag: bool,
    options: dict[str, Any],
    mode: Literal["fast", "slow"],
    maybe: int | None,
    either: int | str,
    whatever: Any,
    model: Annotated[str, ModelName()],
    file: Annotated[str, InputFile()],
    letter: Letter,
    letters: list[Letter],
    device: Device,
    flow: Workflow,
) -> int:
    """Take one of everything."""
    return 0


PORTS = list(everything.__annotations__)[:-1]
DOCUMENT = graph({"a": "inputs/all"}, {"n": "a.value"}, {port: f"a.{port}" for port in PORTS})


def make_registry() -> Registry:
    registry = Registry()
    registry.add_types(
        [TypeSpec(Letter, load=lambda path: Letter(path.read_text())), TypeSpec(Device)]
    )
    registry.add_nodes([everything])
    return registry


REGISTRY = make_registry()


def read(*settings: str) -> dict[str, Any]:
    workflow = Workflow.parse(DOCUMENT)
    return read_settings(settings, workflow, REGISTRY, lambda path: f"kept:{path.name}")


def refusal(*settings: str) -> list[tuple[str, str | None, str]]:
    with pytest.raises(InvalidWorkflow) as caught:
        read(*settings)
    return [(p.code, p.port, f"{p.message} ({p.hint})") for p in caught.value.problems]


@given(st.text().filter(lambda text: not text.startswith("@")))
def test_a_text_port_takes_any_text_as_it_is(text):
    assert read(f"text={text}") == {"text": text}


@given(st.text())
def test_a_leading_at_sign_is_written_twice(text):
    assert read(f"text=@@{text}") == {"text": f"@{text}"}


@given(st.integers(), st.floats(allow_nan=False), st.booleans())
def test_numbers_and_booleans_are_json(number, amount, flag):
    values = read(
        f"number={json.dumps(number)}", f"amount={json.dumps(amount)}", f"flag={json.dumps(flag)}"
    )
    assert values == {"number": number, "amount": amount, "flag": flag}
    assert type(values["flag"]) is bool


@given(st.lists(st.text()), st.dictionaries(st.text(), st.integers()))
def test_lists_and_objects_are_json(words, options):
    assert read(f"words={json.dumps(words)}", f"options={json.dumps(options)}") == {
        "words": words,
        "options": options,
    }


def test_the_last_of_equal_names_counts_and_values_may_hold_equals_signs():
    assert read("text=a", "text=b=c=") == {"text": "b=c="}


def test_ports_of_several_types():
    assert read("maybe=null", "either=3", "whatever=[1]", "mode=slow") == {
        "maybe": None,
        "either": 3,
        "whatever": [1],
        "mode": "slow",
    }
    assert read("either=three", "whatever=plain text") == {
        "either": "three",
        "whatever": "plain text",
    }


def test_values_from_files(tmp_path):
    (tmp_path / "prompt.txt").write_text("\ufeffein Apfel – rot\n\n", encoding="utf-8")
    (tmp_path / "options.json").write_text('{"a": 1}\n')
    assert read(f"text=@{tmp_path}/prompt.txt", f"options=@{tmp_path}/options.json") == {
        "text": "ein Apfel – rot\n",
        "options": {"a": 1},
    }


def test_file_ports_take_paths_and_keep_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("photo.png").touch()
    for text in ("photo.png", "@photo.png", f"{tmp_path}/photo.png", f"@{tmp_path}/photo.png"):
        assert read(f"file={text}") == {"file": "kept:photo.png"}
    assert read("file=in/the/workspace.png") == {"file": "in/the/workspace.png"}
    assert read("file=" + "x" * 100_000)["file"].startswith("xxx")
    assert [code for code, *_ in refusal("file=@absent.png")] == ["missing_file"]


def test_a_home_directory_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "photo.png").touch()
    assert read("file=~/photo.png") == {"file": "kept:photo.png"}


def test_port_types_are_read_from_files_that_are_kept(tmp_path):
    (tmp_path / "a.txt").write_text("Dear")
    assert read(f"letter=@{tmp_path}/a.txt", f"letters=@{tmp_path}/a.txt") == {
        "letter": {"file": "kept:a.txt"},
        "letters": [{"file": "kept:a.txt"}],
    }
    (code, port, text) = refusal("letter=a.txt")[0]
    assert (code, port) == ("wrong_type", "letter")
    assert "with @" in text
    assert refusal(f"device=@{tmp_path}/a.txt")[0][:2] == ("wrong_type", "device")


def test_a_workflow_is_named_or_read(tmp_path):
    (tmp_path / "inner.json").write_text(json.dumps(graph({})))
    assert read("flow=inner") == {"flow": "inner"}
    assert read(f"flow=@{tmp_path}/inner.json")["flow"]["format"] == "graphgen/1"
    (tmp_path / "inner.json").write_text("{")
    assert refusal(f"flow=@{tmp_path}/inner.json")[0][:2] == ("not_json", "flow")


def test_a_model_is_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("emoji-64").mkdir()
    assert read("model=emoji-64") == {"model": "emoji-64"}


def test_every_bad_setting_is_reported_at_once(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    found = refusal(
        "nothing",
        "=1",
        "txt=a",
        "number=three",
        "flag=yes",
        "words=a, b",
        "text=@/no/such/file",
        f"text=@{tmp_path}/binary",
        f"text=@{tmp_path}",
    )
    assert [(code, port) for code, port, _ in found] == [
        ("bad_setting", None),
        ("bad_setting", None),
        ("unknown_input", None),
        ("value_not_allowed", "number"),
        ("value_not_allowed", "flag"),
        ("value_not_allowed", "words"),
        ("missing_file", "text"),
        ("unreadable_file", "text"),
        ("unreadable_file", "text"),
    ]
    said = [text for *_, text in found]
    assert "did you mean text?" in said[2]
    assert "expected int, got 'three'" in said[3]
    assert "true or false" in said[4]
    assert "[1, 2]" in said[5]
    assert "@@" in said[6]


def test_deeply_nested_json_is_refused():
    assert refusal("words=" + "[" * 100_000)[0][0] == "value_not_allowed"


def test_an_input_that_feeds_nothing_known_is_left_to_planning():
    document = graph({"a": "no/such"}, {}, {"x": "a.value", "y": "b.value"})
    workflow = Workflow.parse(document)
    assert read_settings(["x=1", "y=2"], workflow, REGISTRY, str) == {"x": "1", "y": "2"}
