"""Who is let in: by address, by origin, by token. Every refusal has the common shape."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
import requests

from graphgen.server.security import POLICY, is_loopback
from tests.server.live import Live, codes
from tests.server.test_runs import SUM

TOKEN = "a-token-for-tests"


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.2", False),
        ("example.org", False),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
    ],
)
def test_what_only_this_machine_can_reach(host, local):
    assert is_loopback(host) is local


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/queue", "/api/nothing", "/metrics"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example:{port}",
        "evil.example",
        "127.0.0.1:1",
        "127.0.0.1",
        "localhost",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example:{port}",
        "127.0.0.1:{port}@evil.example",
        "user@127.0.0.1:{port}",
        "127.0.0.1:{port}/x",
        "192.168.0.1:{port}",
        "",
        "[::1:{port}",
        "127.0.0.1:{port}x",
    ],
)
def test_another_name_is_refused_everywhere(server, path, host):
    response = server.get(path, headers={"Host": host.format(port=server.port)})

    assert response.status_code in (400, 403)
    if response.status_code == 403:
        assert codes(response) == ["wrong_host"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]", "127.0.0.2"])
def test_every_name_of_this_machine_will_do(server, name):
    assert server.get("/api/queue", headers={"Host": f"{name}:{server.port}"}).ok


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:1",
        "https://127.0.0.1",
        "null",
        "",
        "file://",
        "http://127.0.0.1:{port}.evil.example",
        "http://localhost:{port}",
        "chrome-extension://x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
def test_pages_from_elsewhere_are_refused(server, method, origin):
    headers = {"Origin": origin.format(port=server.port)}

    response = server.call(method, "/api/runs", json={"workflow": SUM}, headers=headers)

    assert (response.status_code, codes(response)) == (403, ["wrong_origin"])
    assert "Access-Control-Allow-Origin" not in response.headers
    assert server.get("/api/runs").json()["runs"] == []


def test_the_editor_s_own_page_is_let_in(server):
    headers = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}

    assert server.post("/api/runs", {"workflow": SUM}, headers=headers).status_code == 202


def test_pictures_of_other_sites_pages_get_nothing_but_links_open(server):
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    opened = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    assert codes(server.get("/api/queue", headers=embedded)) == ["wrong_origin"]
    assert server.get("/", headers=opened).ok
    assert codes(server.post("/api/runs", {}, headers=opened)) == ["wrong_origin"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_the_websocket_is_guarded_as_well(server, headers):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        server.watch(headers=headers).__enter__()

    assert refused.value.status == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_what_a_form_on_another_page_can_send_is_refused(server, kind):
    response = server.call(
        "POST", "/api/runs", data=b'{"workflow": {"nodes": {}}}', headers={"Content-Type": kind}
    )

    assert (response.status_code, codes(response)) == (415, ["wrong_content_type"])


@pytest.mark.parametrize("path", ["/", "/api/queue", "/api/nothing", "/healthz", "/api/docs"])
def test_every_answer_has_the_headers_that_bind_browsers(server, path):
    headers = server.get(path).headers

    assert headers["Content-Security-Policy"] == POLICY
    assert "unsafe-inline" not in POLICY.split("script-src")[1].split(";")[0]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Server"] == "graphgen"


class TestToken:
    @pytest.fixture
    def server(self, make_server):
        return make_server(token=TOKEN)

    @pytest.fixture
    def stranger(self, server):
        """A client that has no token."""

        def call(method: str, path: str, **options):
            options.setdefault("allow_redirects", False)
            return requests.request(method, server.url + path, timeout=10, **options)

        return call

    @pytest.mark.parametrize(
        "path", ["/api/queue", "/api/nothing", "/metrics", "/assets/x.js", "/x"]
    )
    def test_nothing_is_served_without_it(self, stranger, path):
        response = stranger("GET", path)

        assert (response.status_code, codes(response)) == (401, ["token_needed"])
        assert response.headers["WWW-Authenticate"].startswith("Bearer")

    def test_that_it_lives_is_told_to_anyone(self, stranger):
        assert stranger("GET", "/healthz").json()["status"] == "ok"

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "Bearer",
            "Bearer ",
            "Bearer wrong",
            f"Basic {TOKEN}",
            f"Bearer {TOKEN}x",
            "Bearer \u00e9",
        ],
    )
    def test_a_wrong_one_is_refused(self, stranger, given):
        headers = {"Authorization": given.encode("latin-1")}

        assert stranger("GET", "/api/queue", headers=headers).status_code == 401

    def test_programs_send_it_as_a_header(self, server):
        assert server.get("/api/queue").ok
        with server.watch(headers={"Authorization": f"Bearer {TOKEN}"}) as watcher:
            assert watcher.frames[0]["type"] == "hello"

    def test_the_websocket_wants_it(self, server):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            server.watch().__enter__()
        assert refused.value.status == 401

    def test_browsers_get_a_cookie_by_opening_the_printed_address(self, server, stranger):
        opened = stranger("GET", f"/?token={TOKEN}")
        assert (opened.status_code, opened.headers["Location"]) == (303, "/")
        cookie = opened.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie
        shown = {"Cookie": cookie.split(";")[0]}
        assert stranger("GET", "/", headers=shown).status_code == 200
        assert stranger("GET", "/api/queue", headers=shown).ok
        with server.watch(headers=shown) as watcher:
            assert watcher.frames[0]["type"] == "hello"

    def test_a_cookie_does_not_let_other_sites_in(self, stranger):
        cookie = stranger("GET", f"/?token={TOKEN}").headers["Set-Cookie"].split(";")[0]
        headers = {"Cookie": cookie, "Origin": "http://evil.example"}

        assert stranger("POST", "/api/runs", headers=headers, json={}).status_code == 403

    def test_the_page_asks_for_it(self, stranger):
        for path in ("/", "/?token=wrong", "/?token="):
            response = stranger("GET", path)
            assert response.status_code == 401
            assert "Set-Cookie" not in response.headers
            assert "<form" in response.text

    def test_a_made_up_cookie_is_refused(self, server, stranger):
        for value in ("", "x", TOKEN, "\u00e9"):
            headers = {"Cookie": f"graphgen-{server.port}={value}".encode("latin-1")}
            assert stranger("GET", "/api/queue", headers=headers).status_code == 401

    def test_uploads_want_it_too(self, server, stranger):
        response = stranger(
            "POST",
            "/api/files?name=a.txt",
            data=b"x",
            headers={"Content-Type": "application/octet-stream"},
        )
        assert response.status_code == 401
        assert not server.engine.workspace.inputs.exists()


def test_beyond_this_machine_any_name_will_do_with_the_token_but_no_other_origin(make_server):
    server = make_server(token=TOKEN, local=False)
    host = f"studio.example:{server.port}"

    assert server.get("/api/queue", headers={"Host": host}).ok
    own = {"Host": host, "Origin": f"http://{host}"}
    assert server.get("/api/queue", headers=own).ok
    behind_tls = {"Host": "studio.example", "Origin": "https://studio.example"}
    assert server.get("/api/queue", headers=behind_tls).ok
    other = {"Host": host, "Origin": "http://evil.example"}
    assert server.get("/api/queue", headers=other).status_code == 403
    rebound = {"Host": "evil.example", "Origin": "http://evil.example", "Authorization": ""}
    assert server.get("/api/queue", headers=rebound).status_code == 401


def test_errors_tell_nothing_of_the_inside(make_server, caplog):
    async def broken(request):
        raise RuntimeError(f"secret {request.path}")

    class Broken:
        __name__ = "broken"

        from graphgen import hookimpl

        @hookimpl
        def graphgen_routes(self):
            return [aiohttp.web.get("/broken", broken)]

    server = make_server(plugins=[Broken()])

    response = server.get("/broken")

    assert (response.status_code, codes(response)) == (500, ["internal_error"])
    assert "secret" not in response.text
    reference = response.json()["problems"][0]["message"].split()[-1]
    logged = next(record for record in caplog.records if reference in record.getMessage())
    assert "secret /broken" in str(logged.exc_info[1])


def test_unknown_paths_and_methods(server):
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        for path in ("/api/nothing", "/api", "/api/runs/x/y/z", "/api/packs/none/x"):
            response = server.call(method, path)
            assert (response.status_code, codes(response)) == (404, ["not_found"])
    for method, path in (("PUT", "/api/runs"), ("DELETE", "/api/queue"), ("POST", "/healthz")):
        response = server.call(method, path)
        assert (response.status_code, codes(response)) == (405, ["method_not_allowed"])
        assert response.headers["Allow"]


def test_what_is_no_http_is_answered_without_a_traceback(server):
    async def raw(data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(data)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer

    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + b"X: y\r\n" * 5 + b"\r\n",
        b"GET / HTTP/1.1\r\nBad Header\r\n\r\n",
        b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        answer = asyncio.run(raw(data + b"")) if b"\r\n\r\n" in data else b""
        assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:100]
        assert b"Traceback" not in answer
    assert isinstance(server, Live)
    assert server.get("/healthz").ok
