"""Servers that are not there, not what they should be, or go away."""

from __future__ import annotations

import socket
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import graphgen
from graphgen import Client, InvalidWorkflow
from graphgen.client import ClientClosed, ServerUnreachable, WrongServer, link, waiting
from graphgen.client.address import Address
from graphgen.engine import events as ev
from tests.client.relay import Relay
from tests.server.live import Live, eventually
from tests.server.nodes import ENTERED, GATE
from tests.support import Background, graph

NUMBER = graph({"n": "core/number"}, {"n": "n.value"}, {"value": "n.value"})
WAIT = graph({"w": "test/wait"}, {"n": "w.value"})


def code_of(error):
    (problem,) = error.value.problems
    return problem.code


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://127.0.0.1:8765/", "http://127.0.0.1:8765"),
        (" localhost:8765\n", "http://localhost:8765"),
        ("gpu-box", "http://gpu-box"),
        ("https://Example.org/graph gen/", "https://example.org/graph%20gen"),
        ("http://[::1]:80/?token=abc", "http://[::1]:80"),
    ],
)
def test_addresses_as_people_write_them(url, base):
    assert Address.read(url.replace("graph gen", "graph%20gen"), "").base == base


@pytest.mark.parametrize(
    "url",
    ["", "http://", "ftp://host", "http://host:99999", "http://u:p@host", "http://a b", "://"],
)
def test_what_is_no_address_is_said_at_once(url):
    with pytest.raises(WrongServer) as caught:
        Client(url)
    assert code_of(caught) == "bad_address"
    assert isinstance(caught.value, InvalidWorkflow)


def test_where_the_token_comes_from(monkeypatch):
    monkeypatch.setenv("GRAPHGEN_TOKEN", "from-env")
    assert Address.read("http://h").token == "from-env"
    assert Address.read("http://h/?token=from-url").token == "from-url"
    assert Address.read("http://h/?token=from-url", "given").token == "given"
    assert Address.read("http://h", "").token == ""
    assert "given" not in repr(Address.read("http://h", "given"))
    with pytest.raises(WrongServer):
        Address.read("http://h", "two words")


def test_nothing_answers():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}") as client:
        for call in (client.queue, lambda: client.run(NUMBER), lambda: client.wait("x")):
            with pytest.raises(ServerUnreachable, match=f"nothing answers at .*{port}") as caught:
                call()
            assert code_of(caught) == "server_unreachable"
            assert "graphgen serve" in caught.value.problems[0].hint


def test_a_host_that_is_unknown():
    with Client("http://no-such-host.invalid") as client, pytest.raises(ServerUnreachable):
        client.queue()


def test_the_token_opens_the_server(make_server):
    live = make_server(token="sesame-sesame")
    with Client(live.url, "sesame-sesame") as client:
        assert client.run(NUMBER, {"value": 4}).outputs == {"n": 4}
    with Client(f"{live.url}/?token=sesame-sesame") as client:
        image = client.run(graph({"p": "image/solid"}, {"image": "p.image"})).outputs["image"]
        assert image.bytes().startswith(b"\x89PNG")
        assert "sesame" not in image.url
        assert "sesame" not in repr(image)


def test_without_the_token_or_with_another(make_server):
    live = make_server(token="sesame-sesame")
    for token, code in (("", "token_needed"), ("open-barley", "wrong_token")):
        with Client(live.url, token) as client:
            for call in (client.queue, lambda c=client: c.run(NUMBER)):
                with pytest.raises(WrongServer) as caught:
                    call()
                assert code_of(caught) == code
                assert caught.value.problems[0].hint


class _Stranger(BaseHTTPRequestHandler):
    answer = (200, {}, b"<html>")

    def do_GET(self):
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def stranger():
    """A web server that is no graphgen; takes what to answer."""
    made = []

    def make(status, headers, body):
        handler = type("Handler", (_Stranger,), {"answer": (status, headers, body)})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield make
    for server in made:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (200, {}, b"<html>Hello</html>", "is no graphgen server"),
        (200, {}, b'{"status": "ok"}', "is no graphgen server"),
        (200, {}, b"[]", "is no graphgen server"),
        (404, {}, b"not here", "is no graphgen server"),
        (500, {}, b"", "HTTP status 500"),
        (302, {"Location": "https://there/"}, b"", "https://there/"),
        (200, {}, b'{"status": "ok", "version": "9.1.0"}', "is graphgen 9.1.0"),
    ],
)
def test_another_server(stranger, status, headers, body, said):
    with Client(stranger(status, headers, body)) as client:
        for _ in range(2):
            with pytest.raises(graphgen.GraphgenError, match=said):
                client.queue()


def test_a_server_that_turns_into_another(stranger, server):
    place = stranger(200, {"Content-Type": "text/html"}, b"<html>Log in</html>")
    with Relay(server.port) as relay, Client(relay.url) as client:
        client.queue()
        relay.target = int(place.rpartition(":")[2])
        relay.cut()
        with pytest.raises(WrongServer, match="is no graphgen server"):
            client.queue()


def test_what_does_not_speak_http():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet():
            for _ in range(2):
                peer, _ = listener.accept()
                peer.sendall(b"SSH-2.0-OpenSSH\r\n")
                peer.close()

        threading.Thread(target=greet, daemon=True).start()
        with (
            Client(f"http://127.0.0.1:{listener.getsockname()[1]}") as client,
            pytest.raises(WrongServer, match="no graphgen server"),
        ):
            client.queue()


def test_a_server_of_another_version(server, client, monkeypatch):
    from graphgen.server.routes import health

    monkeypatch.setattr(health, "__version__", "0.9.3")
    with pytest.raises(WrongServer, match=r"is graphgen 0\.9\.3") as caught:
        client.queue()
    assert code_of(caught) == "other_version"
    monkeypatch.setattr(health, "__version__", f"{graphgen.__version__}.post1")
    assert client.queue().capacity == 1000


def test_a_closed_client_says_so(client):
    client.queue()
    client.close()
    client.close()
    with pytest.raises(ClientClosed):
        client.queue()


def test_closing_ends_what_is_waited_for(client):
    waiter = Background(client.run, WAIT)
    assert ENTERED.wait(20)
    client.close()
    with pytest.raises(graphgen.GraphgenError):
        waiter.result(20)


def test_a_server_that_is_started_anew_finishes_the_run(make_server, make_engine):
    live = make_server()
    with Relay(live.port) as relay, Client(relay.url) as client:
        events = []
        waiter = Background(client.run, WAIT, on_event=events.append)
        eventually(lambda: len(events) > 1)
        relay.cut(reopen=False)
        live.stop()
        live.queue.close()
        again = Live(live.engine).__enter__()
        try:
            relay.target = again.port
            relay.reopen()
            GATE.set()
            run = waiter.result(30)
        finally:
            again.__exit__()
        assert run.outputs == {"n": 0}
        assert isinstance(events[-1], ev.RunFinished)
        assert [type(event) for event in events].count(ev.RunFinished) == 1


def test_a_server_that_stays_away_is_given_up_on(server, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 1.0)
    with Relay(server.port) as relay, Client(relay.url) as client:
        events = []
        waiter = Background(client.run, WAIT, on_event=events.append)
        eventually(lambda: len(events) > 1)
        relay.cut(reopen=False)
        with pytest.raises(ServerUnreachable, match="goes on when the server does"):
            waiter.result(20)
    eventually(lambda: server.get("/api/runs").json()["runs"][0]["status"] == "running")


@pytest.mark.parametrize("saved", [False, True])
def test_a_run_whose_answer_was_cut_off_is_submitted_again_and_is_one(server, saved):
    with Relay(server.port) as relay, Client(relay.url) as client:
        client.workflows.write("number", NUMBER)
        run = partial(client.workflows.run, "number") if saved else partial(client.run, NUMBER)
        run()
        relay.mute = True
        waiter = Background(run)
        eventually(lambda: len(server.get("/api/runs").json()["runs"]) == 2)
        relay.mute = False
        relay.cut()
        assert waiter.result(20).status == "succeeded"
    assert len(server.get("/api/runs").json()["runs"]) == 2


def test_a_run_that_may_have_been_accepted_is_spoken_of_as_such(server, monkeypatch):
    """The connection breaks after the run was sent, before the answer, and stays broken."""
    monkeypatch.setattr(link, "REPEAT_SECONDS", (0.01, 0.01))
    with Relay(server.port) as relay, Client(relay.url) as client:
        client.run(NUMBER)
        relay.mute = True
        waiter = Background(client.run, NUMBER)
        eventually(lambda: len(server.get("/api/runs").json()["runs"]) == 2)
        relay.cut(reopen=False)
        with pytest.raises(ServerUnreachable, match="may have been accepted"):
            waiter.result(20)
