"""Folders that are uploaded: whole or not at all, under the limits of single files."""

import hashlib
import os
import time

import pytest

from graphgen.server import folders
from graphgen.server.services import Limits
from graphgen.server.uploads import STALE_SECONDS, clear_leftovers
from graphgen.workspace import PARTIAL_PREFIX

pytestmark = pytest.mark.timeout(60)

SERIES = {"1.dcm": b"one", "2.dcm": b"two", "more/3.dcm": b"three"}


@pytest.fixture
def inputs(server):
    return server.engine.workspace.inputs


def send(server, name, files=SERIES):
    form = [("file", (path, data)) for path, data in dict(files).items()]
    return server.call("POST", "/api/files", params={"into": name}, files=form)


def refused(response, status, code):
    found = [problem["code"] for problem in response.json()["problems"]]
    assert (response.status_code, found) == (status, [code])


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_files_of_a_form_become_a_folder(server, inputs):
    sent = send(server, "CT scan")

    assert sent.status_code == 201
    nbytes = sum(map(len, SERIES.values()))
    assert sent.json() == {
        "name": "CT scan",
        "path": "CT scan",
        "bytes": nbytes,
        "media_type": "inode/directory",
    }
    assert content(inputs / "CT scan") == SERIES
    (entry,) = server.get("/api/files?folder=inputs").json()["files"]
    assert (entry["path"], entry["media_type"]) == ("CT scan", "inode/directory")
    assert server.get("/api/files/inputs/CT%20scan/more/3.dcm").content == b"three"


def test_the_same_again_is_kept_once_and_another_of_the_name_gets_a_number(server, inputs):
    names = [
        send(server, "scan", files).json()["name"]
        for files in (SERIES, SERIES, {**SERIES, "4.dcm": b""}, {"1.dcm": b"one"}, SERIES)
    ]

    assert names == ["scan", "scan", "scan-2", "scan-3", "scan"]
    assert sorted(path.name for path in inputs.iterdir()) == ["scan", "scan-2", "scan-3"]


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ({"1.dcm": b"", "../2.dcm": b""}, 400, "bad_name"),
        ({"1.dcm": b"", "a/../../2.dcm": b""}, 400, "bad_name"),
        ({"1.dcm": b"", ".hidden": b""}, 400, "bad_name"),
        ({"/".join("x" * 20): b""}, 400, "bad_name"),
        ({"1.dcm": b"", "/1.dcm": b""}, 400, "bad_form"),
        ({"a": b"", "a/b": b""}, 400, "bad_form"),
        ({"1.dcm": b"", "weights.pt": b""}, 422, "refused_file"),
        ({"1.dcm": b"", "weights": b"\x80\x04."}, 422, "refused_file"),
    ],
)
def test_a_folder_with_a_file_that_is_refused_leaves_nothing(server, inputs, files, status, code):
    refused(send(server, "scan", files), status, code)

    assert content(inputs) == {}
    assert not inputs.is_dir() or list(inputs.iterdir()) == []


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "x" * 201])
def test_a_name_that_is_none_is_refused(server, name):
    refused(send(server, name), 400, "bad_name")


def test_a_form_without_files_is_refused(server, inputs):
    sent = server.call("POST", "/api/files?into=scan", files={"other": ("1.dcm", b"one")})

    refused(sent, 400, "bad_form")
    assert not inputs.exists()


def test_all_files_together_are_limited_and_so_is_their_number(make_server, monkeypatch):
    server = make_server(limits=Limits(upload_bytes=1000))
    inputs = server.engine.workspace.inputs

    refused(send(server, "large", {"a": bytes(600), "b": bytes(600)}), 413, "too_large")
    assert send(server, "small", {"a": bytes(500), "b": bytes(500)}).status_code == 201
    monkeypatch.setattr(folders, "MOST_FILES", 3)
    refused(send(server, "many", {str(at): b"" for at in range(4)}), 413, "too_many")
    assert [path.name for path in inputs.iterdir()] == ["small"]


def test_what_a_killed_server_left_is_cleared(tmp_path):
    left = tmp_path / f"{PARTIAL_PREFIX}abc"
    fresh = tmp_path / f"{PARTIAL_PREFIX}def"
    for folder in (left, fresh):
        folder.mkdir()
        (folder / "1.dcm").write_bytes(b"half")
    long_ago = time.time() - 2 * STALE_SECONDS
    os.utime(left, (long_ago, long_ago))

    clear_leftovers(tmp_path)

    assert list(tmp_path.iterdir()) == [fresh]


def test_large_files_arrive_as_they_were_sent(server, inputs):
    data = {f"{at}.bin": os.urandom(3 << 20) for at in range(2)}

    assert send(server, "big", data).status_code == 201
    kept = {name: hashlib.sha256(found).digest() for name, found in content(inputs).items()}
    assert kept == {f"big/{n}": hashlib.sha256(found).digest() for n, found in data.items()}
