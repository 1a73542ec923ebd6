from __future__ import annotations

import pytest


@pytest.fixture
def path(write):
    return write(
        {"a": ("probe/number", {"value": 7}), "b": "probe/text"},
        {"n": "a.value", "t": "b.value"},
        {"n": "a.value", "words": "b.text"},
    )


def test_a_valid_workflow_shows_its_inputs_and_outputs(cli, path, folder):
    done = cli("validate", path)
    assert done.status == 0
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0].endswith("is valid: 2 nodes")
    assert "n int = 7 Any small number. (0 to 100)" in lines
    assert "words str required Any text. (at most 20000 characters)" in lines
    assert "t str" in lines[lines.index("outputs") :]
    assert not (folder.parent / "workspace").exists()


def test_json_holds_both_schemas(cli, path):
    answer = cli("validate", path, "--json").json
    assert answer["status"] == "valid"
    assert answer["problems"] == []
    assert answer["inputs"]["properties"]["n"]["default"] == 7
    assert answer["inputs"]["required"] == ["words"]
    assert answer["outputs"]["properties"]["t"]["type"] == "string"


def test_settings_are_checked_too(cli, path):
    assert cli("validate", path, "--set", "n=100").status == 0
    done = cli("validate", path, "--set", "n=101")
    assert done.status == 2
    assert "a.value" in done.err
    assert "1 problem" in done.err


def test_a_missing_input_that_no_run_can_give_is_a_problem(cli, write):
    path = write({"b": "probe/text"}, {"t": "b.value"})
    done = cli("validate", path, "--json")
    assert done.status == 2
    assert [p["code"] for p in done.json["problems"]] == ["missing_input"]


def test_a_file_is_checked_where_it_lies(cli, write, folder):
    path = write({"a": "probe/read"}, {"t": "a.value"}, {"file": "a.file"})
    (folder / "words.txt").write_text("words")
    assert cli("validate", path, "--set", "file=words.txt").status == 0
    assert not (folder.parent / "workspace").exists()
