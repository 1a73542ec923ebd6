"""The catalogue: nodes, types, packs, models, templates, and validation."""

from __future__ import annotations

import gzip

import pytest

from graphgen import templates
from tests.server.live import codes
from tests.server.test_runs import SUM
from tests.support import graph


def test_nodes_types_and_packs(server):
    page = server.get("/api/nodes").json()

    nodes = {node["id"]: node for node in page["nodes"]}
    assert set(nodes) == set(server.engine.registry.nodes)
    assert nodes["image/solid"]["pack"] == "graphgen_nodes.image"
    assert nodes["core/add"]["inputs"]["b"]["schema"]["default"] == 0
    types = {entry["name"]: entry for entry in page["types"]}
    assert types["int"]["converts_to"] == ["float"]
    assert types["image"]["has_preview"] is True
    assert types["image"]["loads_from_file"] is True
    assert {".png", ".jpeg"} <= set(types["image"]["suffixes"])
    assert types["image"]["folders"] is False
    assert all(entry["colour"].startswith("#") and entry["description"] for entry in types.values())
    used = {
        name
        for node in nodes.values()
        for port in node["inputs"].values()
        for name in port["type"]["names"]
    }
    assert used <= set(types)
    assert server.get("/api/types").json()["types"] == page["types"]
    assert [pack["problem"] for pack in page["packs"]] == [None, None]


def test_the_catalogue_is_sent_once(server):
    first = server.get("/api/nodes")

    again = server.get("/api/nodes", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    plain = server.get("/api/nodes", headers={"Accept-Encoding": "identity"})
    zipped = server.get("/api/nodes", headers={"Accept-Encoding": "gzip"}, stream=True)
    assert plain.headers.get("Content-Encoding") is None
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.raw.read()) == plain.content


def test_a_pack_that_was_left_out_is_listed_with_the_reason(make_server):
    class Broken:
        __name__ = "broken"

        from graphgen import hookimpl

        @hookimpl
        def graphgen_nodes(self):
            raise RuntimeError("no licence")

    packs = make_server(plugins=[Broken()]).get("/api/nodes").json()["packs"]

    (broken,) = [pack for pack in packs if pack["name"] == "broken"]
    assert "no licence" in broken["problem"]["message"]


def test_models(server):
    folder = server.engine.workspace.models / "sd"
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    (server.engine.workspace.models / "up.safetensors").write_bytes(bytes(10))

    assert server.get("/api/models").json()["models"] == [
        {"name": "sd", "kind": "folder", "bytes": 2, "source": "folder"},
        {"name": "up.safetensors", "kind": "file", "bytes": 10, "source": "folder"},
    ]


def test_validation_answers_with_problems_and_signature(server):
    fine = server.post("/api/validate", {"workflow": SUM}).json()
    assert fine["problems"] == []
    assert fine["inputs"]["properties"]["first"]["type"] == "integer"
    assert fine["outputs"]["properties"]["sum"]["type"] == "integer"

    broken = graph({"b": ("core/add", {"a": "=nothing.value"})}, {"out": "b.value"}, {"x": "b.b"})
    found = server.post("/api/validate", {"workflow": broken})
    assert found.status_code == 200
    assert [(p["code"], p["node"]) for p in found.json()["problems"]] == [("unknown_node", "b")]
    assert found.json()["inputs"]["properties"]["x"]["type"] == "integer"
    given = server.post("/api/validate", {"workflow": SUM, "inputs": {"nope": 1}})
    assert [p["code"] for p in given.json()["problems"]] == ["unknown_input"]
    part = server.post("/api/validate", {"workflow": SUM, "targets": ["a"]})
    assert part.json()["problems"] == []
    no_workflow = server.post("/api/validate", {"workflow": {"nodes": 3}}).json()
    assert no_workflow["problems"]
    assert no_workflow["inputs"] is None


def test_templates_are_listed_and_opened_ready_to_run(server):
    listed = server.get("/api/templates").json()["templates"]
    assert [entry["name"] for entry in listed] == templates.names()
    assert all(entry["title"] and entry["description"] for entry in listed)

    opened = server.get("/api/templates/inpaint").json()
    assert opened["title"] == "Inpaint"
    name = opened["workflow"]["nodes"]["load"]["inputs"]["file"]
    assert (server.engine.workspace.inputs / name).is_file()
    assert codes(server.get("/api/templates/nothing")) == ["unknown_template"]
    assert codes(server.get("/api/templates/..%2f..%2fpyproject")) == ["unknown_template"]


@pytest.mark.parametrize("name", templates.names())
def test_a_template_has_a_picture_if_it_says_so(server, name):
    listed = server.get("/api/templates").json()["templates"]
    (entry,) = [entry for entry in listed if entry["name"] == name]

    response = server.get(f"/api/templates/{name}/picture")

    if "picture_url" in entry:
        assert response.headers["Content-Type"] == "image/webp"
    else:
        assert response.status_code == 404


def test_a_picture_gives_its_workflow_back(server):
    document = graph(
        {"p": ("image/solid", {"width": 8, "height": 8})},
        {"image": "p.image"},
        {"colour": "p.colour"},
    )
    run = server.run(document, inputs={"colour": "#ff0000"})
    picture = server.get(run["outputs"]["image"][0]["url"]).content

    for kind in ("image/png", "application/octet-stream"):
        opened = server.call("POST", "/api/import", data=picture, headers={"Content-Type": kind})
        workflow = opened.json()["workflow"]
        assert workflow["nodes"]["p"]["inputs"]["colour"] == "#ff0000"
    assert server.run(workflow)["nodes"]["p"]["status"] == "cached"
    text = server.call("POST", "/api/import", json=SUM)
    assert text.json()["workflow"]["nodes"] == SUM["nodes"]
    other = server.call("POST", "/api/import", json={"a": 1})
    assert (other.status_code, codes(other)) == (422, ["not_a_workflow"])
    page = server.call("POST", "/api/import", data=b"x", headers={"Content-Type": "text/plain"})
    assert codes(page) == ["wrong_content_type"]
