"""The OpenAPI document: valid, whole, and with an operation for each saved workflow."""

from __future__ import annotations

import jsonschema_rs
import pytest
from aiohttp import web
from schemathesis.specs.openapi import definitions

from graphgen.server.app import OWN_ROUTES
from tests.server.test_runs import SUM
from tests.support import graph

# Addresses of the editor and the pages, and the websocket, which OpenAPI can't describe.
UNDESCRIBED = {
    "/",
    "/api/events",
    "/api/openapi.json",
    "/api/docs",
    "/api/docs/docs.js",
    "/api/docs/docs.css",
    "/api/editor/modules/{pack}/{path}",
    "/api/templates/{name}/picture",
}
PICKY = graph(
    {
        "paint": ("image/solid", {"width": 8, "height": 8}),
        "text": ("core/text", {"value": "x"}),
    },
    {"image": "paint.image", "text": "text.value"},
    {"width": "paint.width", "colour": "paint.colour", "text": "text.value"},
)


@pytest.fixture
def document(server):
    for name, workflow in (("my sum", SUM), ("paint", PICKY), ("été", SUM)):
        assert server.call("PUT", f"/api/workflows/{name}", json={"workflow": workflow}).ok
    return server.get("/api/openapi.json").json()


def references(part):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for child in part.values():
            yield from references(child)
    elif isinstance(part, list):
        for child in part:
            yield from references(child)


def looked_up(document, reference):
    at = document
    for key in reference.removeprefix("#/").split("/"):
        at = at[key.replace("~1", "/").replace("~0", "~")]
    return at


def resolved(document, schema):
    while "$ref" in schema:
        schema = looked_up(document, schema["$ref"])
    return schema


def test_it_is_valid(document):
    assert document["openapi"] == "3.1.0"
    jsonschema_rs.validator_for(definitions.OPENAPI_31).validate(document)
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


def test_every_reference_leads_somewhere(document):
    found = set(references(document))

    assert found
    for reference in found:
        assert looked_up(document, reference) is not None


def test_operations_have_ids_of_their_own(document):
    ids = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    ]

    assert len(ids) == len(set(ids)) > 30


def test_every_route_is_described_and_nothing_else(document):
    routes = set()
    for route in OWN_ROUTES:
        assert isinstance(route, web.RouteDef)
        path = route.path.replace(":.+}", "}").replace(r":\d+}", "}")
        if path not in UNDESCRIBED:
            routes.add((route.method.lower(), path))
    described = {
        (method, path)
        for path, methods in document["paths"].items()
        for method in methods
        if "saved workflows" not in methods[method]["tags"]
    }

    assert described == routes


def test_parameters_are_those_of_the_path(document):
    for path, methods in document["paths"].items():
        in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        for operation in methods.values():
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == in_path, path


def test_a_saved_workflow_is_an_operation(document):
    operation = document["paths"]["/api/workflows/my%20sum/run"]["post"]

    assert operation["tags"] == ["saved workflows"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    first = resolved(document, body)["properties"]["first"]
    assert (first["type"], first["default"]) == ("integer", 2)
    assert "/api/workflows/%C3%A9t%C3%A9/run" in document["paths"]


def test_its_schemas_fit_what_it_takes_and_gives(document, server):
    components = {"components": document["components"]}
    for name in ("my%20sum", "paint"):
        operation = document["paths"][f"/api/workflows/{name}/run"]["post"]
        taken = operation["requestBody"]["content"]["application/json"]["schema"]
        given = operation["responses"]["200"]["content"]["application/json"]["schema"]
        takes = jsonschema_rs.validator_for({**components, **taken})
        gives = jsonschema_rs.validator_for({**components, **given})
        body = {"first": 3} if name == "my%20sum" else {"width": 16, "text": "a"}
        assert takes.is_valid(body)
        assert not takes.is_valid({"nothing": 1})
        run = server.post(f"/api/workflows/{name}/run", body, headers={"Prefer": "wait=20"}).json()
        assert run["status"] == "succeeded"
        gives.validate(run)
        assert not gives.is_valid({**run, "outputs": dict.fromkeys(run["outputs"], 3)})


def test_a_server_with_a_token_says_so(make_server):
    document = make_server(token="a-token-for-tests").get("/api/openapi.json").json()

    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert document["security"] == [{"token": []}]
