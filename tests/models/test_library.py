"""The model library: names to files and folders."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgen import NodeError
from graphgen.models.library import ModelLibrary, model_bytes
from tests.support import attempt


@pytest.fixture
def folders(tmp_path):
    mine, yours = tmp_path / "mine", tmp_path / "yours"
    (mine / "sd15").mkdir(parents=True)
    (mine / "sd15" / "model_index.json").write_text("{}")
    (mine / "sd15" / "unet").mkdir()
    (mine / "sd15" / "unet" / "config.json").write_text("{}")
    (mine / "loras").mkdir()
    (mine / "loras" / "ink.safetensors").write_text("lora")
    (mine / "ink.safetensors").write_text("checkpoint")
    (mine / "notes.txt").write_text("no model")
    (yours / "deep" / "er").mkdir(parents=True)
    (yours / "deep" / "er" / "net.pth").write_text("")
    (yours / "ink.safetensors").write_text("hidden")
    (yours / "spleen" / "configs").mkdir(parents=True)
    (yours / "spleen" / "configs" / "metadata.json").write_text("{}")
    (yours / "spleen" / "models").mkdir()
    (yours / "spleen" / "models" / "model.pt").write_text("")
    (yours / "liver.ts").write_text("")
    packaged = tmp_path / "emoji"
    packaged.mkdir()
    return ModelLibrary(
        [mine, yours, tmp_path / "absent"], {"emoji-64": packaged, "sd15": packaged}
    )


def test_names_are_files_and_folders_of_models(folders):
    assert folders.names() == [
        "deep/er/net.pth",
        "emoji-64",
        "ink.safetensors",
        "liver.ts",
        "loras/ink.safetensors",
        "sd15",
        "spleen",
    ]


def test_folders_that_link_to_each_other_are_looked_into_once(folders):
    mine = folders.folders[0]
    before = folders.names()
    (mine / "loras" / "up").symlink_to(mine)
    (mine / "loras" / "here").symlink_to(mine / "loras")
    (mine / "circle").symlink_to(mine / "circle")
    (mine / "also").symlink_to(mine / "loras")
    (mine / "circle.pt").symlink_to(mine / "circle.pt")

    assert set(folders.names()) - {"circle.pt", "also/ink.safetensors"} == set(before)
    assert "also/ink.safetensors" in folders.names()
    assert model_bytes(folders.entries()["circle.pt"]) == 0
    assert model_bytes(folders.entries()["also/ink.safetensors"]) == len("lora")


def test_a_folder_that_can_not_be_read_hides_no_other(folders, monkeypatch):
    """Such as lost+found, where models have a disk of their own."""
    mine = folders.folders[0]
    (mine / "lost+found").mkdir(mode=0)  # for root, who runs some tests, it can be read
    before, listed = folders.names(), Path.iterdir

    def refuse(path):
        if path.name == "lost+found":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert folders.names() == before
    with pytest.raises(NodeError, match="no model named"):
        folders.find("nothing")


def test_every_name_can_be_found(folders):
    for name in folders.names():
        assert folders.find(name).exists()
        assert folders.find(name) == folders.entries()[name]


def test_the_users_models_hide_those_of_packs_and_earlier_folders_later_ones(folders):
    assert folders.find("sd15").parent.name == "mine"
    assert folders.find("ink.safetensors").read_text() == "checkpoint"


def test_a_kind_is_looked_up_in_its_own_folder_first(folders):
    assert folders.find("ink.safetensors", "loras").read_text() == "lora"
    assert folders.find("sd15", "loras").name == "sd15"


def test_what_is_missing_says_what_is_near_and_where_it_looked(folders):
    with pytest.raises(NodeError) as caught:
        folders.find("emoji-46")

    assert caught.value.code == "missing_model"
    assert "emoji-46" in str(caught.value)
    assert "emoji-64" in caught.value.hint
    assert "mine" in caught.value.hint


@pytest.mark.parametrize("name", ["../secret.safetensors", "/etc/hostname", "..", ".", "", "a\0b"])
def test_names_that_leave_the_folders_are_missing(folders, tmp_path, name):
    (tmp_path / "secret.safetensors").write_text("secret")
    with pytest.raises(NodeError):
        folders.find(name)


@given(st.text())
def test_any_name_is_found_or_missing(name):
    _, error = attempt(ModelLibrary(["/nowhere"]).find, name)
    assert error.code == "missing_model"


@pytest.mark.parametrize("name", ["x" * 5_000, "\ud800", "~nobody/x"])
def test_names_that_no_system_knows_are_missing(folders, name):
    with pytest.raises(NodeError) as caught:
        folders.find(name)
    assert caught.value.code == "missing_model"


def test_models_that_are_linked_into_a_folder_are_found(folders, tmp_path):
    real = tmp_path / "elsewhere" / "big.safetensors"
    real.parent.mkdir()
    real.write_text("weights")
    (tmp_path / "mine" / "linked.safetensors").symlink_to(real)

    assert "linked.safetensors" in folders.names()
    assert folders.find("linked.safetensors").read_text() == "weights"


def test_folders_that_contain_themselves_end(folders, tmp_path):
    (tmp_path / "mine" / "loop").symlink_to(tmp_path / "mine")

    assert "sd15" in folders.names()
