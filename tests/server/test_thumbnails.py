"""Thumbnails outlive the server that made them, and are never those of another picture."""

from __future__ import annotations

import io
import os

import pytest
from PIL import Image

from graphgen.cache.folder import CacheFolder
from graphgen.server import pictures
from tests.server.test_files import picture

SMALL = "/api/files/inputs/a.png?thumbnail=16"


@pytest.fixture
def restarted(make_server):
    """Ends a server and starts another one over its workspace."""

    def restart(server):
        server.__exit__()
        return make_server(workspace=server.engine.workspace.root)

    return restart


@pytest.fixture
def red(server):
    """A picture in the workspace."""
    path = server.engine.workspace.inputs / "a.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture("red"))
    return path


def kept(server):
    return sorted((server.engine.workspace.cache / "thumbnails").rglob("*.webp"))


def shade(data):
    return Image.open(io.BytesIO(data)).convert("RGB").getpixel((0, 0))


def is_red(data):
    return shade(data)[0] > 200 > 100 > shade(data)[1]


def garble(path):
    """Make a file unreadable without a trace in its time and size."""
    stat = path.stat()
    path.write_bytes(bytes(stat.st_size))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_server_that_is_started_again_has_the_thumbnails_of_the_last(server, red, restarted):
    made = server.get(SMALL).content
    assert is_red(made)
    assert [path.read_bytes() for path in kept(server)] == [made]
    garble(red)  # so that it can't be made anew
    server = restarted(server)

    assert server.get(SMALL).content == made
    assert server.get("/api/files/inputs/a.png?thumbnail=17").status_code == 422
    assert len(kept(server)) == 1


def test_a_picture_that_was_changed_in_the_meantime_has_another(server, red, restarted):
    server.get(SMALL)
    red.write_bytes(picture("lime"))
    os.utime(red, (5, 5))
    server = restarted(server)

    assert not is_red(server.get(SMALL).content)
    assert len(kept(server)) == 2


@pytest.mark.parametrize("damage", [b"", b"RIFF", b"no picture at all", None])
def test_a_damaged_thumbnail_is_made_anew(server, red, restarted, damage):
    made = server.get(SMALL).content
    (path,) = kept(server)
    path.write_bytes(made[:-7] if damage is None else damage)
    server = restarted(server)

    assert server.get(SMALL).content == made
    assert path.read_bytes() == made


def test_without_a_folder_to_write_to_they_are_made_all_the_same(server, red):
    server.engine.workspace.cache.mkdir(parents=True, exist_ok=True)
    (server.engine.workspace.cache / "thumbnails").write_text("in the way")

    assert is_red(server.get(SMALL).content)


def test_they_keep_to_a_budget(server, red, restarted, monkeypatch):
    first = server.get(SMALL).content
    monkeypatch.setattr(pictures, "DISK_BYTES", int(2.5 * len(first)))
    server = restarted(server)
    for number in range(4):
        (red.parent / f"{number}.png").write_bytes(picture("red"))
        assert server.get(f"/api/files/inputs/{number}.png?thumbnail=16").content == first

    assert len(kept(server)) == 2


def test_the_folder_counts_what_others_wrote_and_leaves_other_files(tmp_path):
    one = CacheFolder(tmp_path, ".webp", 100)
    other = CacheFolder(tmp_path, ".webp", 100)
    assert one.write("aa11", b"x" * 40)
    os.utime(one.path("aa11"), (1, 1))
    assert other.write("bb22", b"y" * 40)
    (tmp_path / "aa" / "mine.txt").write_text("z" * 100)
    assert not other.write("cc33", b"z" * 101)

    assert other.write("cc33", b"z" * 40)

    assert (other.read("aa11"), other.read("bb22"), other.usage()) == (None, b"y" * 40, (2, 80))
    assert other.clear() == 80
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["mine.txt"]
