"""Hashes of large files outlive the process, and no change of a file goes unnoticed."""

import json
import os
import time

import pytest

from graphgen import fingerprint
from graphgen.digests import LARGE, DigestMemory
from graphgen.fingerprint import file_fingerprint, remember_digests


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """The file of a memory that is in use, as by an engine with a disk cache."""
    monkeypatch.setattr(fingerprint, "_memory", None)
    remember_digests(tmp_path / "cache" / "digests.json")
    return tmp_path / "cache" / "digests.json"


def large(path, byte=b"a", age=60.0):
    path.write_bytes(byte * LARGE)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def settled(monkeypatch):
    """As if what was written had been written a minute ago; ctime can't be set back."""
    now = time.time
    monkeypatch.setattr("graphgen.digests.time.time", lambda: now() + 60)


def new_process():
    """Forget what this process knows, but for what lies on disk."""
    fingerprint._file_digest.cache_clear()
    file, fingerprint._memory = fingerprint._memory.path, None
    remember_digests(file)


def test_a_large_file_is_hashed_once_for_all_processes(tmp_path, memory, monkeypatch):
    settled(monkeypatch)
    path = large(tmp_path / "weights")
    told = file_fingerprint(path)
    (entry,) = json.loads(memory.read_text()).items()
    assert entry[1] == told
    new_process()
    monkeypatch.setattr("builtins.open", None)  # nobody reads the weights again
    assert file_fingerprint(path) == told


def test_another_content_has_another_hash(tmp_path, memory, monkeypatch):
    settled(monkeypatch)
    path = large(tmp_path / "weights")
    told = file_fingerprint(path)
    large(path, b"b")  # of the same size and mtime; the ctime tells
    new_process()
    assert file_fingerprint(path) != told


def test_what_was_written_just_now_is_not_remembered(tmp_path, memory):
    file_fingerprint(large(tmp_path / "weights", age=0))
    assert not memory.exists()


def test_small_files_are_not_remembered(tmp_path, memory, monkeypatch):
    settled(monkeypatch)
    (tmp_path / "config.json").write_text("{}")
    file_fingerprint(tmp_path / "config.json")
    assert not memory.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"x": 3}', "\x00"])
def test_a_damaged_memory_is_an_empty_one(tmp_path, memory, monkeypatch, content):
    memory.parent.mkdir()
    memory.write_text(content)
    settled(monkeypatch)
    path = large(tmp_path / "weights")
    assert file_fingerprint(path) == json.loads(memory.read_text()).popitem()[1]


def test_the_oldest_are_forgotten(tmp_path, monkeypatch):
    settled(monkeypatch)
    monkeypatch.setattr("graphgen.digests.LIMIT", 2)
    memory = DigestMemory(tmp_path / "digests.json")
    for name in "abc":
        memory.put((name, LARGE, 0, 0, 0), name)
    assert memory.get(("a", LARGE, 0, 0, 0)) is None
    assert DigestMemory(memory.path).get(("c", LARGE, 0, 0, 0)) == "c"


def test_a_folder_that_can_not_be_written_costs_nothing(tmp_path, monkeypatch):
    settled(monkeypatch)
    (tmp_path / "taken").write_text("a file where the folder should be")
    memory = DigestMemory(tmp_path / "taken" / "digests.json")
    memory.put(("a", LARGE, 0, 0, 0), "a")
    assert memory.get(("a", LARGE, 0, 0, 0)) == "a"
