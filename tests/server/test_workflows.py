"""Saved workflows over HTTP, and each as an endpoint of its own."""

from __future__ import annotations

import sys

import pytest

from tests.server.live import codes
from tests.server.test_runs import SUM
from tests.support import graph


def put(server, name, document=SUM, headers=None, **body):
    return server.call(
        "PUT", f"/api/workflows/{name}", json={"workflow": document, **body}, headers=headers
    )


def test_a_workflow_is_saved_read_listed_and_deleted(server):
    saved = put(server, "my sum", {**SUM, "name": "Sum", "description": "Adds."})
    assert (saved.status_code, saved.json()) == (200, {"name": "my sum", "revision": 1})
    assert saved.headers["ETag"] == '"1"'

    read = server.get("/api/workflows/my%20sum")
    assert read.headers["ETag"] == '"1"'
    assert read.json()["revision"] == 1
    assert read.json()["workflow"]["nodes"] == SUM["nodes"]
    (entry,) = server.get("/api/workflows").json()["workflows"]
    assert entry == {
        "name": "my sum",
        "title": "Sum",
        "description": "Adds.",
        "revision": 1,
        "modified": entry["modified"],
        "problem": None,
    }
    assert server.call("DELETE", "/api/workflows/my%20sum").status_code == 204
    gone = server.get("/api/workflows/my%20sum")
    assert (gone.status_code, codes(gone)) == (404, ["unknown_workflow"])


def test_a_deleted_workflow_is_listed_and_restored(server):
    put(server, "mine", {**SUM, "name": "First"})
    put(server, "mine", {**SUM, "name": "Second"})
    put(server, "other")
    assert server.get("/api/workflows?deleted=1").json() == {"workflows": []}
    server.call("DELETE", "/api/workflows/mine")

    (entry,) = server.get("/api/workflows?deleted=1").json()["workflows"]
    assert (entry["name"], entry["title"], entry["revision"]) == ("mine", "Second", 2)
    listed = server.get("/api/workflows?deleted=0").json()["workflows"]
    assert [entry["name"] for entry in listed] == ["other"]
    with server.watch() as watcher:
        restored = server.call("POST", "/api/workflows/mine/restore")
        watcher.until(lambda frames: frames[-1]["type"] == "workflows_changed")

    assert watcher.frames[-1]["name"] == "mine"
    assert (restored.status_code, restored.json()) == (200, {"name": "mine", "revision": 2})
    assert restored.headers["ETag"] == '"2"'
    assert server.get("/api/workflows/mine").json()["workflow"]["name"] == "Second"
    assert server.get("/api/workflows?deleted=1").json() == {"workflows": []}
    again = server.call("POST", "/api/workflows/mine/restore")
    assert (again.status_code, codes(again), again.json()["current"]) == (409, ["save_conflict"], 2)
    never = server.call("POST", "/api/workflows/never/restore")
    assert (never.status_code, codes(never)) == (404, ["unknown_workflow"])
    wrong = server.get("/api/workflows?deleted=yes")
    assert (wrong.status_code, codes(wrong)) == (400, ["bad_request"])


def test_a_deleted_workflow_is_removed_for_good(server):
    put(server, "mine")
    saved = server.call("DELETE", "/api/workflows/mine/history")
    assert (saved.status_code, codes(saved), saved.json()["current"]) == (409, ["save_conflict"], 1)
    server.call("DELETE", "/api/workflows/mine")

    with server.watch() as watcher:
        gone = server.call("DELETE", "/api/workflows/mine/history")
        watcher.until(lambda frames: frames[-1]["type"] == "workflows_changed")

    assert (gone.status_code, gone.content) == (204, b"")
    assert watcher.frames[-1]["name"] == "mine"
    assert server.get("/api/workflows?deleted=1").json() == {"workflows": []}
    again = server.call("DELETE", "/api/workflows/mine/history")
    assert (again.status_code, codes(again)) == (404, ["unknown_workflow"])
    assert server.call("POST", "/api/workflows/mine/restore").status_code == 404


def test_every_save_is_kept(server):
    for number in range(1, 4):
        put(server, "w", {**SUM, "description": f"version {number}"})

    revisions = server.get("/api/workflows/w/history").json()["revisions"]

    assert [entry["revision"] for entry in revisions] == [3, 2, 1]
    assert all(entry["bytes"] > 100 and entry["time"] > 0 for entry in revisions)
    first = server.get("/api/workflows/w/history/1").json()
    assert (first["name"], first["revision"]) == ("w", 1)
    assert first["workflow"]["description"] == "version 1"
    missing = server.get("/api/workflows/w/history/9")
    assert (missing.status_code, codes(missing)) == (404, ["unknown_workflow"])


def test_conflicting_saves_are_refused_with_the_revision_that_is_there(server):
    put(server, "w")
    put(server, "w", {**SUM, "description": "mine"}, revision=1)

    late = put(server, "w", {**SUM, "description": "yours"}, revision=1)
    assert (late.status_code, codes(late)) == (409, ["save_conflict"])
    assert late.json()["current"] == 2
    by_header = put(server, "w", {**SUM, "description": "yours"}, headers={"If-Match": '"1"'})
    assert by_header.json()["current"] == 2
    taken = put(server, "w", {**SUM, "description": "new"}, revision=0)
    assert (taken.status_code, taken.json()["current"]) == (409, 2)
    must_be_new = put(server, "w", {**SUM, "description": "n"}, headers={"If-None-Match": "*"})
    assert must_be_new.status_code == 409
    refused = server.call("DELETE", "/api/workflows/w", headers={"If-Match": '"1"'})
    assert refused.status_code == 409
    assert server.get("/api/workflows/w").json()["workflow"]["description"] == "mine"
    assert (
        put(server, "w", {**SUM, "description": "x"}, headers={"If-Match": '"2"'}).json()[
            "revision"
        ]
        == 3
    )
    assert put(server, "w", {**SUM, "description": "y"}).json()["revision"] == 4


@pytest.mark.parametrize("given", ["x", '"x"', "1 2", '"-1"'])
def test_an_if_match_that_names_no_revision_is_refused(server, given):
    response = put(server, "w", headers={"If-Match": given})

    assert (response.status_code, codes(response)) == (400, ["bad_request"])


@pytest.mark.parametrize(
    "name",
    ["..", "a%2Fb", "%2e%2e%2fx", ".hidden", "a%00b", "con", "x" * 101, "a%0Ab", "a%5Cb", "%20"],
)
def test_names_that_are_none_are_refused(server, name):
    for method, path in (
        ("PUT", ""),
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/history"),
        ("DELETE", "/history"),
        ("GET", "/schema"),
        ("POST", "/run"),
        ("POST", "/rename"),
        ("POST", "/restore"),
    ):
        body = {"workflow": SUM} if method == "PUT" else {"name": "x"} if path == "/rename" else {}
        response = server.call(method, f"/api/workflows/{name}{path}", json=body)
        assert response.status_code in (404, 405, 422), (method, path)
        codes(response)
    assert not list(server.engine.workspace.root.rglob("*x.json"))


def test_what_is_no_workflow_is_not_saved(server):
    response = put(server, "w", {"nodes": {"a.b": {"type": "x"}}})

    assert (response.status_code, codes(response)) == (422, ["invalid_id"])
    assert server.get("/api/workflows").json() == {"workflows": []}


def test_a_workflow_is_renamed_with_its_history(server):
    put(server, "old")
    put(server, "old", {**SUM, "description": "second"})
    put(server, "taken")

    renamed = server.post("/api/workflows/old/rename", {"name": "new"})
    assert renamed.json() == {"name": "new", "revision": 2, "offset": 0, "title": None}
    assert server.get("/api/workflows/old").status_code == 404
    assert len(server.get("/api/workflows/new/history").json()["revisions"]) == 2
    clash = server.post("/api/workflows/new/rename", {"name": "taken"})
    assert (clash.status_code, codes(clash)) == (409, ["save_conflict"])
    assert server.post("/api/workflows/nothing/rename", {"name": "x"}).status_code == 404
    assert server.post("/api/workflows/new/rename", {"name": "../x"}).status_code == 422


def test_a_file_that_is_damaged_is_listed_with_its_problem(server):
    folder = server.engine.workspace.workflows
    folder.mkdir(parents=True)
    (folder / "broken.json").write_text("{")

    (entry,) = server.get("/api/workflows").json()["workflows"]
    assert entry["problem"]["code"] == "not_a_workflow"
    assert server.get("/api/workflows/broken").status_code == 422
    assert server.get("/api/openapi.json").ok


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_files_that_can_not_be_read_are_listed_with_their_problem_beside_the_others(server):
    put(server, "fine")
    folder = server.engine.workspace.workflows
    (folder / "linked.json").symlink_to("gone.json")
    (folder / "latin.json").write_bytes(b'{"nodes": {}, "name": "M\xfcll"}')

    listed = {entry["name"]: entry for entry in server.get("/api/workflows").json()["workflows"]}

    assert {
        name: entry["problem"] and entry["problem"]["code"] for name, entry in listed.items()
    } == {"fine": None, "latin": "not_a_workflow", "linked": "unreadable_file"}
    assert "gone.json, which is not there" in listed["linked"]["problem"]["message"]
    read = server.get("/api/workflows/linked")
    assert (read.status_code, read.json()["problems"]) == (422, [listed["linked"]["problem"]])
    assert list(server.get("/api/openapi.json").json()["paths"]).count("/api/workflows/fine/run")
    assert server.call("DELETE", "/api/workflows/linked").status_code == 204


def test_a_saved_workflow_is_called_with_named_inputs_only(server):
    put(server, "my sum")

    answer = server.post(
        "/api/workflows/my%20sum/run", {"first": 40}, headers={"Prefer": "wait=10"}
    )

    assert answer.status_code == 200
    assert answer.json()["outputs"] == {"sum": [{"value": 43}]}
    assert answer.json()["name"] == "my sum"
    accepted = server.post("/api/workflows/my%20sum/run?priority=7", {"first": 1})
    assert accepted.status_code == 202
    run = server.get(accepted.headers["Location"]).json()
    assert (run["priority"], run["inputs"]) == (7, {"first": 1})


def test_a_call_without_a_body_uses_what_the_workflow_says(server):
    put(server, "w")

    assert server.post("/api/workflows/w/run", headers={"Prefer": "wait=10"}).json()["outputs"] == {
        "sum": [{"value": 5}]
    }


def test_a_call_that_does_not_fit_is_refused_with_every_problem(server):
    put(server, "w")

    for body, code in (({"nope": 1}, "unknown_input"), ({"first": "x"}, "value_not_allowed")):
        response = server.post("/api/workflows/w/run", body)
        assert (response.status_code, codes(response)) == (422, [code])
    assert server.post("/api/workflows/w/run", [1]).status_code == 422
    assert server.post("/api/workflows/w/run?priority=101", {}).status_code == 400
    assert server.post("/api/workflows/nothing/run", {}).status_code == 404
    assert server.get("/api/runs").json()["runs"] == []


def test_a_workflow_has_schemas_of_what_it_takes_and_gives(server):
    put(server, "w")

    schema = server.get("/api/workflows/w/schema").json()

    assert schema["inputs"]["properties"]["first"]["type"] == "integer"
    assert schema["inputs"]["properties"]["first"]["default"] == 2
    assert schema["outputs"]["properties"]["sum"]["type"] == "integer"


def test_a_saved_workflow_may_be_used_as_a_subgraph(server):
    put(server, "inner")
    outer = graph({"s": ("workflow/inner", {"first": 10})}, {"out": "s.sum"})

    assert server.run(outer)["outputs"] == {"out": [{"value": 13}]}
