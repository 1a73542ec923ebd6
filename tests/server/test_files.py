"""Files: listed, served, uploaded; and every way out of the workspace is closed."""

from __future__ import annotations

import io
import pickle
import socket
import threading
import zipfile

import pytest
from PIL import Image

from graphgen.server import Limits
from tests.server.live import codes, eventually
from tests.support import graph

BYTES = {"Content-Type": "application/octet-stream"}


def picture(colour="red", size=(40, 20), kind="PNG"):
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, kind)
    return stream.getvalue()


@pytest.fixture
def inputs(server):
    server.engine.workspace.inputs.mkdir(parents=True, exist_ok=True)
    return server.engine.workspace.inputs


def send(server, name, data=b"data", **options):
    return server.call(
        "POST", "/api/files", params={"name": name}, data=data, headers=BYTES, **options
    )


def test_an_upload_is_kept_and_served(server):
    sent = send(server, "a b.png", picture())

    assert sent.status_code == 201
    assert sent.json() == {
        "name": "a b.png",
        "path": "a b.png",
        "bytes": len(picture()),
        "media_type": "image/png",
    }
    served = server.get("/api/files/inputs/a%20b.png")
    assert served.content == picture()
    assert served.headers["Content-Type"] == "image/png"
    small = server.get("/api/files/inputs/a%20b.png?thumbnail=20")
    assert Image.open(io.BytesIO(small.content)).size == (20, 10)


def test_a_form_uploads_as_well(server):
    files = {"other": ("x.txt", b"no"), "file": ("photo.png", picture(), "image/png")}

    sent = server.call("POST", "/api/files", files=files)

    assert (sent.status_code, sent.json()["name"]) == (201, "photo.png")
    assert server.get("/api/files/inputs/photo.png").content == picture()
    assert not (server.engine.workspace.inputs / "x.txt").exists()


def test_an_uploaded_picture_is_what_a_workflow_reads(server):
    name = send(server, "in.png", picture()).json()["name"]
    document = graph({"load": ("image/load", {"file": name})}, {"image": "load.image"})

    run = server.run(document)

    assert run["status"] == "succeeded", run["problems"]
    (item,) = run["outputs"]["image"]
    assert Image.open(io.BytesIO(server.get(item["url"]).content)).getpixel((0, 0)) == (255, 0, 0)


def test_the_same_again_is_kept_once_and_another_of_the_name_gets_a_number(server, inputs):
    names = [
        send(server, "p.png", picture(colour)).json()["name"]
        for colour in ("red", "red", "blue", "green", "blue", "red")
    ]

    assert names == ["p.png", "p.png", "p-2.png", "p-3.png", "p-2.png", "p.png"]
    assert sorted(path.name for path in inputs.iterdir()) == ["p-2.png", "p-3.png", "p.png"]


def test_uploads_at_the_same_time_do_not_overwrite_each_other(server, inputs):
    names = []
    threads = [
        threading.Thread(
            target=lambda n=n: names.append((send(server, "x.bin", b"%d" % n).json()["name"], n))
        )
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({name for name, _ in names}) == 12
    assert all((inputs / name).read_bytes() == b"%d" % n for name, n in names)


@pytest.mark.parametrize(
    "name",
    [
        "../x.png",
        "/etc/passwd",
        "a/b.png",
        "a\\b.png",
        "..",
        ".",
        "",
        ".hidden",
        ".partial-x",
        "a\x00b.png",
        "a\nb.png",
        "x" * 300,
        " a.png",
        "a.png ",
        "c:\\x",
        "a|b",
        "\u00e9" * 150,
    ],
)
def test_a_name_that_is_none_is_refused(server, name):
    response = send(server, name)

    assert (response.status_code, codes(response)) == (400, ["bad_name"])
    folder = server.engine.workspace.inputs
    assert not folder.exists() or not list(folder.iterdir())


def test_so_is_the_name_that_a_form_gives(server):
    for name in ("../x.png", "a/../../b.png"):
        response = server.call("POST", "/api/files", files={"file": (name, b"x")})
        assert response.status_code == 400, name
        assert codes(response)
    assert not list(server.engine.workspace.root.rglob("x*.png"))


@pytest.mark.parametrize("name", ["m.ckpt", "m.pt", "m.PTH", "m.pkl", "m.pickle"])
def test_pickles_are_refused_by_their_name(server, name):
    response = send(server, name)

    assert (response.status_code, codes(response)) == (422, ["refused_file"])
    assert "safetensors" in response.text


def test_pickles_are_refused_by_what_they_are(server, inputs):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("model/data.pkl", pickle.dumps({"a": 1}))
    others = [pickle.dumps([1, 2], protocol=p) for p in (2, 3, 4, 5)]

    for data in (archive.getvalue(), *others):
        response = send(server, "weights.safetensors", data)
        assert (response.status_code, codes(response)) == (422, ["refused_file"])
    assert list(inputs.iterdir()) == []


def test_other_archives_are_kept(server):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("scan.dcm", b"x")

    assert send(server, "series.zip", archive.getvalue()).status_code == 201
    assert send(server, "broken.zip", b"PK\x03\x04 and no more").status_code == 201


def test_an_upload_that_is_too_large_leaves_nothing(make_server):
    server = make_server(limits=Limits(upload_bytes=100_000))

    def pieces():
        for _ in range(40):
            yield bytes(10_000)

    for data in (bytes(2_000_000), bytes(100_001), pieces()):
        response = send(server, "large.bin", data)
        assert (response.status_code, codes(response)) == (413, ["too_large"])
    form = server.call("POST", "/api/files", files={"file": ("l.bin", bytes(200_000))})
    assert (form.status_code, codes(form)) == (413, ["too_large"])
    assert list(server.engine.workspace.inputs.iterdir()) == []
    assert send(server, "fits.bin", bytes(100_000)).status_code == 201


def test_an_upload_that_breaks_off_leaves_nothing(server, inputs):
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(
            b"POST /api/files?name=half.bin HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
            b"Content-Type: application/octet-stream\r\nContent-Length: 5000000\r\n\r\n"
            % server.port
        )
        client.sendall(bytes(2_500_000))
        eventually(lambda: list(inputs.iterdir()))
        assert all(path.name.startswith(".partial-") for path in inputs.iterdir())
        assert server.get("/api/files").json() == {"files": []}

    eventually(lambda: not list(inputs.iterdir()))


def test_leftovers_of_a_killed_server_are_cleared(make_server, tmp_path):
    import os

    inputs = tmp_path / "workspace" / "inputs"
    inputs.mkdir(parents=True)
    old, young = inputs / ".partial-old", inputs / ".partial-young"
    for path in (old, young, inputs / "kept.png"):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))

    make_server()

    assert sorted(path.name for path in inputs.iterdir()) == [".partial-young", "kept.png"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text/plain", b"x"),
        ("application/x-www-form-urlencoded", b"file=x"),
        ("application/json", b"{}"),
    ],
)
def test_an_upload_of_another_kind_is_refused(server, kind, data):
    response = server.call(
        "POST", "/api/files?name=x.txt", data=data, headers={"Content-Type": kind}
    )

    assert (response.status_code, codes(response)) == (415, ["wrong_content_type"])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"--b\r\n\r\n",
        b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\n1\r\n--b--\r\n",
    ],
)
def test_a_form_without_a_file_is_refused(server, data):
    response = server.call(
        "POST", "/api/files", data=data, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert response.status_code == 400
    assert codes(response)[0] in ("bad_form", "bad_name")


ESCAPES = [
    "../graphgen.db",
    "..%2fgraphgen.db",
    "%2e%2e/graphgen.db",
    "%2e%2e%2fgraphgen.db",
    "a/../../graphgen.db",
    "%2fetc%2fpasswd",
    "..%5cgraphgen.db",
    "sub/%2e%2e/%2e%2e/graphgen.db",
    "out.txt",
    "outside/secret.txt",
    ".hidden",
    "x%00.png",
    "x" * 5000,
    "%ff%fe",
    "sub",
    "pipe",
]


@pytest.mark.parametrize("path", ESCAPES)
def test_no_path_leads_out_of_the_workspace(server, inputs, tmp_path, path):
    """Through dots, encodings and symbolic links; nor to folders, hidden files and pipes."""
    import http.client
    import os

    (tmp_path / "secret.txt").write_text("secret")
    (inputs / "out.txt").symlink_to(tmp_path / "secret.txt")
    (inputs / "outside").symlink_to(tmp_path)
    (inputs / "sub").mkdir()
    (inputs / ".hidden").write_text("secret")
    os.mkfifo(inputs / "pipe")

    for query in ("", "?thumbnail=64", "?download=1"):
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        client.request("GET", f"/api/files/inputs/{path}{query}")  # as it is, not normalised
        response = client.getresponse()
        body = response.read()
        assert response.status in (400, 403, 404), body
        assert b"secret" not in body.replace(b"secret.txt", b"")
        assert b'"problems"' in body or response.status == 400


@pytest.mark.parametrize("path", ["..", "../outputs", "outside", "nothing", "a.txt", "/etc", "%00"])
def test_no_folder_outside_is_listed(server, inputs, tmp_path, path):
    (inputs / "outside").symlink_to(tmp_path)
    (inputs / "a.txt").write_text("x")

    response = server.get(f"/api/files?folder=inputs&path={path}")

    if path == "/etc":
        assert response.status_code == 404  # etc below the inputs
    assert response.status_code in (400, 403, 404)
    assert codes(response)


def test_a_link_inside_the_workspace_is_followed(server, inputs):
    (inputs / "real.txt").write_text("fine")
    (inputs / "link.txt").symlink_to(inputs / "real.txt")

    assert server.get("/api/files/inputs/link.txt").text == "fine"


def test_folders_are_listed_newest_first_without_what_is_hidden_or_leads_out(
    server, inputs, tmp_path
):
    import os

    (inputs / "sub").mkdir()
    for age, name in enumerate(("new.png", "old.txt", "sub/in.json", ".partial-x")):
        (inputs / name).write_bytes(b"1234")
        os.utime(inputs / name, (1000 - age, 1000 - age))
    os.utime(inputs / "sub", (10, 10))
    (inputs / "out").symlink_to(tmp_path)
    (inputs / "gone").symlink_to(inputs / "nothing")
    (inputs / "circle").symlink_to(inputs / "circle")

    files = server.get("/api/files").json()["files"]

    assert files == [
        {
            "name": "new.png",
            "path": "new.png",
            "bytes": 4,
            "modified": 1000.0,
            "media_type": "image/png",
        },
        {
            "name": "old.txt",
            "path": "old.txt",
            "bytes": 4,
            "modified": 999.0,
            "media_type": "text/plain",
        },
        {
            "name": "sub",
            "path": "sub",
            "bytes": 0,
            "modified": 10.0,
            "media_type": "inode/directory",
        },
    ]
    (inner,) = server.get("/api/files?folder=inputs&path=sub").json()["files"]
    assert inner["path"] == "sub/in.json"
    assert server.get("/api/files/inputs/sub/in.json").content == b"1234"
    assert server.get("/api/files?folder=outputs").json() == {"files": []}
    assert codes(server.get("/api/files?folder=models")) == ["missing_file"]
    assert server.get("/api/files/models/x").status_code == 404


@pytest.mark.parametrize(
    "name", ["page.html", "page.htm", "drawing.svg", "page.xhtml", "code.js", "x.pdf", "x.gz"]
)
def test_files_that_can_act_are_not_shown_but_saved(server, inputs, name):
    (inputs / name).write_text("<script>alert(1)</script>")

    response = server.get(f"/api/files/inputs/{name}")

    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_thumbnail_of_what_is_no_picture_is_refused(server, inputs):
    (inputs / "a.png").write_bytes(b"no picture")
    (inputs / "cut.png").write_bytes(picture(size=(400, 400))[:-300])

    for name in ("a.png", "cut.png"):
        response = server.get(f"/api/files/inputs/{name}?thumbnail=64")
        assert (response.status_code, codes(response)) == (422, ["unreadable_image"])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16", "I", "F", "CMYK"])
def test_thumbnails_of_every_kind_of_picture(server, inputs, mode):
    kind = {"CMYK": "jpg", "F": "tiff", "I": "tiff"}.get(mode, "png")
    base = Image.linear_gradient("L")
    image = base.convert("I").convert("I;16") if mode == "I;16" else base.convert(mode)
    image.save(inputs / f"x.{kind}")

    response = server.get(f"/api/files/inputs/x.{kind}?thumbnail=32")

    assert response.status_code == 200, response.text
    made = Image.open(io.BytesIO(response.content))
    assert (made.format, made.size) == ("WEBP", (32, 32))
    low, high = made.convert("L").getextrema()
    assert high - low > 200


def test_a_changed_picture_has_another_thumbnail(server, inputs):
    import os

    shades = []
    for number, colour in enumerate(("red", "lime")):
        (inputs / "a.png").write_bytes(picture(colour))
        os.utime(inputs / "a.png", (number, number))
        data = server.get("/api/files/inputs/a.png?thumbnail=16").content
        shades.append(Image.open(io.BytesIO(data)).convert("RGB").getpixel((0, 0)))

    assert shades[0][0] > 200 > shades[0][1]
    assert shades[1][1] > 200 > shades[1][0]
