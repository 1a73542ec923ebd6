"""A disk that is full: said so in every answer, and over when there is room again."""

from __future__ import annotations

from tests.runs.test_database import fill, let_grow, stop_growing
from tests.server.live import codes, eventually
from tests.server.nodes import ENTERED, GATE
from tests.server.test_runs import SUM
from tests.support import graph

HELD = graph(
    {"w": "test/wait", "t": ("test/repeat", {"text": "x" * 60_000, "count": "=w.value"})},
    {"texts": "t.value"},
    {"value": "w.value"},
)


def test_nothing_is_accepted_and_the_client_is_told_why(server):
    server.call("PATCH", "/api/queue", json={"paused": True})
    stop_growing(server.queue)
    fill(server.queue)

    response = server.post("/api/runs", {"workflow": SUM, "name": "n" * 200})
    while response.status_code == 202:
        response = server.post("/api/runs", {"workflow": SUM, "name": "n" * 200})

    assert (response.status_code, codes(response)) == (507, ["disk_full"])
    let_grow(server.queue)
    assert server.post("/api/runs", {"workflow": SUM}).status_code == 202


def test_that_no_end_can_be_noted_is_an_illness(server):
    run_id = server.submit(HELD, inputs={"value": 1})
    assert ENTERED.wait(10)
    stop_growing(server.queue)
    fill(server.queue)
    GATE.set()

    eventually(lambda: server.get("/healthz").status_code == 503)
    state = server.get("/healthz").json()
    assert state["status"] == "failing"
    assert state["problems"][0]["code"] == "disk_full"
    let_grow(server.queue)
    eventually(lambda: server.get(f"/api/runs/{run_id}").json()["status"] == "succeeded")
    assert server.get("/healthz").json()["status"] == "ok"
