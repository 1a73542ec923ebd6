"""Saved workflows: every save is kept, and nobody overwrites what they have not seen."""

import errno
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from graphgen import Engine, GraphgenError, InvalidWorkflow, Workflow
from graphgen.cli.session import saved_names
from graphgen.saved import SaveConflict, SavedWorkflows, UnknownWorkflow
from graphgen.saved import folder as folder_module
from tests.support import under_rights

pytestmark = pytest.mark.timeout(60)


def doc(title="", **more):
    return Workflow.parse({"name": title, "nodes": {}, **more})


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "workflows"


@pytest.fixture
def saved(folder):
    return SavedWorkflows(folder)


def revisions(saved, name):
    return [revision.revision for revision in saved.history(name)]


def test_what_is_saved_is_read(saved):
    assert saved.list() == []

    assert saved.write("my flow", doc("Mine", description="It is mine."), 0) == 1

    workflow, revision = saved.read("my flow")
    assert (workflow, revision) == (doc("Mine", description="It is mine."), 1)
    (entry,) = saved.list()
    assert (entry.name, entry.title, entry.description) == ("my flow", "Mine", "It is mine.")
    assert (entry.revision, entry.problem) == (1, None)
    assert abs(entry.modified - time.time()) < 60


def test_the_engine_finds_it_under_its_name(saved, tmp_path):
    saved.write("inner", doc("Inner"))

    with Engine(installed=False, workspace=tmp_path) as engine:
        assert engine.saved_workflow("inner") == doc("Inner")
        assert saved_names(engine.workspace) == ["inner"]


def test_a_title_is_the_name_if_there_is_none(saved):
    saved.write("plain", doc())

    assert saved.list()[0].title == "plain"


def test_every_save_is_kept(saved):
    for at in range(5):
        assert saved.write("a", doc(f"version {at}"), at) == at + 1

    assert revisions(saved, "a") == [5, 4, 3, 2, 1]
    assert [saved.read_revision("a", at + 1).name for at in range(5)] == [
        f"version {at}" for at in range(5)
    ]
    newest = saved.history("a")[0]
    assert newest.bytes == (saved.folder / "a.json").stat().st_size
    assert abs(newest.time - time.time()) < 60


def test_a_save_that_changes_nothing_makes_no_revision(saved):
    saved.write("a", doc("x"), 0)

    assert saved.write("a", doc("x"), 1) == 1
    assert saved.write("a", doc("x")) == 1
    assert revisions(saved, "a") == [1]


def test_a_save_that_is_sent_again_is_no_conflict(saved):
    """Its answer was lost, so the client does not know the revision that it made."""
    saved.write("a", doc("x"), 0)
    saved.write("a", doc("y"), 1)

    assert saved.write("a", doc("y"), 1) == 2


def test_a_conflict_is_refused_and_says_what_is_there(saved):
    saved.write("a", doc("x"), 0)
    saved.write("a", doc("y"), 1)

    with pytest.raises(SaveConflict) as refused:
        saved.write("a", doc("z"), 1)

    assert refused.value.current == 2
    (problem,) = refused.value.problems
    assert problem.code == "save_conflict"
    assert "revision 2, not 1" in problem.message
    assert problem.hint
    assert saved.read("a") == (doc("y"), 2)


def test_a_new_one_must_be_new(saved):
    saved.write("a", doc("x"), 0)

    for workflow in (doc("x"), doc("y")):
        with pytest.raises(SaveConflict, match="already"):
            saved.write("a", workflow, 0)
    with pytest.raises(SaveConflict, match="deleted"):
        saved.write("b", doc("x"), 3)


def test_saving_over_whatever_is_there_keeps_it(saved):
    saved.write("a", doc("x"), 0)

    assert saved.write("a", doc("y")) == 2
    assert saved.read_revision("a", 1) == doc("x")


def test_an_edit_by_hand_is_a_revision_of_its_own(saved, folder):
    saved.write("a", doc("x"), 0)
    (folder / "a.json").write_text('{"nodes": {}, "name": "by hand"}')

    with pytest.raises(SaveConflict) as refused:
        saved.write("a", doc("y"), 1)

    assert refused.value.current == 2
    assert saved.read("a") == (doc("by hand"), 2)
    assert saved.write("a", doc("y"), 2) == 3
    assert saved.read_revision("a", 2).name == "by hand"


def test_an_edit_by_hand_is_noticed_at_once_whatever_its_time(saved, folder):
    """Of equal length, in the same moment, into the same file."""
    path = folder / "a.json"
    for at in range(10):
        saved.write("a", doc("aa"))
        before = os.stat(path)
        path.write_text(path.read_text().replace("aa", f"b{at}"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        assert saved.read("a")[0].name == f"b{at}"
        assert saved.list()[0].title == f"b{at}"
    assert len(saved.history("a")) == 20


def test_a_file_from_elsewhere_is_a_first_revision(saved, folder):
    folder.mkdir()
    (folder / "theirs.json").write_text('{"nodes": {}}')

    assert saved.read("theirs") == (doc(), 1)
    assert revisions(saved, "theirs") == [1]


def test_a_damaged_file_is_listed_with_its_problem(saved, folder):
    saved.write("good", doc("x"))
    saved.write("a", doc("x"))
    (folder / "a.json").write_text('{"nodes": ')
    (folder / "b.json").write_text("[1, 2]")

    listed = {entry.name: entry.problem and entry.problem.code for entry in saved.list()}

    assert listed == {"a": "not_a_workflow", "b": "not_a_workflow", "good": None}
    with pytest.raises(InvalidWorkflow):
        saved.read("a")
    assert saved.read_revision("a", 1) == doc("x")
    assert saved.write("a", saved.read_revision("a", 1), 2) == 3


def test_a_deleted_one_can_be_brought_back(saved):
    saved.write("a", doc("x"), 0)
    saved.write("a", doc("y"), 1)

    saved.delete("a", 2)

    assert saved.list() == []
    (entry,) = saved.deleted()
    assert (entry.name, entry.title, entry.revision, entry.problem) == ("a", "y", 2, None)
    assert abs(entry.modified - time.time()) < 60
    with pytest.raises(UnknownWorkflow):
        saved.read("a")
    assert revisions(saved, "a") == [2, 1]
    assert saved.restore("a") == 2
    assert saved.read("a") == (doc("y"), 2)
    assert saved.deleted() == []
    assert saved.write("a", doc("z"), 2) == 3


def test_an_earlier_save_of_a_deleted_one_can_be_brought_back(saved):
    saved.write("a", doc("x"), 0)
    saved.write("a", doc("y"), 1)
    saved.delete("a")

    assert saved.write("a", saved.read_revision("a", 1), 0) == 3
    assert saved.read("a") == (doc("x"), 3)


def test_a_deleted_one_is_removed_for_good(saved, folder):
    for name in ("a", "b"):
        saved.write(name, doc("x"), 0)
        saved.write(name, doc("y"), 1)
        saved.delete(name)

    saved.purge("a")

    assert [entry.name for entry in saved.deleted()] == ["b"]
    for call in (saved.restore, saved.history, saved.purge):
        with pytest.raises(UnknownWorkflow):
            call("a")
    assert {path.name for path in (folder / ".history").iterdir()} == {"b", ".lock"}
    assert saved.write("a", doc("anew"), 0) == 1
    assert saved.restore("b") == 2


def test_the_history_of_what_is_saved_can_not_be_removed(saved, folder):
    saved.write("a", doc("x"), 0)
    (folder / "by hand.json").write_text('{"nodes": {}}')
    for name in ("a", "by hand"):
        with pytest.raises(SaveConflict, match="its history stays with it") as refused:
            saved.purge(name)
        assert refused.value.current == 1
    assert revisions(saved, "a") == [1]
    with pytest.raises(UnknownWorkflow):
        saved.purge("never")
    with pytest.raises(InvalidWorkflow):
        saved.purge("../a")


def test_what_a_process_left_behind_while_it_removed_goes_with_the_next(saved, folder):
    saved.write("a", doc("x"), 0)
    saved.write("b", doc("x"), 0)
    saved.delete("a")
    saved.delete("b")
    (folder / ".history" / "b").rename(folder / ".history" / ".partial-1234")

    assert [entry.name for entry in saved.deleted()] == ["a"]
    saved.purge("a")
    assert [path.name for path in (folder / ".history").iterdir()] == [".lock"]


@pytest.mark.skipif(sys.platform == "win32", reason="rights are others there")
def test_a_history_that_can_not_be_removed_stays(shared):
    with under_rights():
        saved = SavedWorkflows(shared / "workflows")
        saved.write("a", doc("x"), 0)
        saved.delete("a")
        kept = saved.folder / ".history" / "a"
        kept.chmod(0o500)
        with pytest.raises(GraphgenError) as refused:
            saved.purge("a")
        assert refused.value.problems[0].code == "write_failed"
        assert [entry.name for entry in saved.deleted()] == ["a"]
        kept.chmod(0o700)
        saved.purge("a")
        assert saved.deleted() == []


def test_nothing_is_restored_over_what_is_there_or_out_of_nothing(saved, folder):
    saved.write("a", doc("x"), 0)
    with pytest.raises(SaveConflict) as refused:
        saved.restore("a")
    assert refused.value.current == 1
    saved.delete("a")
    (folder / "a.json").write_text('{"nodes": {}, "name": "by hand"}')
    with pytest.raises(SaveConflict):
        saved.restore("a")
    assert saved.read("a") == (doc("by hand"), 2)
    with pytest.raises(UnknownWorkflow):
        saved.restore("never")
    with pytest.raises(InvalidWorkflow):
        saved.restore("../a")


def test_a_damaged_one_is_deleted_and_brought_back_as_it_was(saved, folder):
    saved.write("a", doc("x"), 0)
    (folder / "a.json").write_bytes(b'{"nodes": ')
    saved.delete("a")

    (entry,) = saved.deleted()
    assert (entry.revision, entry.problem.code) == (2, "not_a_workflow")
    assert saved.restore("a") == 2
    assert (folder / "a.json").read_bytes() == b'{"nodes": '


def test_what_else_lies_beside_histories_is_no_deleted_workflow(saved, folder, tmp_path):
    saved.write("a", doc("x"), 0)
    (tmp_path / "outside.json").write_text('{"nodes": {}}')
    (folder / ".history" / "linked").mkdir()
    (folder / ".history" / "linked" / "000001.json").symlink_to(tmp_path / "outside.json")
    (folder / ".history" / "empty").mkdir()
    (folder / ".history" / "file").write_text("text")
    (folder / ".history" / "no:name").mkdir()
    (folder / ".history" / "no:name" / "000001.json").write_text('{"nodes": {}}')

    assert saved.deleted() == []
    with pytest.raises(UnknownWorkflow):
        saved.restore("linked")


def test_deleting_keeps_an_edit_by_hand(saved, folder):
    saved.write("a", doc("x"), 0)
    (folder / "a.json").write_text('{"nodes": {}, "name": "by hand"}')

    with pytest.raises(SaveConflict):
        saved.delete("a", 1)
    saved.delete("a")

    assert saved.read_revision("a", 2).name == "by hand"


def test_a_renamed_one_takes_its_history_along(saved, folder):
    saved.write("a", doc("x"), 0)
    saved.write("a", doc("y"), 1)

    assert saved.rename("a", "b") == (2, 0, None)

    assert saved.read("b") == (doc("y"), 2)
    assert revisions(saved, "b") == [2, 1]
    assert saved.deleted() == []
    with pytest.raises(UnknownWorkflow):
        saved.history("a")
    assert sorted(path.name for path in folder.glob("*.json")) == ["b.json"]
    assert saved.rename("b", "b") == (2, 0, None)


def test_a_renamed_one_may_get_a_title_which_is_a_revision(saved, folder):
    saved.write("a", doc("x"))

    assert saved.rename("a", "b", "B") == (2, 0, "B")
    assert saved.rename("b", "c", "B") == (2, 0, None)
    assert saved.rename("c", "c", "C") == (3, 0, "C")

    assert saved.read("c")[0].name == "C"
    assert revisions(saved, "c") == [3, 2, 1]
    (folder / "c.json").write_text("{")
    with pytest.raises(InvalidWorkflow):
        saved.rename("c", "d", "D")
    assert saved.rename("c", "d") == (4, 0, None)


def test_renaming_to_the_name_of_a_deleted_one_keeps_both_histories(saved):
    saved.write("old", doc("o1"))
    saved.write("old", doc("o2"))
    saved.delete("old")
    saved.write("a", doc("x"))
    saved.write("a", doc("y"))

    assert saved.rename("a", "old") == (4, 2, None)

    names = [saved.read_revision("old", number).name for number in (1, 2, 3, 4)]
    assert names == ["o1", "o2", "x", "y"]
    assert saved.read("old") == (doc("y"), 4)


def test_renaming_onto_another_is_refused(saved):
    saved.write("a", doc("x"))
    saved.write("b", doc("y"))

    with pytest.raises(SaveConflict) as refused:
        saved.rename("a", "b")

    assert refused.value.current == 1
    assert saved.read("a")[0].name == "x"
    assert saved.read("b")[0].name == "y"


def test_what_is_not_there_is_said_to_be_unknown(saved):
    saved.write("a", doc("x"))

    for call in (
        lambda: saved.read("b"),
        lambda: saved.delete("b"),
        lambda: saved.rename("b", "c"),
        lambda: saved.history("b"),
        lambda: saved.read_revision("b", 1),
        lambda: saved.read_revision("a", 2),
        lambda: saved.read_revision("a", -1),
    ):
        with pytest.raises(UnknownWorkflow) as refused:
            call()
        assert refused.value.problems[0].code == "unknown_workflow"


@pytest.mark.parametrize(
    "name",
    ["a", "Text to image", "über_maß-2.1", "一张比萨", "नमस्ते", "a.json", "comet", "x" * 100],
)
def test_names_that_can_be(saved, name):
    saved.write(name, doc("x"), 0)

    assert [entry.name for entry in saved.list()] == [name]
    assert saved.read(name) == (doc("x"), 1)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        " a",
        "a ",
        "a.",
        "a/b",
        "../a",
        "a\\b",
        "/etc/passwd",
        "C:a",
        "a\0b",
        "a\nb",
        "a*",
        "a?",
        'a"',
        "a|b",
        "con",
        "NUL.x",
        "Com1",
        "x" * 101,
        "比" * 100,
        "\ud800",
        "a\u202eb",
        None,
    ],
)
def test_names_that_can_not_be(saved, folder, name):
    for call in (
        lambda: saved.write(name, doc("x")),
        lambda: saved.read(name),
        lambda: saved.delete(name),
        lambda: saved.rename("a", name),
        lambda: saved.rename(name, "a"),
        lambda: saved.history(name),
        lambda: saved.read_revision(name, 1),
    ):
        with pytest.raises(InvalidWorkflow) as refused:
            call()
        (problem,) = refused.value.problems
        assert problem.code == "invalid_name"
        assert problem.hint
    assert not list(folder.parent.rglob("*.json"))


def test_both_spellings_of_a_character_are_one_name(saved):
    saved.write("cafe\u0301", doc("x"), 0)

    assert saved.read("caf\u00e9") == (doc("x"), 1)


def test_files_of_other_names_are_passed_over(saved, folder):
    folder.mkdir()
    (folder / "bad*name.json").write_text('{"nodes": {}}')
    (folder / "folder.json").mkdir()
    (folder / "notes.txt").touch()

    assert saved.list() == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
@pytest.mark.parametrize(
    ("target", "told"),
    [("../secret.json", "out of"), ("a.json", "in a circle"), ("gone.json", "gone.json, which")],
)
def test_a_link_that_leads_nowhere_is_told_and_hides_no_other(saved, folder, target, told):
    saved.write("b", doc("x"), 0)
    (folder.parent / "secret.json").write_text('{"nodes": {}, "name": "secret"}')
    (folder / "a.json").symlink_to(target)

    listed = {entry.name: entry for entry in saved.list()}
    assert listed["b"].problem is None
    assert (listed["a"].title, listed["a"].revision) == ("a", 0)
    assert listed["a"].problem.code == "unreadable_file"
    assert told in listed["a"].problem.message
    for call in (saved.read, lambda name: saved.rename(name, "c")):
        with pytest.raises(InvalidWorkflow) as refused:
            call("a")
        assert refused.value.problems == [listed["a"].problem]
    with pytest.raises(UnknownWorkflow):
        saved.history("a")
    assert saved.write("a", doc("mine"), 0) == 1
    assert saved.read("a") == (doc("mine"), 1)
    assert "secret" in (folder.parent / "secret.json").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_that_leads_nowhere_is_deleted(saved, folder):
    saved.write("a", doc("x"), 0)
    (folder / "a.json").unlink()
    (folder / "a.json").symlink_to("gone.json")

    saved.delete("a")

    assert saved.list() == []
    assert saved.restore("a") == 1


@pytest.mark.parametrize("data", [b'{"nodes": {}, "name": "M\xfcll"}', b"\xff\xfe\xff"])
def test_a_file_that_is_no_utf_8_is_listed_as_that(saved, folder, data):
    saved.write("b", doc("x"), 0)
    (folder / "a.json").write_bytes(data)

    problem, none = (entry.problem for entry in saved.list())

    assert none is None
    assert (problem.code, "UTF-8" in problem.message) == ("not_a_workflow", True)


@pytest.fixture
def shared():
    """A folder that anybody may write to, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are others there")
def test_a_file_that_may_not_be_read_hides_no_other_and_is_not_lost(shared):
    with under_rights():
        saved = SavedWorkflows(shared / "workflows")
        saved.write("a", doc("x"), 0)
        saved.write("b", doc("y"), 0)
        path = saved.folder / "a.json"
        path.write_text('{"nodes": {}, "name": "by hand"}')
        path.chmod(0)

        first, second = saved.list()
        assert (first.name, first.revision, first.problem.code) == ("a", 0, "unreadable_file")
        assert "Permission denied" in first.problem.message
        assert (second.title, second.revision, second.problem) == ("y", 1, None)
        for call in (
            lambda: saved.read("a"),
            lambda: saved.write("a", doc("z")),
            lambda: saved.write("a", doc("z"), 0),
            lambda: saved.delete("a"),
            lambda: saved.rename("a", "c"),
            lambda: saved.rename("b", "a"),
        ):
            with pytest.raises(InvalidWorkflow) as refused:
                call()
            assert refused.value.problems == [first.problem]
        assert saved.read_revision("a", 1) == doc("x")
        assert revisions(saved, "a") == [1]
        path.chmod(0o600)
        assert saved.read("a") == (doc("by hand"), 2)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are others there")
def test_a_history_that_may_not_be_read_hides_no_workflow(shared):
    with under_rights():
        saved = SavedWorkflows(shared / "workflows")
        for name in ("a", "b", "gone", "also gone"):
            saved.write(name, doc(name), 0)
        saved.delete("gone")
        saved.delete("also gone")
        kept = saved.folder / ".history"
        for name in ("a", "gone"):
            (kept / name).chmod(0)
        saved = SavedWorkflows(saved.folder)

        assert [entry.title for entry in saved.list()] == ["a", "b"]
        assert saved.read("a")[0] == doc("a")
        with pytest.raises(GraphgenError, match="Permission denied"):
            saved.write("a", doc("z"))
        with pytest.raises(InvalidWorkflow, match="Permission denied"):
            saved.history("a")
        known, unknown = saved.deleted()
        assert (known.title, known.problem) == ("also gone", None)
        assert (unknown.name, unknown.problem.code) == ("gone", "unreadable_file")
        with pytest.raises(InvalidWorkflow, match="Permission denied"):
            saved.restore("gone")
        for name in ("a", "gone"):
            (kept / name).chmod(0o700)
        assert saved.read("a") == (doc("a"), 1)
        assert saved.restore("gone") == 1


def test_a_save_that_fails_leaves_what_was_there(saved, folder, monkeypatch):
    saved.write("a", doc("x"), 0)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GraphgenError) as refused:
        saved.write("a", doc("y"), 1)
    monkeypatch.undo()

    assert refused.value.problems[0].code == "disk_full"
    assert saved.read("a") == (doc("x"), 1)
    assert not [path for path in folder.rglob("*") if "partial" in path.name]


def test_what_the_history_could_not_take_is_kept_with_the_next_look(saved, folder, monkeypatch):
    saved.write("a", doc("x"), 0)
    (folder / "a.json").write_text('{"nodes": {}, "name": "by hand"}')
    history = folder / ".history" / "a"
    history.rename(folder / "aside")
    history.write_text("in the way")

    assert saved.read("a")[0].name == "by hand"
    with pytest.raises(GraphgenError):
        saved.write("a", doc("y"))

    assert saved.read("a")[0].name == "by hand"
    history.unlink()
    (folder / "aside").rename(history)
    assert saved.read("a") == (doc("by hand"), 2)
    assert saved.write("a", doc("y"), 2) == 3


def test_saves_from_many_threads_are_all_kept(saved):
    saved.write("a", doc("start"), 0)
    made = []

    def save(number):
        for at in range(5):
            while True:
                _, revision = saved.read("a")
                try:
                    text = f"{number}-{at}"
                    made.append((saved.write("a", doc(text), revision), text))
                    break
                except SaveConflict:
                    continue

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(revision for revision, _ in made) == list(range(2, 32))
    for revision, text in made:
        assert saved.read_revision("a", revision).name == text


SAVE_MANY = """
import sys
from graphgen import Workflow
from graphgen.saved import SaveConflict, SavedWorkflows
saved = SavedWorkflows(sys.argv[1])
for at in range(20):
    while True:
        _, revision = saved.read("a")
        try:
            made = saved.write("a", Workflow(name=f"{sys.argv[2]}-{at}"), revision)
            print(made, f"{sys.argv[2]}-{at}")
            break
        except SaveConflict:
            pass
"""


def test_saves_from_several_processes_are_all_kept(saved, folder):
    saved.write("a", doc("start"), 0)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SAVE_MANY, str(folder), str(number)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    lines = [line.split() for p in processes for line in p.communicate(timeout=50)[0].splitlines()]

    assert sorted(int(number) for number, _ in lines) == list(range(2, 62))
    for number, text in lines:
        assert saved.read_revision("a", int(number)).name == text
    assert saved.read("a")[1] == 61


def test_a_busy_folder_is_a_problem(saved, folder, monkeypatch):
    saved.write("a", doc("x"), 0)
    other = folder_module.WorkflowFolder(folder)
    monkeypatch.setattr(folder_module, "LOCK_SECONDS", 0.05)

    with other.alone(), pytest.raises(GraphgenError) as refused:
        saved.write("a", doc("y"), 1)

    assert refused.value.problems[0].code == "folder_busy"
    assert saved.read("a") == (doc("x"), 1)


NAMES = st.sampled_from(["a", "b", "c"])
TITLES = st.sampled_from(["x", "yy", "zzz"])


class SavedAndModel(RuleBasedStateMachine):
    """The folder beside a dict: what is saved, and what ever was."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.saved = SavedWorkflows(Path(self.folder.name) / "workflows")
        self.now = {}
        self.kept = {}

    def keep(self, name, title):
        kept = self.kept.setdefault(name, [])
        self.now[name] = title
        if not kept or kept[-1] != title:
            kept.append(title)

    def revision(self, name):
        return len(self.kept[name]) if name in self.now else 0

    @rule(name=NAMES, title=TITLES, stale=st.booleans(), blind=st.booleans())
    def write(self, name, title, stale, blind):
        current = self.revision(name)
        expected = None if blind else current + 1 if stale else current
        if expected is not None and expected != current and self.now.get(name) != title:
            with pytest.raises(SaveConflict) as refused:
                self.saved.write(name, doc(title), expected)
            assert refused.value.current == current
            return
        revision = self.saved.write(name, doc(title), expected)
        self.keep(name, title)
        assert revision == self.revision(name)

    @rule(name=NAMES, title=TITLES)
    def edit_by_hand(self, name, title):
        self.saved.folder.mkdir(exist_ok=True)
        (self.saved.folder / f"{name}.json").write_text(doc(title).to_json() + "\n")
        self.keep(name, title)
        self.saved.list()

    @precondition(lambda self: self.now)
    @rule(data=st.data(), by_hand=st.booleans())
    def delete(self, data, by_hand):
        name = data.draw(st.sampled_from(sorted(self.now)))
        if by_hand:
            (self.saved.folder / f"{name}.json").unlink()
        else:
            self.saved.delete(name, self.revision(name))
        del self.now[name]

    @rule(name=NAMES)
    def restore(self, name):
        if name in self.now:
            with pytest.raises(SaveConflict):
                self.saved.restore(name)
        elif name in self.kept:
            assert self.saved.restore(name) == len(self.kept[name])
            self.now[name] = self.kept[name][-1]
        else:
            with pytest.raises(UnknownWorkflow):
                self.saved.restore(name)

    @rule(name=NAMES)
    def purge(self, name):
        if name in self.now:
            with pytest.raises(SaveConflict):
                self.saved.purge(name)
        elif name in self.kept:
            self.saved.purge(name)
            del self.kept[name]
        else:
            with pytest.raises(UnknownWorkflow):
                self.saved.purge(name)

    @precondition(lambda self: self.now)
    @rule(data=st.data(), new=NAMES)
    def rename(self, data, new):
        name = data.draw(st.sampled_from(sorted(self.now)))
        if new != name and new in self.now:
            with pytest.raises(SaveConflict):
                self.saved.rename(name, new)
            return
        offset = 0
        if new != name:
            offset = len(self.kept.get(new, []))
            self.kept[new] = self.kept.get(new, []) + self.kept.pop(name)
            self.now[new] = self.now.pop(name)
        assert self.saved.rename(name, new) == (self.revision(new), offset, None)

    @rule()
    def begin_anew(self):
        self.saved = SavedWorkflows(self.saved.folder)

    @invariant()
    def they_agree(self):
        listed = {e.name: (e.title, e.revision) for e in self.saved.list()}
        assert listed == {name: (title, self.revision(name)) for name, title in self.now.items()}
        deleted = {e.name: (e.title, e.revision) for e in self.saved.deleted()}
        gone = self.kept.keys() - self.now.keys()
        assert deleted == {name: (self.kept[name][-1], len(self.kept[name])) for name in gone}
        for name, titles in self.kept.items():
            assert revisions(self.saved, name) == list(range(len(titles), 0, -1))
            found = [self.saved.read_revision(name, at + 1).name for at in range(len(titles))]
            assert found == titles

    def teardown(self):
        self.folder.cleanup()


SavedAndModel.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestSavedAndModel = SavedAndModel.TestCase
