"""Runs over HTTP: submitted, looked at, cancelled, and what they made fetched."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from PIL import Image

from tests.server.live import codes, eventually
from tests.server.nodes import ENTERED, GATE
from tests.support import graph

SUM = graph(
    {"a": ("core/number", {"value": 2}), "b": ("core/add", {"a": "=a.value", "b": 3})},
    {"sum": "b.value"},
    {"first": "a.value"},
)
PICTURE = graph({"paint": ("image/solid", {"width": 64, "height": 48})}, {"image": "paint.image"})
WAIT = graph({"w": ("test/wait", {"value": 1})}, {"out": "w.value"}, {"value": "w.value"})


def test_a_run_is_accepted_and_ends(server):
    response = server.post("/api/runs", {"workflow": SUM, "inputs": {"first": 5}, "name": "mine"})

    assert response.status_code == 202
    accepted = response.json()
    assert accepted == {"run_id": accepted["run_id"], "status": "queued", "position": 0}
    address = response.headers["Location"]
    assert address == f"/api/runs/{accepted['run_id']}"
    eventually(lambda: server.get(address).json()["status"] == "succeeded")
    run = server.get(address).json()
    assert run["outputs"] == {"sum": [{"value": 8}]}
    assert run["nodes"] == {
        "a": {"status": "executed", "seconds": run["nodes"]["a"]["seconds"]},
        "b": {"status": "executed", "seconds": run["nodes"]["b"]["seconds"]},
    }
    assert (run["name"], run["inputs"], run["problems"]) == ("mine", {"first": 5}, [])
    assert run["created"] <= run["started"] <= run["finished"]


def test_the_same_again_and_again_is_a_run_each_time(server):
    server.call("PATCH", "/api/queue", json={"paused": True})
    answers = [server.post("/api/runs", {"workflow": SUM}).json() for _ in range(5)]
    server.post("/api/runs", {"workflow": SUM, "inputs": {"first": 7}})

    assert [answer["position"] for answer in answers] == [0, 1, 2, 3, 4]
    server.call("PATCH", "/api/queue", json={"paused": False})
    eventually(lambda: server.get("/api/queue").json()["queued"] == [])
    eventually(lambda: server.get("/api/queue").json()["running"] == [])
    runs = server.get("/api/runs").json()["runs"]
    assert [run["outputs"]["sum"][0]["value"] for run in runs] == [10, 5, 5, 5, 5, 5]
    assert [run["run_id"] for run in runs[:0:-1]] == [answer["run_id"] for answer in answers]


def test_many_clients_submit_the_same_at_once(server):
    def client(number):
        with requests.Session() as session:
            return [
                session.post(
                    f"{server.url}/api/runs",
                    json={"workflow": SUM, "inputs": {"first": at % 2}, "name": f"{number}"},
                    headers={"Prefer": "wait=20"},
                    timeout=20,
                ).json()
                for at in range(10)
            ]

    with ThreadPoolExecutor(8) as pool:
        runs = [run for found in pool.map(client, range(8)) for run in found]

    assert len({run["run_id"] for run in runs}) == 80
    assert [run["outputs"]["sum"][0]["value"] for run in runs] == [3, 4] * 40
    assert {run["status"] for run in runs} == {"succeeded"}
    listed = server.get("/api/runs?limit=100").json()["runs"]
    assert {run["run_id"] for run in listed} == {run["run_id"] for run in runs}


def test_a_client_may_wait_for_the_run_itself(server):
    response = server.post("/api/runs", {"workflow": SUM}, headers={"Prefer": "wait=10"})

    assert response.status_code == 200
    assert response.headers["Preference-Applied"] == "wait=10"
    assert response.json()["status"] == "succeeded"
    assert response.json()["outputs"] == {"sum": [{"value": 5}]}


def test_who_waits_for_too_long_a_run_is_told_where_it_is(server):
    began = time.monotonic()
    response = server.post("/api/runs", {"workflow": WAIT}, headers={"Prefer": "wait=1"})

    assert time.monotonic() - began > 0.9
    assert response.status_code == 202
    assert set(response.json()) == {"run_id", "status", "position"}
    GATE.set()
    run_id = response.json()["run_id"]
    eventually(lambda: server.get(f"/api/runs/{run_id}").json()["status"] == "succeeded")


@pytest.mark.parametrize("given", ["wait=-1", "wait=x", "wait=3601", "wait=", "wait=" + "9" * 30])
def test_a_wait_that_is_no_number_of_seconds_is_refused(server, given):
    response = server.post("/api/runs", {"workflow": SUM}, headers={"Prefer": given})

    assert (response.status_code, codes(response)) == (400, ["bad_request"])
    assert server.get("/api/runs").json()["runs"] == []


def test_other_preferences_are_passed_over(server):
    headers = {"Prefer": "respond-async, wait=10; x=1"}

    assert server.post("/api/runs", {"workflow": SUM}, headers=headers).status_code == 200


def test_every_problem_of_a_workflow_is_answered_and_nothing_is_accepted(server):
    broken = graph(
        {"a": "core/nothing", "b": ("core/add", {"a": "x"})}, {"sum": "b.value", "z": "a.v"}
    )

    response = server.post("/api/runs", {"workflow": broken})

    assert response.status_code == 422
    assert {"unknown_node_type", "value_not_allowed"} <= set(codes(response))
    assert {p["node"] for p in response.json()["problems"]} >= {"a", "b"}
    assert server.get("/api/runs").json()["runs"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "workflow: Field required"),
        ({"workflow": SUM, "priority": 101}, "priority"),
        ({"workflow": SUM, "priority": "high"}, "priority"),
        ({"workflow": SUM, "targets": "b"}, "targets"),
        ({"workflow": SUM, "nonsense": 1}, "nonsense"),
        ([], "the body"),
    ],
)
def test_a_body_of_another_shape_is_refused_with_its_field(server, body, said):
    response = server.post("/api/runs", body)

    assert (response.status_code, codes(response)) == (422, ["bad_request"])
    assert said in response.text


def test_a_run_can_be_for_some_nodes_only(server):
    run = server.run(SUM, targets=["a"])

    assert run["targets"] == ["a"]
    assert run["outputs"] == {"a.value": [{"value": 2}]}
    assert list(run["nodes"]) == ["a"]


def test_a_failed_run_says_why(server):
    run = server.run(graph({"r": ("core/refuse", {"value": 3})}, {"out": "r.value"}))

    assert run["status"] == "failed"
    assert run["problems"] == [
        {
            "code": "wont_do",
            "message": "3 won't do",
            "node": "r",
            "port": "value",
            "hint": "try another",
        }
    ]


def test_pictures_are_served_whole_small_and_to_be_saved(server):
    run = server.run(PICTURE)
    (item,) = run["outputs"]["image"]
    assert item["media_type"] == "image/png"
    assert item["url"] == f"/api/runs/{run['run_id']}/outputs/image/0"

    whole = server.get(item["url"])
    assert whole.headers["Content-Type"] == "image/png"
    assert len(whole.content) == item["bytes"]
    assert Image.open(io.BytesIO(whole.content)).size == (64, 48)
    assert "immutable" in whole.headers["Cache-Control"]
    assert server.get(f"/api/runs/{run['run_id']}/outputs/image").content == whole.content
    small = server.get(item["url"] + "?thumbnail=16")
    assert small.headers["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(small.content)).size == (16, 12)
    saved = server.get(item["url"] + "?download=1")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert saved.content == whole.content
    part = server.get(item["url"], headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PNG")


@pytest.mark.parametrize("edge", ["0", "15", "2049", "x", "-64", "1e3", "9" * 40])
def test_a_thumbnail_has_an_edge_of_a_fitting_size(server, edge):
    run = server.run(PICTURE)

    response = server.get(f"/api/runs/{run['run_id']}/outputs/image?thumbnail={edge}")

    assert (response.status_code, codes(response)) == (400, ["bad_request"])


def test_plain_outputs_are_json(server):
    document = graph(
        {"t": ("test/repeat", {"text": "né", "count": 3}), "n": ("core/number", {"value": 7})},
        {"texts": "t.value", "number": "n.value"},
    )
    base = f"/api/runs/{server.run(document)['run_id']}/outputs"

    assert server.get(f"{base}/texts").json() == ["né"] * 3
    assert server.get(f"{base}/texts/2").json() == "né"
    assert server.get(f"{base}/number").json() == 7


def test_what_a_run_has_not_is_not_found(server):
    run_id = server.run(SUM)["run_id"]

    for path in (
        "/api/runs/nothing",
        "/api/runs/nothing/workflow",
        f"/api/runs/{run_id}/outputs/nothing",
        f"/api/runs/{run_id}/outputs/sum/1",
        f"/api/runs/{run_id}/outputs/sum/99999999999999999999",
        "/api/runs?before=nothing",
    ):
        response = server.get(path)
        assert response.status_code == 404, path
        assert codes(response)[0].startswith("unknown_")


def test_a_picture_that_somebody_removed_is_not_found(server):
    run = server.run(PICTURE)
    (item,) = run["outputs"]["image"]
    (server.engine.workspace.outputs / item["file"]).unlink()

    response = server.get(item["url"])

    assert (response.status_code, codes(response)) == (404, ["missing_file"])


def test_the_document_of_a_run_repeats_it(server):
    run_id = server.run(SUM, inputs={"first": 10})["run_id"]

    document = server.get(f"/api/runs/{run_id}/workflow").json()

    assert document["nodes"]["a"]["inputs"] == {"value": 10}
    assert server.run(document)["outputs"] == {"sum": [{"value": 13}]}


def test_the_history_comes_in_pages_newest_first(server):
    made = [server.run(SUM, inputs={"first": n}, name=f"r{n % 2}")["run_id"] for n in range(5)]
    server.run(graph({"r": "core/refuse"}))

    first = server.get("/api/runs?limit=3&status=succeeded").json()
    rest = server.get(f"/api/runs?limit=3&status=succeeded&before={first['next']}").json()

    assert [run["run_id"] for run in first["runs"] + rest["runs"]] == made[::-1]
    assert rest["next"] is None
    assert [r["run_id"] for r in server.get("/api/runs?workflow=r1").json()["runs"]] == made[3:0:-2]
    assert [r["status"] for r in server.get("/api/runs?status=failed").json()["runs"]] == ["failed"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "status=done"])
def test_a_page_that_can_not_be_is_refused(server, query):
    response = server.get(f"/api/runs?{query}")

    assert (response.status_code, codes(response)) == (400, ["bad_request"])


def test_running_and_waiting_runs_are_cancelled(server):
    running, waiting = server.submit(WAIT), server.submit(WAIT)
    assert ENTERED.wait(10)

    gone = server.call("DELETE", f"/api/runs/{waiting}")
    assert (gone.status_code, gone.json()["status"]) == (200, "cancelled")
    asked = server.call("DELETE", f"/api/runs/{running}")
    assert asked.status_code == 200

    eventually(lambda: server.get(f"/api/runs/{running}").json()["status"] == "cancelled")
    again = server.call("DELETE", f"/api/runs/{running}")
    assert (again.status_code, codes(again)) == (409, ["run_conflict"])
    assert again.json()["state"] == "cancelled"
    assert server.call("DELETE", "/api/runs/nothing").status_code == 404


def test_the_queue_is_listed_steered_and_capped(make_server):
    server = make_server(capacity=3)
    server.submit(WAIT)
    assert ENTERED.wait(10)
    runs = [server.submit(WAIT, inputs={"value": n}) for n in range(3)]

    full = server.post("/api/runs", {"workflow": WAIT})
    assert (full.status_code, codes(full)) == (429, ["queue_full"])
    assert int(full.headers["Retry-After"]) > 0
    assert server.get("/api/queue").json()["queued"] == runs
    assert server.get("/api/queue").json()["capacity"] == 3

    ordered = server.call("PUT", "/api/queue/order", json={"run_ids": [runs[2], runs[0]]})
    assert ordered.json()["queued"] == [runs[2], runs[0], runs[1]]
    raised = server.call("PATCH", f"/api/runs/{runs[1]}", json={"priority": 50})
    assert raised.json()["priority"] == 50
    assert server.get("/api/queue").json()["queued"] == [runs[1], runs[2], runs[0]]
    paused = server.call("PATCH", "/api/queue", json={"paused": True})
    assert paused.json()["paused"] is True
    GATE.set()
    eventually(lambda: not server.get("/api/queue").json()["running"])
    time.sleep(0.1)
    assert server.get("/api/queue").json()["queued"] == [runs[1], runs[2], runs[0]]
    server.call("PATCH", "/api/queue", json={"paused": False})
    eventually(lambda: not server.get("/api/queue").json()["queued"])
    ended = server.get("/api/runs?status=succeeded").json()["runs"]
    ended.sort(key=lambda run: run["finished"])
    assert [run["run_id"] for run in ended][1:] == [runs[1], runs[2], runs[0]]


def test_what_the_queue_can_not_do_is_refused(server):
    run_id = server.run(SUM)["run_id"]

    late = server.call("PATCH", f"/api/runs/{run_id}", json={"priority": 1})
    assert (late.status_code, codes(late)) == (409, ["run_conflict"])
    unknown = server.call("PUT", "/api/queue/order", json={"run_ids": ["nothing"]})
    assert unknown.status_code == 404
    wrong = server.call("PATCH", "/api/queue", json={"paused": "yes"})
    assert (wrong.status_code, codes(wrong)) == (422, ["bad_request"])
    beyond = server.call("PATCH", f"/api/runs/{run_id}", json={"priority": 1000})
    assert beyond.status_code == 422


def test_runs_survive_the_server(make_server):
    first = make_server()
    done = first.run(SUM)["run_id"]
    running, waiting = first.submit(WAIT, inputs={"value": 4}), first.submit(SUM)
    assert ENTERED.wait(10)
    first.__exit__()
    GATE.set()

    second = make_server()

    eventually(lambda: second.get(f"/api/runs/{waiting}").json()["status"] == "succeeded")
    assert second.get(f"/api/runs/{done}").json()["outputs"] == {"sum": [{"value": 5}]}
    assert second.get(f"/api/runs/{running}").json()["outputs"] == {"out": [{"value": 4}]}


def test_a_list_of_one_is_a_list(server):
    document = graph({"t": ("test/repeat", {"text": "x", "count": 1})}, {"texts": "t.value"})
    run = server.run(document)

    assert server.get(f"/api/runs/{run['run_id']}/outputs/texts").json() == ["x"]
    assert server.get(f"/api/runs/{run['run_id']}/outputs/texts/0").json() == "x"
