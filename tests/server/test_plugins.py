"""Packs of folders, loaded again while the server runs."""

from __future__ import annotations

import textwrap

import pytest

from graphgen import Engine
from tests.server.live import Live, eventually
from tests.support import graph

PACK = """
from dataclasses import dataclass
from pathlib import Path
import time

from aiohttp import web
from graphgen import Context, EditorModule, NodeError, TypeSpec, hookimpl, node

HERE = Path(__file__).parent
SHORE = HERE.parents[1]


@dataclass(frozen=True)
class Wave:
    '''A number on its way.'''

    size: int


def save(wave, target):
    target.path(".wave").write_text(f"VALUE {{wave.size}}")


@node("sea/wave", title="Wave", version={version}, migrations={migrations})
def wave({parameter}: int = 0) -> Wave:
    '''Make a wave, once the tide is there.'''
    (SHORE / "waiting").touch()
    while not (SHORE / "tide").exists():
        time.sleep(0.005)
    return Wave({parameter} + VALUE)


@node("sea/measure", title="Measure")
def measure(wave: Wave) -> int:
    '''Measure a wave.'''
    if not isinstance(wave, Wave):
        raise NodeError("a wave of another sea")
    return wave.size


@hookimpl
def graphgen_types():
    return [TypeSpec(Wave, colour="#123456", save=save)]


@hookimpl
def graphgen_nodes():
    return [wave, measure]


async def show(request):
    return web.json_response({{"value": VALUE}})


@hookimpl
def graphgen_routes():
    return [web.get(path, show) for path in {routes}]


@hookimpl
def graphgen_editor_modules():
    return [EditorModule(HERE / "sea.js", widgets=("wave-VALUE",))]
"""
SEA = graph(
    {"w": ("sea/wave", {"height": 1}), "m": ("sea/measure", {"wave": "=w.wave"})},
    {"size": "m.value", "wave": "w.wave"},
)


@pytest.fixture
def pack(tmp_path):
    """Writes the pack, and again with another value."""
    folder = tmp_path / "workspace" / "plugins" / "sea"
    folder.mkdir(parents=True)
    (folder / "sea.js").write_text("export {};")

    def write(value, version=1, migrations="{}", parameter="height", routes=("/sea",)):
        text = PACK.format(
            version=version, migrations=migrations, parameter=parameter, routes=repr(routes)
        )
        (folder / "__init__.py").write_text(textwrap.dedent(text).replace("VALUE", str(value)))
        return folder

    return write


@pytest.fixture
def sea(pack, tmp_path):
    folder = pack(10)
    workspace = tmp_path / "workspace"
    options = {"third_party": ["sea"], "workspace": workspace, "device": "cpu"}
    with Engine(**options, cache_dir=workspace / "cache") as engine, Live(engine) as server:
        server.folder, server.shore = folder, workspace
        yield server


def reload(server):
    response = server.post("/api/plugins/reload")
    assert response.status_code == 200, response.text
    return {pack["name"]: pack for pack in response.json()["plugins"]}


def values(run):
    assert run["status"] == "succeeded", run["problems"]
    return run["outputs"]["size"][0]["value"]


def test_what_runs_goes_on_as_it_began_and_what_comes_later_is_new(sea, pack):
    before = sea.submit(SEA)
    eventually((sea.shore / "waiting").exists)

    pack(20)
    assert reload(sea)["sea"]["state"] == "in use"
    (sea.shore / "tide").touch()

    assert sea.queue.wait(before, 20).status == "succeeded"
    ended = sea.get(f"/api/runs/{before}").json()
    assert values(ended) == 11
    assert sea.get(ended["outputs"]["wave"][0]["url"]).text == "10 11"
    after = sea.run(SEA)
    assert values(after) == 21
    assert sea.get(after["outputs"]["wave"][0]["url"]).text == "20 21"
    # In memory are values of classes that are gone: none of them reached the new nodes.
    assert values(sea.run(SEA)) == 21


def test_what_did_not_change_is_found_in_the_cache_again(sea):
    (sea.shore / "tide").touch()
    first = sea.run(SEA)
    assert first["nodes"]["w"]["status"] == "executed"

    reload(sea)

    assert sea.run(SEA)["nodes"]["w"]["status"] == "cached"


def test_the_catalogue_changes_and_the_editor_is_told(sea, pack):
    before = sea.get("/api/nodes")
    with sea.watch() as watcher:
        pack(20, version=2, migrations="{1: dict}", parameter="depth")
        reload(sea)
        watcher.until(lambda frames: frames[-1]["type"] == "catalogue_changed")

    after = sea.get("/api/nodes", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    (wave,) = [node for node in after.json()["nodes"] if node["id"] == "sea/wave"]
    assert list(wave["inputs"]) == ["depth"]
    (module,) = sea.get("/api/editor/modules").json()["modules"]
    assert module["widgets"] == ["wave-20"]
    assert "depth" in sea.post("/api/validate", {"workflow": SEA}).text


def test_a_workflow_of_the_old_version_is_brought_forward(sea, pack):
    (sea.shore / "tide").touch()
    saved = sea.call("PUT", "/api/workflows/sea", json={"workflow": SEA})
    assert saved.ok
    forward = "{1: lambda inputs: {'depth': inputs.pop('height'), **inputs}}"

    pack(20, version=2, migrations=forward, parameter="depth")
    reload(sea)

    run = sea.post("/api/workflows/sea/run", {}, headers={"Prefer": "wait=20"}).json()
    assert values(run) == 21


def test_a_pack_that_broke_is_left_out_with_its_traceback_until_it_is_mended(sea, pack):
    good = (sea.folder / "__init__.py").read_text()
    (sea.folder / "__init__.py").write_text("raise RuntimeError('ebb')")

    broken = reload(sea)["sea"]

    assert broken["state"] == "failed"
    assert "ebb" in broken["problem"]["message"]
    assert "Traceback" in broken["traceback"]
    assert sea.get("/api/plugins").json()["plugins"][-1] == broken
    refused = sea.post("/api/runs", {"workflow": SEA})
    assert refused.status_code == 422
    assert sea.get("/sea").status_code == 404
    (sea.folder / "__init__.py").write_text(good)
    (sea.shore / "tide").touch()
    assert reload(sea)["sea"]["problem"] is None
    assert values(sea.run(SEA)) == 11


def test_routes_are_served_by_the_new_code_and_new_ones_take_a_restart(sea, pack):
    assert sea.get("/sea").json() == {"value": 10}

    pack(20, routes=("/sea", "/shore"))
    problem = reload(sea)["sea"]["problem"]

    assert sea.get("/sea").json() == {"value": 20}
    assert problem["code"] == "restart_needed"
    assert "GET /shore" in problem["message"]
    pack(30, routes=())
    assert reload(sea)["sea"]["problem"] is None
    assert sea.get("/sea").status_code == 404


def test_damaged_settings_are_refused_and_everything_stays(sea):
    (sea.shore / "plugins.json").write_text("{")

    response = sea.post("/api/plugins/reload")

    assert response.status_code == 422
    assert response.json()["problems"][0]["code"] == "bad_settings"
    assert sea.get("/api/plugins").json()["plugins"][-1]["state"] == "in use"


def test_a_saved_workflow_whose_pack_is_gone_stays_as_it_is(sea, pack):
    assert sea.call("PUT", "/api/workflows/sea", json={"workflow": SEA}).ok
    before = sea.get("/api/workflows/sea").json()["workflow"]
    assert before["packs"] == {"sea": ""}
    (sea.folder / "__init__.py").unlink()
    (sea.folder / "sea.js").unlink()
    assert "sea" not in reload(sea)

    opened = sea.get("/api/workflows/sea").json()
    assert opened["workflow"] == before
    opened["workflow"]["description"] = "saved again"
    assert sea.call("PUT", "/api/workflows/sea", json={"workflow": opened["workflow"]}).ok
    again = sea.get("/api/workflows/sea").json()["workflow"]
    assert (again["nodes"], again["packs"]) == (before["nodes"], before["packs"])
    refused = sea.post("/api/workflows/sea/run", {})
    assert refused.status_code == 422
    problems = refused.json()["problems"]
    assert [problem["message"] for problem in problems] == [
        f"'sea/{node}' comes with the pack 'sea', which is not installed"
        for node in ("measure", "wave")
    ]
