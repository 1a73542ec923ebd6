"""The workspace: what nodes may read, and files that are whole or not there."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgen import NodeError
from graphgen.workspace import Files, Workspace, atomic_file, default_workspace
from tests.support import attempt


@pytest.fixture
def files(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "a.txt").write_text("first")
    (tmp_path / "two" / "a.txt").write_text("second")
    (tmp_path / "two" / "b.txt").write_text("b")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "one" / "leak.txt").symlink_to(tmp_path / "secret.txt")
    return Files([tmp_path / "one", tmp_path / "two"])


def code(files, name):
    with pytest.raises(NodeError) as caught:
        files.resolve(name)
    assert caught.value.hint or caught.value.code == "missing_file"
    return caught.value.code


def test_names_are_looked_up_root_by_root(files, tmp_path):
    assert files.resolve("a.txt").read_text() == "first"
    assert files.resolve("b.txt").read_text() == "b"
    assert files.resolve(str(tmp_path / "two" / "a.txt")).read_text() == "second"
    assert files.resolve("../two/b.txt").read_text() == "b"


def test_nothing_outside_can_be_read(files, tmp_path):
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "/etc/hostname", ".."):
        assert code(files, name) == "outside_workspace"
    assert code(files, "leak.txt") in ("outside_workspace", "missing_file")
    assert code(files, str(tmp_path / "one" / "leak.txt")) == "outside_workspace"


def test_a_single_file_may_be_allowed(files, tmp_path):
    files.allow(tmp_path / "secret.txt")

    assert files.resolve(str(tmp_path / "secret.txt")).read_text() == "secret"
    assert files.resolve("leak.txt").read_text() == "secret"
    assert code(files, "/etc/hostname") == "outside_workspace"


@pytest.mark.parametrize("name", ["none.txt", "", "a\0b", "x" * 5_000, "\ud800", "a.txt/b"])
def test_what_is_not_there_is_missing(files, name):
    assert code(files, name) == "missing_file"


@given(st.text() | st.text("./~ab"))
def test_any_name_is_found_or_refused(name):
    _, error = attempt(Files(["/nowhere"]).resolve, name)
    assert error.code in ("missing_file", "outside_workspace")


def test_a_loop_of_links_is_refused(files, tmp_path):
    (tmp_path / "one" / "loop").symlink_to(tmp_path / "one" / "loop")

    assert code(files, "loop") in ("missing_file", "outside_workspace")


def test_a_file_is_written_whole(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    with atomic_file(target) as temporary:
        assert temporary.suffix == ".txt"
        assert temporary.parent == target.parent
        temporary.write_text("new")
        assert not target.exists()

    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_an_error_leaves_what_was_there(tmp_path):
    target = tmp_path / "file.txt"
    target.write_text("old")

    def fail_half_way():
        with atomic_file(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_a_new_file_has_the_usual_mode(tmp_path):
    plain, atomic = tmp_path / "plain", tmp_path / "atomic"
    plain.touch()
    with atomic_file(atomic) as temporary:
        temporary.write_text("x")

    assert atomic.stat().st_mode == plain.stat().st_mode


def test_the_umask_of_the_process_is_left_alone(tmp_path, monkeypatch):
    """Other threads make files meanwhile, which would be open to everybody."""
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("it was changed"))
    with atomic_file(tmp_path / "file") as temporary:
        temporary.write_text("x")


def test_the_folders_of_a_workspace(tmp_path):
    workspace = Workspace(tmp_path / "w")

    assert workspace.models == tmp_path / "w" / "models"
    assert {
        f.name for f in (workspace.inputs, workspace.outputs, workspace.workflows, workspace.cache)
    } == {
        "inputs",
        "outputs",
        "workflows",
        "cache",
    }
    assert not workspace.root.exists()


def test_the_environment_names_the_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHGEN_WORKSPACE", str(tmp_path / "named"))
    assert default_workspace() == tmp_path / "named"
    assert Workspace().root == tmp_path / "named"
    monkeypatch.delenv("GRAPHGEN_WORKSPACE")
    assert default_workspace().name == "graphgen"
