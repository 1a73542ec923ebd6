"""Files to and from the server."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Annotated

import pytest
from PIL import Image

from graphgen import Context, GraphgenError, InputFile, InvalidWorkflow, node
from graphgen.client import NotFound, ServerError
from graphgen.server import Limits
from tests.support import graph

BLUR = graph({"b": ("image/blur", {"radius": 0})}, {"image": "b.image"}, {"image": "b.image"})


@node("test/size", title="Size of a file")
def size(file: Annotated[str, InputFile()], *, ctx: Context) -> int:
    """The size of a file in bytes."""
    return ctx.files.resolve(file).stat().st_size


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a photo.png"
    Image.new("RGB", (4, 3), "#336699").save(path)
    return path


def test_an_upload_is_named_as_runs_take_it(client, server, picture):
    file = client.files.upload(picture)

    assert (file.name, file.path, file.media_type) == ("a photo.png", "a photo.png", "image/png")
    assert file.size == picture.stat().st_size
    assert (server.engine.workspace.inputs / file.path).read_bytes() == picture.read_bytes()
    assert server.http.get(file.url).content == file.bytes() == picture.read_bytes()
    assert client.files.find("a photo.png") == file
    assert client.files.list() == [file]


def test_a_folder_is_sent_with_all_its_files(client, server, tmp_path):
    folder = tmp_path / "knee ü"
    (folder / "more").mkdir(parents=True)
    files = {"1.dcm": b"one", "a b é.dcm": b"", "more/3.dcm": bytes(3 << 20)}
    for name, data in {**files, ".hidden": b"no"}.items():
        (folder / name).write_bytes(data)

    sent = client.files.upload(folder)
    again = client.files.upload(str(folder))

    assert (sent.name, sent.is_folder, sent.size) == ("knee ü", True, sum(map(len, files.values())))
    assert again.path == sent.path
    kept = server.engine.workspace.inputs / sent.path
    found = {p.relative_to(kept).as_posix(): p.read_bytes() for p in kept.rglob("*") if p.is_file()}
    assert found == files
    named = client.files.upload(folder, "other")
    assert len(client.files.list("inputs", named.path)) == 3


@pytest.mark.parametrize(
    ("name", "said"), [('a"b', 'a"b'), ("a\nb", "can't be the name"), ("weights.pt", "pickle")]
)
def test_a_folder_with_a_file_that_is_refused_is_not_there(client, server, tmp_path, name, said):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / name).write_bytes(b"data")

    with pytest.raises(GraphgenError, match=said):
        client.files.upload(folder)
    assert client.files.list() == []


def test_uploads_come_from_paths_bytes_and_streams(client, picture):
    data = picture.read_bytes()
    with picture.open("rb") as stream:
        sent = [
            client.files.upload(picture),
            client.files.upload(str(picture)),
            client.files.upload(data, "a photo.png"),
            client.files.upload(io.BytesIO(data), name="a photo.png"),
            client.files.upload(stream),
        ]
        assert not stream.closed
    assert len({file.path for file in sent}) == 1
    other = client.files.upload(b"text", "a photo.png.txt")
    assert (other.text(), other.media_type) == ("text", "text/plain")
    assert client.files.upload(b"else", "a photo.png.txt").path == "a photo.png-2.txt"
    with pytest.raises(InvalidWorkflow, match="no name"):
        client.files.upload(data)


def test_large_uploads_are_streamed(client, server):
    data = os.urandom(5 << 20)

    assert client.files.upload(data, "noise.bin").bytes() == data


@pytest.mark.parametrize("name", ["../up.png", "a/b.png", ".hidden", "", "nul\0.png"])
def test_names_that_the_server_does_not_take_are_errors(client, name):
    with pytest.raises((ServerError, InvalidWorkflow), match="name"):
        client.files.upload(b"x", name)


@pytest.mark.parametrize("name", ["50% #1+.txt", "ü+山&=.txt", "a'b\u00a0c.txt"])
def test_odd_names_get_there_and_back(client, tmp_path, name):
    file = client.files.upload(b"odd", name)

    assert file.name == name
    assert file.text() == "odd"
    assert client.files.find(name) == file
    assert file.save(tmp_path).read_bytes() == b"odd"


def test_what_the_server_refuses_is_an_error(make_server, make_client):
    client = make_client(make_server(limits=Limits(upload_bytes=1 << 20)))

    with pytest.raises(ServerError, match="too large") as caught:
        client.files.upload(bytes(8 << 20), "large.bin")
    assert caught.value.status == 413
    with pytest.raises(InvalidWorkflow, match="pickle"):
        client.files.upload(b"\x80\x04.", "weights.bin")
    assert client.files.list() == []


def test_what_can_not_be_read_here_is_an_error(client, tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "none.png", tmp_path / "empty"):
        with pytest.raises(InvalidWorkflow, match="can't be read"):
            client.files.upload(path)


def test_what_breaks_while_it_is_read_is_that_error(client):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 1 << 20:
                raise OSError("the disk is gone")
            return super().read(size)

    with pytest.raises(OSError, match="the disk is gone"):
        client.files.upload(Broken(bytes(4 << 20)), "broken.bin")
    with pytest.raises(TypeError):
        client.files.upload(io.StringIO("text"), "text.txt")
    assert client.files.list() == []


def test_a_missing_file_is_an_error(client):
    with pytest.raises(NotFound, match=r"no file 'none\.png'"):
        client.files.find("none.png")
    with pytest.raises(NotFound):
        client.files.list("inputs", "nowhere")


def test_saving_overwrites_nothing(client, tmp_path):
    file = client.files.upload(b"new", "note.txt")
    (tmp_path / "note.txt").write_text("old")

    assert file.save(tmp_path) == tmp_path / "note-2.txt"
    assert file.save(str(tmp_path / "deep" / "er")).parent.name == "er"
    assert (tmp_path / "note.txt").read_text() == "old"
    file.write(tmp_path / "note.txt")
    assert (tmp_path / "note.txt").read_text() == "new"


def test_a_download_that_breaks_leaves_nothing(client, server, tmp_path):
    file = client.files.upload(b"gone", "gone.txt")
    (server.engine.workspace.inputs / "gone.txt").unlink()

    with pytest.raises(NotFound):
        file.save(tmp_path / "here")
    assert [*(tmp_path / "here").iterdir()] == []


def test_a_path_as_an_input_is_uploaded(client, picture):
    run = client.run(BLUR, {"image": picture})

    assert run.inputs == {"image": {"file": "a photo.png"}}
    with Image.open(io.BytesIO(run.outputs["image"].bytes())) as blurred:
        assert blurred.getpixel((1, 1)) == (0x33, 0x66, 0x99)


def test_files_on_the_server_are_inputs_as_they_are(client, picture):
    first = client.run(BLUR, {"image": client.files.upload(picture)})
    again = client.run(BLUR, {"image": first.outputs["image"].only})

    assert again.inputs["image"]["file"].endswith("/image.png")
    assert Image.open(io.BytesIO(again.outputs["image"].bytes())).size == (4, 3)


def test_paths_for_ports_that_take_names_and_for_lists(make_server, make_client, picture):
    client = make_client(make_server(size))
    named = client.run(
        graph({"s": "test/size"}, {"n": "s.value"}, {"file": "s.file"}), {"file": picture}
    )
    assert named.inputs == {"file": "a photo.png"}
    assert named.outputs == {"n": picture.stat().st_size}
    grid = graph({"g": "image/grid"}, {"image": "g.image"}, {"images": "g.images"})
    for images in ([picture, picture], picture):
        run = client.run(grid, {"images": images})
        assert run.inputs["images"][0] == {"file": "a photo.png"}
        assert len(run.inputs["images"]) == (2 if isinstance(images, list) else 1)


def test_paths_that_do_not_exist_are_told_with_their_input_and_nothing_is_sent(client, picture):
    grid = graph({"g": "image/grid"}, {"image": "g.image"}, {"images": "g.images"})

    with pytest.raises(InvalidWorkflow) as refused:
        client.run(grid, {"images": [picture, picture.parent / "none.png"]})

    (problem,) = refused.value.problems
    assert (problem.code, problem.port) == ("missing_file", "images")
    assert "none.png' does not exist" in problem.message
    assert client.files.list() == []


def test_a_saved_workflow_takes_paths_too(client, picture):
    client.workflows.write("soft", BLUR)

    assert client.workflows.run("soft", {"image": picture}).outputs["image"].name == "image.png"


def test_outputs_can_be_listed(client):
    run = client.run(graph({"p": "image/solid"}, {"image": "p.image"}))
    (folder,) = client.files.list("outputs")

    assert folder.is_folder
    (file,) = client.files.list("outputs", folder.path)
    assert file.path == run.outputs["image"].only.path
    assert file.bytes() == run.outputs["image"].bytes()
    assert not file.is_folder
    assert Path(file.path).name == file.name
