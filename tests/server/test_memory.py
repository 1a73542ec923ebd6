"""What a server keeps where, over HTTP and by the client."""

from __future__ import annotations

from graphgen.client import Client, TierUse
from tests.server.test_runs import SUM
from tests.support import graph

PICTURE = graph({"p": ("image/solid", {"width": 64, "height": 64})}, {"image": "p.image"})


def test_what_is_kept_where_is_shown(server):
    assert server.get("/api/memory").json()["tiers"][0]["entries"] == 0
    server.run(PICTURE)
    server.run(PICTURE)

    shown = server.get("/api/memory").json()

    host, disk = shown["tiers"]
    assert (host["name"], host["entries"], host["hits"]) == ("cpu", 1, 1)
    assert 64 * 64 * 3 * 4 < host["bytes"] < host["budget"]
    assert disk["name"] == "disk"
    assert disk["budget"] > disk["bytes"]
    assert shown["misses"] == 1
    assert [device["name"] for device in shown["devices"]] == ["cpu"]
    assert shown["models"] == []


def test_memory_is_freed_and_the_disk_keeps_what_it_has(server):
    server.run(PICTURE)
    host, disk = server.get("/api/memory").json()["tiers"]

    freed = server.post("/api/memory/free").json()

    assert freed == {"freed": host["bytes"]}
    emptied, kept = server.get("/api/memory").json()["tiers"]
    assert (emptied["bytes"], emptied["entries"]) == (0, 0)
    assert kept["bytes"] == disk["bytes"]
    server.run(SUM)


def test_the_client_tells_the_same(server):
    server.run(PICTURE)
    with Client(server.url) as client:
        use, here = client.memory(), server.engine.memory_use()

        assert (use.tiers, use.misses, use.moves, use.models) == (
            here.tiers,
            here.misses,
            here.moves,
            here.models,
        )
        host = use.tiers[0]
        assert isinstance(host, TierUse)
        assert (host.name, host.entries) == ("cpu", 1)
        assert use.devices[0].total >= use.devices[0].free > 0
        assert client.free_memory() == host.nbytes
        assert client.memory().tiers[0].nbytes == 0
