"""``graphgen serve`` as a process: what it prints, how it starts and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from tests.cli.conftest import install
from tests.server.live import PATIENCE, Watcher, eventually
from tests.support import graph

COMMAND = [sys.executable, "-c", "import sys; from graphgen.cli import main; sys.exit(main())"]
SLOW = graph(
    {
        "a": ("steer/count", {"name": "a"}),
        "b": ("steer/nap", {"after": "=a.value", "seconds": 30.0}),
    },
    {"out": "b.value"},
)


@pytest.fixture
def environment(tmp_path):
    """With a pack of slow nodes that is installed as any other."""
    install(tmp_path / "site", "steer", "steer_pack")
    here = Path(__file__).parent / "pack"
    path = os.pathsep.join([str(tmp_path / "site"), str(here), *filter(None, sys.path)])
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GRAPHGEN_")}
    return {**kept, "PYTHONPATH": path, "GRAPHGEN_WORKSPACE": str(tmp_path / "workspace")}


@pytest.fixture
def serve(environment):
    """Starts servers; each is ended with the test."""
    started = []

    def start(*arguments, port=0, waits=True):
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(port), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        if waits:
            process.address = process.stdout.readline().strip()
            assert process.address, process.stderr.read()
            process.url = process.address.partition("?")[0].rstrip("/")
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def run_of(server, run_id):
    return requests.get(f"{server.url}/api/runs/{run_id}", timeout=PATIENCE).json()


def submit(server, document):
    answer = requests.post(f"{server.url}/api/runs", json={"workflow": document}, timeout=PATIENCE)
    assert answer.status_code == 202, answer.text
    return answer.json()["run_id"]


def test_it_prints_one_address_and_answers_there(serve):
    server = serve()

    assert server.address.startswith("http://127.0.0.1:")
    assert server.address.endswith("/")
    assert requests.get(f"{server.url}/healthz", timeout=PATIENCE).json()["status"] == "ok"
    assert requests.get(server.address, timeout=PATIENCE).ok
    nodes = requests.get(f"{server.url}/api/nodes", timeout=PATIENCE).json()["nodes"]
    assert {"steer/nap", "diffusion/sample"} <= {node["id"] for node in nodes}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(serve, number, tmp_path):
    server = serve()
    run_id = submit(server, SLOW)
    watcher = Watcher(server.url.replace("http", "ws") + "/api/events")
    with watcher:
        eventually(lambda: (tmp_path / "workspace" / "a").exists())
        eventually(lambda: run_of(server, run_id)["status"] == "running")
        server.send_signal(number)
        assert server.wait(PATIENCE) == 0  # without waiting for what runs
        assert watcher.ended()
    assert watcher.close_code == 1001
    _, errors = server.communicate()
    assert "Traceback" not in errors

    again = serve()

    eventually(lambda: run_of(again, run_id)["status"] == "running")
    run = run_of(again, run_id)
    assert run["attempts"] == 1, "an orderly end is no crash"
    assert requests.delete(f"{again.url}/api/runs/{run_id}", timeout=PATIENCE).ok
    eventually(lambda: run_of(again, run_id)["status"] == "cancelled")
    assert run_of(again, run_id)["nodes"]["a"]["status"] == "cached"
    assert (tmp_path / "workspace" / "a").read_text() == "1", "it was computed once"


def test_a_second_signal_ends_it_at_once(serve, tmp_path):
    server = serve()
    stubborn = graph({"s": ("steer/stubborn", {"seconds": 60.0})})
    submit(server, stubborn)
    eventually(lambda: (tmp_path / "workspace" / "stubborn").exists())

    server.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert server.poll() is None, "it waits for the node"
    server.send_signal(signal.SIGINT)

    assert server.wait(PATIENCE) == 130


def test_a_port_in_use_is_said_clearly(serve, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        second = serve(port=port, waits=False)
        out, errors = second.communicate(timeout=PATIENCE)

    assert second.returncode == 2
    assert out == ""
    assert f"port {port} of 127.0.0.1 is in use" in errors
    assert "--port" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "workspace").exists()


def test_a_workspace_in_use_is_said_clearly(serve):
    serve()

    second = serve(waits=False)
    _, errors = second.communicate(timeout=PATIENCE)

    assert second.returncode == 1
    assert "another graphgen works on" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "no.such.host.invalid"], "there is no such address"),
        (["--host", "203.0.113.7"], "can't be used"),
        (["--token", "short"], "8 to 200"),
        (["--token", "with space in it"], "8 to 200"),
        (["--device", "toaster"], "no device"),
        (["--dtype", "int3"], "no dtype"),
        (["--models", "/nowhere/at/all"], "no folder"),
    ],
)
def test_arguments_that_can_not_be_end_it_with_2(serve, arguments, said):
    process = serve(*arguments, waits=False)
    out, errors = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out) == (2, "")
    assert said in errors
    assert "Traceback" not in errors


def test_beyond_this_machine_a_token_is_made_and_printed(serve):
    server = serve("--host", "0.0.0.0")
    token = server.address.partition("?token=")[2]
    port = server.address.split(":")[2].split("/")[0]

    assert len(token) >= 32
    url = f"http://127.0.0.1:{port}"
    assert requests.get(f"{url}/healthz", timeout=PATIENCE).ok
    assert requests.get(f"{url}/api/queue", timeout=PATIENCE).status_code == 401
    shown = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{url}/api/queue", headers=shown, timeout=PATIENCE).ok
    server.send_signal(signal.SIGTERM)
    _, errors = server.communicate(timeout=PATIENCE)
    assert token not in errors, "it is printed once"


def test_a_token_may_be_given(serve):
    server = serve("--token", "a-token-for-tests")

    assert server.address.endswith("/?token=a-token-for-tests")
    assert requests.get(f"{server.url}/api/queue", timeout=PATIENCE).status_code == 401
    session = requests.Session()
    assert session.get(server.address, timeout=PATIENCE).ok
    assert session.get(f"{server.url}/api/queue", timeout=PATIENCE).ok


def test_logs_are_json_lines_with_the_run(serve):
    server = serve()
    run_id = submit(server, graph({"v": ("control/value", {"value": 1})}, {"v": "v.value"}))
    eventually(lambda: run_of(server, run_id)["status"] == "succeeded")
    server.send_signal(signal.SIGTERM)
    _, errors = server.communicate(timeout=PATIENCE)

    lines = [json.loads(line) for line in errors.splitlines()]
    assert [line["run_id"] for line in lines] == [run_id]


def test_until_it_answers_nothing_heavy_is_imported(environment):
    """Every pack is installed here, diffusion among them."""
    code = """
import os, signal, sys, threading, urllib.request
from graphgen.cli import main
from graphgen.cli.report import Report

def look(self, address):
    def ask():
        for path in ("healthz", "api/nodes", "api/queue", "api/templates"):
            assert urllib.request.urlopen(address + path).status == 200
            if path == "healthz":
                print(sorted({name.split(".")[0] for name in sys.modules}), flush=True)
        print(sorted({name.split(".")[0] for name in sys.modules}), flush=True)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=ask).start()

Report.line = look
sys.exit(main(["serve", "--port", "0"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    at_health, later = (
        set(json.loads(line.replace("'", '"'))) for line in done.stdout.splitlines()
    )
    for loaded in (at_health, later):
        assert loaded.isdisjoint(
            {"torch", "diffusers", "transformers", "numpy", "PIL", "spandrel", "safetensors"}
        )
    assert at_health.isdisjoint({"prometheus_client", "networkx", "rich"})


def test_many_servers_may_start_at_once_on_free_ports(serve, tmp_path):
    servers = []
    threads = [
        threading.Thread(
            target=lambda n=n: servers.append(serve("--workspace", str(tmp_path / str(n))))
        )
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({server.url for server in servers}) == 3
