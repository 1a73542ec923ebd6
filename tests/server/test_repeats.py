"""``Idempotency-Key``: a submission that is sent again is one run."""

import pytest

from tests.server.live import PATIENCE, codes, eventually
from tests.server.nodes import ENTERED, GATE
from tests.server.test_runs import SUM, WAIT
from tests.support import graph

KEY = {"Idempotency-Key": "9f0c1f6e"}


def submitted(server):
    return [run["run_id"] for run in server.get("/api/runs").json()["runs"]]


def test_what_is_sent_again_is_answered_with_its_run(server):
    held = server.submit(WAIT)
    assert ENTERED.wait(PATIENCE)
    first = server.post("/api/runs", {"workflow": SUM}, headers=KEY)
    again = server.post("/api/runs", {"workflow": SUM}, headers=KEY)

    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.status_code == 202
    run_id = first.json()["run_id"]
    assert again.headers["Location"] == first.headers["Location"] == f"/api/runs/{run_id}"
    assert submitted(server) == [run_id, held]
    GATE.set()
    eventually(lambda: server.get(f"/api/runs/{run_id}").json()["status"] == "succeeded")
    ended = server.post("/api/runs", {"workflow": SUM}, headers=KEY)
    assert (ended.status_code, ended.json()["status"]) == (202, "succeeded")
    waited = server.post("/api/runs", {"workflow": SUM}, headers={**KEY, "Prefer": "wait=20"})
    assert waited.status_code == 200
    assert (waited.json()["run_id"], waited.json()["outputs"]["sum"]) == (run_id, [{"value": 5}])
    assert submitted(server) == [run_id, held]


def test_who_waits_may_send_it_again(server):
    headers = {**KEY, "Prefer": "wait=20"}
    first = server.post("/api/runs", {"workflow": SUM}, headers=headers)
    again = server.post("/api/runs", {"workflow": SUM}, headers={**headers, **QUOTED})

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()


QUOTED = {"Idempotency-Key": f'"{KEY["Idempotency-Key"]}"'}  # as the draft writes it


def test_another_request_under_the_key_is_refused(server):
    server.post("/api/runs", {"workflow": SUM}, headers=KEY)
    other = server.post("/api/runs", {"workflow": SUM, "inputs": {"first": 1}}, headers=KEY)

    assert (other.status_code, codes(other)) == (422, ["key_reused"])
    assert len(submitted(server)) == 1


def test_what_was_refused_may_be_sent_again(server):
    broken = graph({"a": "core/nothing"})
    for _ in range(2):
        refused = server.post("/api/runs", {"workflow": broken}, headers=KEY)
        assert refused.status_code == 422
    assert server.post("/api/runs", {"workflow": SUM}, headers=KEY).status_code == 202


def test_a_saved_workflow_that_changed_meanwhile_is_not_run_again(server):
    server.call("PUT", "/api/workflows/sum", json={"workflow": SUM})
    first = server.post("/api/workflows/sum/run", {"first": 3}, headers=KEY)
    server.call("DELETE", "/api/workflows/sum")
    again = server.post("/api/workflows/sum/run", {"first": 3}, headers=KEY)

    assert first.json()["run_id"] == again.json()["run_id"]
    other = server.post("/api/workflows/sum/run?priority=5", {"first": 3}, headers=KEY)
    assert codes(other) == ["key_reused"]


@pytest.mark.parametrize("key", ["", '""', "a b", "x" * 256, "\u00e9"])
def test_a_key_that_is_none_is_refused(server, key):
    headers = {"Idempotency-Key": key.encode("latin-1")}
    response = server.post("/api/runs", {"workflow": SUM}, headers=headers)

    assert (response.status_code, codes(response)) == (400, ["bad_request"])
    assert submitted(server) == []
