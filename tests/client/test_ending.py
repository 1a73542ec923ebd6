"""Nothing is left behind: threads, connections, runs."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading

from graphgen import Client
from tests.server.live import eventually
from tests.server.nodes import ENTERED
from tests.support import graph

NUMBER = graph({"n": "core/number"}, {"n": "n.value"})
WAIT = graph({"w": "test/wait"}, {"n": "w.value"})


def client_threads():
    return [thread for thread in threading.enumerate() if thread.name == "graphgen-client"]


def test_a_client_that_asks_nothing_has_no_thread(server):
    with Client(server.url) as client:
        assert client_threads() == []
        client.queue()
        assert len(client_threads()) == 1
    assert client_threads() == []


def test_a_client_that_is_forgotten_ends_its_thread(server):
    client = Client(server.url)
    run = client.run(graph({"p": "image/solid"}, {"image": "p.image"}))
    del client
    gc.collect()
    assert run.outputs["image"].bytes()  # which still needs it
    del run
    gc.collect()
    eventually(lambda: client_threads() == [])


def start(server, code):
    program = f"from graphgen import Client\nclient = Client({server.url!r})\n{code}"
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONASYNCIODEBUG": "0"},
    )


def complaints(err):
    """What a program in development mode said, but for asyncio's word on a slow machine."""
    return [line for line in err.splitlines() if not line.startswith("Executing <")]


def test_a_program_that_closes_nothing_ends_without_a_word(server):
    program = start(server, f"print(client.run({NUMBER!r}).outputs)")
    out, err = program.communicate(timeout=60)

    assert (program.returncode, out, complaints(err)) == (0, "{'n': 0}\n", [])


def test_a_program_that_closes_its_client_leaves_nothing_open(server):
    program = start(server, f"client.run({NUMBER!r})\nclient.close()")
    out, err = program.communicate(timeout=60)

    assert (program.returncode, out, complaints(err)) == (0, "", [])


def test_ctrl_c_ends_the_wait_and_the_run(server):
    program = start(server, f"client.run({WAIT!r})")
    assert ENTERED.wait(60)
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=30)

    assert "KeyboardInterrupt" in err
    (run,) = server.get("/api/runs").json()["runs"]
    eventually(lambda: server.get(f"/api/runs/{run['run_id']}").json()["status"] == "cancelled")
