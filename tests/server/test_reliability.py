"""The server is killed twenty times under load, and nothing that it accepted is lost."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import requests

from tests.cli.conftest import COMMAND, install
from tests.server.pages_pack import text_of
from tests.support import graph

REPOSITORY = Path(__file__).parents[2]
KILLS = 20
CLIENTS = 4
PATIENCE = 60.0
DOCUMENT = graph(
    {
        "think": ("pages/think", {"value": 0}),
        "print": ("pages/print", {"value": "=think.value"}),
    },
    outputs={"page": "print.page", "value": "think.value"},
    inputs={"value": "think.value"},
)


def lasting_port() -> int:
    """A free port that stays free while nobody listens: beneath those that systems give out."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """``graphgen serve`` in a process of its own, started again on the same port."""

    def __init__(self, folder: Path):
        install(folder / "site", "pages", "tests.server.pages_pack")
        self.workspace = folder / "workspace"
        self.log = folder / "log"
        self.port = str(lasting_port())
        self.url = ""

    def start(self):
        path = [str(self.workspace.parent / "site"), str(REPOSITORY), *sys.path]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in path if p)}
        arguments = ["serve", "--port", self.port, "--workspace", str(self.workspace)]
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
            )
        address = self.process.stdout.readline().strip()
        assert address.startswith("http://"), self.log.read_text()
        self.url = address.rstrip("/")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Client(threading.Thread):
    """Submits runs one after the other, whatever becomes of the server."""

    def __init__(self, server: Server, number: int):
        super().__init__(daemon=True)
        self.server, self.number = server, number
        self.accepted: dict[str, int] = {}
        self.tried: set[str] = set()
        self.enough = False
        self.wrong: list[str] = []

    def run(self):
        session = requests.Session()
        value = self.number * 1_000_000
        while not self.enough:
            value += 1
            name = f"run {value}"
            body = {"workflow": DOCUMENT, "inputs": {"value": value}, "name": name}
            self.tried.add(name)
            try:
                answer = session.post(f"{self.server.url}/api/runs", json=body, timeout=10)
            except requests.RequestException:
                time.sleep(0.02)
                continue
            if answer.status_code == 202:
                self.accepted[answer.json()["run_id"]] = value
            elif answer.status_code not in (429, 503):
                self.wrong.append(answer.text)
            time.sleep(0.01)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    server.start()
    yield server
    server.kill()


def history(url: str) -> list[dict]:
    runs, page = [], {"limit": 200}
    while True:
        answer = requests.get(f"{url}/api/runs", params=page, timeout=PATIENCE).json()
        runs += answer["runs"]
        if answer["next"] is None:
            return runs
        page["before"] = answer["next"]


def wait_until_idle(url: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        queue = requests.get(f"{url}/api/queue", timeout=PATIENCE).json()
        if not queue["running"] and not queue["queued"]:
            return
        time.sleep(0.05)
    pytest.fail("the queue did not come to its end")


@pytest.mark.timeout(240)
def test_every_accepted_run_ends_exactly_once_and_every_file_is_whole(server):
    moments = random.Random(20)
    clients = [Client(server, number) for number in range(1, CLIENTS + 1)]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(moments.uniform(0.1, 0.6))
        server.kill()
        server.start()
    for client in clients:
        client.enough = True
    for client in clients:
        client.join(PATIENCE)
    wait_until_idle(server.url)

    assert [client.wrong for client in clients if client.wrong] == []
    runs = history(server.url)
    accepted = {id: value for client in clients for id, value in client.accepted.items()}
    assert len(accepted) > KILLS
    assert accepted.keys() <= {run["run_id"] for run in runs}
    # What was committed while its answer was lost is there too, and nothing else is.
    assert {run["name"] for run in runs} <= {name for client in clients for name in client.tried}
    assert max(Counter(run["name"] for run in runs).values()) == 1
    assert max(Counter(run["run_id"] for run in runs).values()) == 1
    # On a slow machine the same run may be met by three kills, and is then given up.
    given_up = [run for run in runs if run["status"] == "failed"]
    assert {run["problems"][0]["code"] for run in given_up} <= {"crashed"}
    assert len(given_up) <= KILLS // 3
    made = [run for run in runs if run["status"] == "succeeded"]
    assert len(made) == len(runs) - len(given_up)
    assert max(run["attempts"] for run in runs) > 1, "no kill met a run"

    outputs = server.workspace / "outputs"
    named = set()
    for run in made:
        value = int(run["name"].removeprefix("run "))
        assert run["outputs"]["value"] == [{"value": value}]
        (item,) = run["outputs"]["page"]
        path = outputs / item["file"]
        assert path.read_text() == text_of(value)
        named.add(path)
    assert {path for path in outputs.rglob("*") if path.is_file()} == named
