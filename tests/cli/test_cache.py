from __future__ import annotations

import time

import pytest

from tests.server.live import Live
from tests.support import graph


def test_the_cache_is_shown_and_cleared(cli, write, folder):
    path = write({"a": ("probe/wait", {"seconds": 0.02})}, {"n": "a.value"})
    assert cli("run", path, "--cache-dir", "kept").status == 0
    shown = cli("cache", "--cache-dir", "kept", "--json").json
    assert shown["folder"] == str(folder / "kept")
    assert shown["entries"] == 1
    files = [p for p in (folder / "kept").rglob("*") if p.is_file()]
    assert shown["bytes"] == sum(p.stat().st_size for p in files)
    (kind,) = shown["made_by"]
    assert (kind["node_type"], kind["entries"], kind["bytes"]) == ("probe/wait", 1, shown["bytes"])
    assert kind["oldest"] == kind["newest"] == pytest.approx(time.time(), abs=100)
    first, second = cli("cache", "show", "--cache-dir", "kept").out.splitlines()
    assert "1 entries" in first
    assert second.startswith("probe/wait  1 entries")
    (folder / "kept" / "mine.txt").write_text("not the cache's")
    cleared = cli("cache", "clear", "--cache-dir", "kept", "--json").json
    assert cleared["freed"] == shown["bytes"]
    assert (cleared["entries"], cleared["bytes"]) == (0, 0)
    assert [p.name for p in (folder / "kept").rglob("*") if p.is_file()] == ["mine.txt"]
    answer = cli("run", path, "--cache-dir", "kept", "--json").json
    assert answer["nodes"]["a"]["status"] == "executed"


def test_without_a_folder_it_is_that_of_the_workspace(cli, folder):
    shown = cli("cache", "--json").json
    assert shown == {
        "folder": str(folder.parent / "workspace" / "cache"),
        "entries": 0,
        "bytes": 0,
        "freed": 0,
        "thumbnails": {"entries": 0, "bytes": 0},
        "made_by": [],
    }
    other = cli("cache", "clear", "--workspace", folder / "other")
    assert other.out.startswith(str(folder / "other" / "cache"))


def test_thumbnails_of_a_server_are_told_and_cleared(cli, folder):
    small = folder / "kept" / "thumbnails" / "aa" / "aa11.webp"
    small.parent.mkdir(parents=True)
    small.write_bytes(b"x" * 30)
    assert cli("cache", "--cache-dir", "kept").out.splitlines()[-1] == "1 thumbnails, 30 B"
    shown = cli("cache", "--cache-dir", "kept", "--json").json
    assert (shown["entries"], shown["thumbnails"]) == (0, {"entries": 1, "bytes": 30})
    assert cli("cache", "clear", "--cache-dir", "kept", "--json").json["freed"] == 30
    assert not small.exists()


@pytest.fixture
def server(make_engine):
    engine = make_engine()
    engine.run(graph({"a": ("core/number", {"value": 3})}))
    with Live(engine) as live:
        yield live


def test_a_server_shows_what_it_keeps_where(cli, server):
    shown = cli("cache", "--server", server.url, "--json").json
    (tier,) = shown["tiers"]
    assert (tier["name"], tier["entries"], tier["hits"]) == ("cpu", 1, 0)
    assert 0 < tier["nbytes"] < tier["budget"]
    assert shown["devices"][0]["name"] == "cpu"
    assert 0 < shown["devices"][0]["free"] <= shown["devices"][0]["total"]
    assert (shown["models"], shown["freed"]) == ([], 0)

    lines = cli("cache", "--server", server.url).out.splitlines()
    assert lines[0].split("  ")[0] == "outputs on"
    assert [line.split()[0] for line in lines[1:]] == ["cpu", "device", "cpu"]


def test_a_server_frees_its_memory(cli, server):
    before = cli("cache", "--server", server.url, "--json").json["tiers"][0]["nbytes"]

    freed = cli("cache", "free", "--server", server.url, "--json").json

    assert freed["freed"] == before
    assert freed["tiers"][0]["nbytes"] == 0
    assert "0 B given back" in cli("cache", "free", "--server", server.url).out


@pytest.mark.parametrize(
    "arguments",
    [
        ("clear", "--server", "http://127.0.0.1:1"),
        ("--cache-dir", "kept", "--server", "http://127.0.0.1:1"),
        ("free",),
    ],
)
def test_what_makes_no_sense_is_told(cli, arguments):
    done = cli("cache", *arguments)
    assert done.status == 2
    assert "Traceback" not in done.err
