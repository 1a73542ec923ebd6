"""Logs: one JSON object a line, with the run that it is about."""

from __future__ import annotations

import io
import json
import logging

import pytest

from graphgen.server.logs import log_to
from tests.server.live import eventually
from tests.server.test_runs import SUM
from tests.support import graph


@pytest.fixture
def lines():
    """What was logged, as objects."""
    root, ours = logging.getLogger(), logging.getLogger("graphgen")
    before = root.handlers[:], root.level, ours.level
    stream = io.StringIO()
    log_to(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level, ours.level = before


def test_the_end_of_a_run_is_a_line_with_its_id(server, lines):
    run = server.run(SUM, name="mine")

    eventually(lines)
    (line,) = lines()
    assert line["run_id"] == run["run_id"]
    assert (line["name"], line["level"], line["message"]) == ("mine", "info", "run succeeded")
    assert line["seconds"] == run["seconds"]
    assert line["time"].endswith("Z")
    assert "T" in line["time"]


def test_a_node_that_breaks_is_logged_with_its_traceback(server, lines):
    run = server.run(graph({"f": ("core/fail", {"message": "böse\nZeile"})}))

    eventually(lambda: len(lines()) == 2)
    node, end = lines()
    assert (node["run_id"], node["node"], node["node_type"]) == (run["run_id"], "f", "core/fail")
    assert "raise ValueError(message)" in node["traceback"]
    assert (end["level"], end["message"]) == ("warning", "run failed")
    assert any("böse" in problem for problem in end["problems"])


def test_what_is_no_http_is_not_logged(server, lines):
    import socket

    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        client.recv(1000)

    assert lines() == []
