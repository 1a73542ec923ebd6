from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgen import NodeError, TypeSpec, Workflow
from graphgen.cache.codec import Codec
from graphgen.outputs import NAME_BYTES, OutputSaver, new_folder, safe_name, slug
from graphgen.types import Types


@dataclass(frozen=True)
class Page:
    """Lines that are saved as one file each."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Saved as two kinds of files."""

    left: int
    right: int


@dataclass(frozen=True)
class Series:
    """Saved as a folder of files, with one beside it."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Stored:
    """Has no file form of its own."""

    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Broken:
    """Fails while it is saved, after a first file was written."""

    error: Exception


def save_page(page, target):
    for line in page.lines:
        target.path(".txt").write_text(line + target.metadata.get("graphgen", ""))


def save_pair(pair, target):
    target.path(".left").write_text(str(pair.left))
    target.path(".tar.gz").write_text(str(pair.right))


def save_series(series, target):
    target.path(".index").write_text(str(len(series.lines)))
    for line in series.lines:
        path = target.path(".txt", folder=True)
        path.write_text(line)
        if line == "bad":
            raise NodeError("a bad line")


def save_broken(broken, target):
    target.path(".txt").write_text("half of it")
    raise broken.error


TYPES = Types(
    [
        TypeSpec(Page, save=save_page),
        TypeSpec(Pair, save=save_pair),
        TypeSpec(Series, save=save_series),
        TypeSpec(Stored),
        TypeSpec(Broken, save=save_broken),
    ]
)


@pytest.fixture
def save(tmp_path):
    def call(**outputs):
        return OutputSaver(TYPES, tmp_path / "out").save("My run", outputs)

    return call


def names(saved):
    return {output.name: [path.name for path in output.paths] for output in saved.outputs}


def files(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_one_file_takes_the_name_and_several_are_numbered(save):
    saved = save(one=Page(("a",)), two=Page(("a", "b")), pair=Pair(1, 2))
    assert saved.errors == []
    assert names(saved) == {
        "one": ["one.txt"],
        "two": ["two-01.txt", "two-02.txt"],
        "pair": ["pair.left", "pair.tar.gz"],
    }
    assert [path.read_text() for path in saved.outputs[1].paths] == ["a", "b"]
    assert all(path.parent == saved.folder for output in saved.outputs for path in output.paths)


def test_a_set_of_files_gets_a_folder_of_its_own(save):
    saved = save(scan=Series(("a", "b")), both=[Series(("c",)), Series(("d",))])
    assert saved.errors == []
    assert [path.relative_to(saved.folder).as_posix() for path in saved.outputs[0].paths] == [
        "scan.index",
        "scan/0001.txt",
        "scan/0002.txt",
    ]
    assert [path.name for path in saved.outputs[1].paths][-2:] == ["0001.txt", "0002.txt"]
    assert (saved.folder / "both" / "0002.txt").read_text() == "d"


def test_a_folder_is_whole_or_not_there(save):
    saved = save(scan=Series(("a", "bad")), page=Page(("x",)))
    assert [problem.code for problem in saved.problems] == ["node_failed"]
    assert files(saved.folder) == ["page.txt"]


def test_a_folder_that_is_there_is_not_mixed_with(save, tmp_path):
    saver = OutputSaver(TYPES, tmp_path)
    for line in "ab":
        saved = saver.save("", {"scan": Series((line,))}, tmp_path / "run")
    assert (tmp_path / "run" / "scan" / "0001.txt").read_text() == "a"
    assert saved.outputs[0].paths[-1] == tmp_path / "run" / "scan-2" / "0001.txt"


def test_numbers_sort_as_text(save):
    saved = save(page=Page(tuple("x" * 100)))
    listed = [path.name for path in saved.outputs[0].paths]
    assert listed == sorted(listed)
    assert listed[0] == "page-001.txt"


def test_a_list_is_saved_item_by_item(save):
    saved = save(pages=[Page(("a", "b")), [Page(("c",))]])
    assert [path.read_text() for path in saved.outputs[0].paths] == ["a", "b", "c"]
    assert saved.outputs[0].values is None


def test_plain_data(save):
    saved = save(text="ü", number=3, nothing=None, items=[1, "a"], table={"a": (1, 2)}, flag=True)
    values = {output.name: output.values for output in saved.outputs}
    assert values == {
        "text": ["ü"],
        "number": [3],
        "nothing": [None],
        "items": [1, "a"],
        "table": [{"a": [1, 2]}],
        "flag": [True],
    }
    texts = {o.name: o.paths[0].read_text(encoding="utf-8") for o in saved.outputs}
    assert texts.pop("text") == "ü"
    assert {name: json.loads(text) for name, text in texts.items()} == {
        "number": 3,
        "nothing": None,
        "items": [1, "a"],
        "table": {"a": [1, 2]},
        "flag": True,
    }


def test_text_that_utf8_does_not_hold(save):
    saved = save(text="a\ud800b", items=["\ud800"])
    assert saved.errors == []
    assert saved.outputs[0].paths[0].read_bytes() == b"a\\ud800b"
    assert json.loads(saved.outputs[1].paths[0].read_text()) == ["\ud800"]


def test_a_workflow_is_saved_as_its_document(save):
    document = {"format": "graphgen/1", "nodes": {"a": {"type": "x/y"}}}
    saved = save(flow=Workflow.parse(document))
    assert Workflow.read(saved.outputs[0].paths[0]).nodes["a"].type == "x/y"


def test_a_type_without_files_takes_the_form_of_the_cache(save):
    saved = save(it=Stored((1, 2)))
    (path,) = saved.outputs[0].paths
    assert path.name == "it.safetensors"
    assert Codec(TYPES).decode(path.read_bytes()) == Stored((1, 2))


def test_metadata_reaches_the_type(tmp_path):
    saver = OutputSaver(TYPES, tmp_path, {"graphgen": "!"})
    (path,) = saver.save("run", {"page": Page(("a",))}).outputs[0].paths
    assert path.read_text() == "a!"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full"),
        (OSError(errno.EACCES, "Permission denied"), "write_failed"),
        (NodeError("too wide for this format", code="too_wide"), "too_wide"),
        (ZeroDivisionError("of course"), "save_failed"),
    ],
)
def test_what_fails_leaves_nothing_behind_and_the_rest_is_saved(save, error, code):
    saved = save(first=1, bad=Broken(error), last=Page(("a",)))
    assert [problem.code for problem in saved.problems] == [code]
    assert "bad" in saved.problems[0].message
    assert names(saved) == {"first": ["first.json"], "last": ["last.txt"]}
    assert files(saved.folder) == ["first.json", "last.txt"]


def test_a_value_of_an_unknown_class_is_refused(save, tmp_path):
    saved = save(what=object())
    assert [problem.code for problem in saved.problems] == ["not_saveable"]
    assert saved.folder is None
    assert files(tmp_path / "out") == []


def test_nothing_to_save_makes_no_folder(save, tmp_path):
    assert save().folder is None
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_given_is_used_and_what_is_in_it_stays(tmp_path):
    folder = tmp_path / "out" / "mine"
    saver = OutputSaver(TYPES, tmp_path / "out")

    first = saver.save("", {"a": "one"}, folder)
    second = saver.save("", {"a": "two", "b": object()}, folder)
    saver.save("", {"b": object()}, folder)

    assert first.folder == second.folder == folder
    assert sorted(path.name for path in folder.iterdir()) == ["a-2.txt", "a.txt"]
    saver.save("", {"b": object()}, tmp_path / "out" / "empty")
    assert not (tmp_path / "out" / "empty").exists()


def test_a_folder_that_can_not_be_made(tmp_path):
    (tmp_path / "out").write_text("a file")
    saved = OutputSaver(TYPES, tmp_path / "out").save("run", {"a": 1})
    assert [problem.code for problem in saved.problems] == ["write_failed"]
    assert saved.outputs == []


@pytest.mark.parametrize("suffix", ["txt", "", ".", "../x.txt", ".a/b", ".txt\0"])
def test_a_suffix_that_leads_elsewhere_is_refused(tmp_path, suffix):
    def save_badly(page, target):
        target.path(suffix).write_text("x")

    saver = OutputSaver(Types([TypeSpec(Page, save=save_badly)]), tmp_path)
    saved = saver.save("run", {"page": Page(())})
    assert [problem.code for problem in saved.problems] == ["save_failed"]
    assert files(tmp_path) == []


def test_names_that_meet_in_one_file_name_stay_apart(tmp_path):
    saved = OutputSaver(TYPES, tmp_path).save("run", {"a/b": 1, "a:b": 2, "a-b": 3})
    assert [output.paths[0].name for output in saved.outputs] == [
        "a-b.json",
        "a-b-2.json",
        "a-b-3.json",
    ]
    assert [json.loads(output.paths[0].read_text()) for output in saved.outputs] == [1, 2, 3]


def test_folders_of_one_second_stay_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("time.strftime", lambda form, moment: "20250102-030405")
    made = [new_folder(tmp_path, "A run").name for _ in range(3)]
    assert made == [
        "20250102-030405-a-run",
        "20250102-030405-a-run-2",
        "20250102-030405-a-run-3",
    ]


def test_saved_files_have_the_rights_of_any_new_file(save):
    umask = os.umask(0o022)
    try:
        (path,) = save(number=1).outputs[0].paths
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o644


@given(st.text(max_size=200))
def test_any_name_becomes_a_file_name(name):
    made = safe_name(name, "output")
    assert made
    assert "/" not in made
    assert "\\" not in made
    assert not made.startswith(".")
    assert len(made.encode()) <= NAME_BYTES + 1
    assert made.isprintable()


def test_names_are_kept_readable():
    assert safe_name("decode.image", "output") == "decode.image"
    assert safe_name("größe 山", "output") == "größe-山"
    assert safe_name("..", "output") == "output"
    assert safe_name("CON", "output") == "_CON"
    assert slug("Text to image (2)") == "text-to-image-2"
    assert slug("") == "workflow"
