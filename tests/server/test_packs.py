"""Routes of packs: what they may take, and that a bad one harms no other."""

from __future__ import annotations

import pytest
from aiohttp import web

from graphgen import hookimpl
from graphgen.plugins.manager import Plugins
from graphgen.server.packs import PackParts


async def handler(request):
    return web.Response()


def pack(name, *routes, fails=None):
    class Pack:
        __name__ = name

        @hookimpl
        def graphgen_routes(self):
            if fails is not None:
                raise fails
            return list(routes)

    return Pack()


def parts_of(*packs):
    return PackParts.of(Plugins(packs, installed=False))


def paths(parts):
    return [route.path for route in parts.routes]


@pytest.mark.parametrize(
    "route",
    [
        web.get("/api/runs", handler),
        web.get("/api/packs/other/x", handler),
        web.get("/", handler),
        web.post("/healthz", handler),
        web.get("/assets/x.js", handler),
        web.static("/files", "/tmp"),
        web.get("/bad/{", handler),
        "/path",
    ],
    ids=str,
)
def test_a_route_that_can_not_be_leaves_its_pack_s_routes_out(route):
    parts = parts_of(
        pack("bad", web.get("/fine", handler), route), pack("good", web.get("/g", handler))
    )

    assert paths(parts) == ["/g"]
    assert list(parts.problems) == ["bad"]
    assert parts.problems["bad"].code == "hook_failed"


def test_a_path_belongs_to_who_took_it_first():
    parts = parts_of(
        pack("one", web.get("/same", handler)),
        pack("two", web.get("/own", handler), web.get("/same", handler)),
        pack("three", web.post("/same", handler)),
    )

    assert paths(parts) == ["/same", "/same"]
    assert "already taken" in parts.problems["two"].message


@pytest.mark.parametrize("error", [RuntimeError("no"), SystemExit(3)])
def test_a_pack_that_fails_is_reported(error):
    parts = parts_of(pack("bad", fails=error), pack("good", web.get("/g", handler)))

    assert paths(parts) == ["/g"]
    assert "graphgen_routes" in parts.problems["bad"].message
