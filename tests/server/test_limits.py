"""Bodies that are too much: of bytes, of depth, of pixels; and no JSON at all."""

from __future__ import annotations

import io
import json
import socket
import struct
import zlib

import pytest
from PIL import Image

from graphgen.server import Limits
from tests.server.live import codes
from tests.server.test_runs import SUM
from tests.support import graph

JSON = {"Content-Type": "application/json"}


def bomb(edge=60_000):
    """A PNG of a few kilobytes that says it has billions of pixels."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack("!I", len(data)) + body + struct.pack("!I", zlib.crc32(body))

    header = struct.pack("!IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


@pytest.fixture
def server(make_server):
    return make_server(limits=Limits(json_bytes=100_000, upload_bytes=300_000, pixels=1_000_000))


@pytest.mark.parametrize("path", ["/api/runs", "/api/validate"])
def test_a_body_of_too_many_bytes_is_refused(server, path):
    response = server.post(path, {"workflow": {**SUM, "description": "x" * 200_000}})

    assert (response.status_code, codes(response)) == (413, ["too_large"])


def test_so_is_one_that_does_not_say_its_size(server):
    def pieces():
        yield b'{"workflow": "'
        for _ in range(30):
            yield b"x" * 10_000
        yield b'"}'

    response = server.call("POST", "/api/runs", data=pieces(), headers=JSON)

    assert (response.status_code, codes(response)) == (413, ["too_large"])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nonsense",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"\xff\xfe",
        b'{"a": ' + b"9" * 5000 + b"}",
        b'"\\ud800',
        b"\x00",
    ],
)
def test_what_is_no_json_is_refused(server, data):
    response = server.call("POST", "/api/runs", data=data, headers=JSON)

    assert (response.status_code, codes(response)) == (400, ["not_json"])


@pytest.mark.parametrize("depth", [300, 5_000, 16_000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
def test_a_body_that_is_nested_too_deeply_is_refused(server, depth, begin, end):
    data = begin * depth + "1" + end * depth

    response = server.call("POST", "/api/runs", data=data, headers=JSON)

    assert (response.status_code, codes(response)) == (400, ["too_deep"])


def test_a_workflow_that_is_nested_too_deeply_is_refused(server):
    value: list = []
    for _ in range(205):
        value = [value]
    document = graph({"n": ("core/show", {"value": value})})

    response = server.post("/api/runs", {"workflow": document})

    assert (response.status_code, codes(response)) == (422, ["too_deep"])


def test_half_characters_and_nulls_do_no_harm(server):
    text = "\ud83d \x00 \u2028"
    document = {
        "nodes": {"t": {"type": "core/text", "inputs": {"value": text}}},
        "outputs": {"t": "t.value"},
    }
    body = json.dumps({"workflow": document, "name": text})

    response = server.call("POST", "/api/runs", data=body, headers={**JSON, "Prefer": "wait=10"})

    assert response.status_code in (200, 422)
    assert server.get("/api/runs").ok


def test_picture_bombs_are_refused_wherever_they_come_in(server):
    assert len(bomb()) < 5_000
    sent = server.call(
        "POST", "/api/files?name=bomb.png", data=bomb(), headers={"Content-Type": "image/png"}
    )
    assert (sent.status_code, codes(sent)) == (422, ["image_too_large"])
    opened = server.call("POST", "/api/import", data=bomb(), headers={"Content-Type": "image/png"})
    assert (opened.status_code, codes(opened)) == (422, ["image_too_large"])
    server.engine.workspace.inputs.mkdir(parents=True, exist_ok=True)
    (server.engine.workspace.inputs / "bomb.png").write_bytes(bomb())
    small = server.get("/api/files/inputs/bomb.png?thumbnail=64")
    assert (small.status_code, codes(small)) == (422, ["image_too_large"])


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF", "JPEG"])
def test_the_limit_of_pixels_holds_for_every_kind_of_picture(server, kind):
    stream = io.BytesIO()
    Image.new("1" if kind in ("GIF", "BMP", "TIFF") else "L", (1200, 900)).save(stream, kind)

    sent = server.call(
        "POST",
        f"/api/files?name=x.{kind.lower()}",
        data=stream.getvalue(),
        headers={"Content-Type": "application/octet-stream"},
    )

    assert (sent.status_code, codes(sent)) == (422, ["image_too_large"])
    assert list(server.engine.workspace.inputs.iterdir()) == []


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" + bytes(100), b"PNG", b""]
)
def test_a_damaged_picture_is_no_workflow(server, data):
    response = server.call("POST", "/api/import", data=data, headers={"Content-Type": "image/png"})

    assert response.status_code in (400, 422)
    assert codes(response)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_bodies_are_measured_as_they_unfold(server, coding):
    wbits = 31 if coding == "gzip" else 15
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    data = packer.compress(b" " * 50_000_000) + packer.flush()
    assert len(data) < 100_000
    headers = {**JSON, "Content-Encoding": coding}

    body = server.call("POST", "/api/runs", data=data, headers=headers)
    assert (body.status_code, codes(body)) == (413, ["too_large"])
    headers["Content-Type"] = "application/octet-stream"
    file = server.call("POST", "/api/files?name=a.txt", data=data, headers=headers)
    assert (file.status_code, codes(file)) == (413, ["too_large"])
    broken = server.call(
        "POST", "/api/runs", data=b"nonsense", headers={**JSON, "Content-Encoding": coding}
    )
    assert broken.status_code == 400
    assert codes(broken)


def test_a_body_that_is_not_what_its_headers_say_is_refused(server):
    part = b'--b\r\nContent-Disposition: form-data; name="\x01"\r\n\r\nx\r\n--b--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    form = server.call("POST", "/api/files", data=part, headers=headers)
    assert (form.status_code, codes(form)) == (400, ["bad_form"])
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(
            b"POST /api/runs HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/json\r\n\r\nzz\r\n{}\r\n" % server.port
        )
        assert b" 400 " in client.recv(1000).splitlines()[0]


def test_many_slow_bodies_do_not_keep_others_from_being_served(server):
    sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    try:
        for each in sockets:
            each.sendall(
                b"POST /api/runs HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 1000\r\n"
                b"Content-Type: application/json\r\n\r\n{" % server.port
            )
        assert server.run(SUM)["status"] == "succeeded"
    finally:
        for each in sockets:
            each.close()
