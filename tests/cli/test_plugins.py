"""``graphgen plugins``, and the choice of packs in the other commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.plugins.packs import code, install, write


@pytest.fixture
def site(folder):
    return folder.parent / "site"


@pytest.fixture
def workspace(folder):
    return folder.parent / "workspace"


def entry(outcome, name):
    (found,) = [pack for pack in outcome.json["packs"] if pack["name"] == name]
    return found


def test_list_shows_versions_sources_and_nodes(cli, workspace):
    write(workspace / "plugins" / "own.py", code("own"))

    out = cli("plugins", "list").out

    assert "probe 1.0 (installed, probe_pack)" in out
    assert f"own (folder, {workspace / 'plugins' / 'own.py'})" in out
    assert "own/number" in out
    assert "(ships with graphgen, graphgen_nodes.image)" in out
    own = entry(cli("plugins", "list", "--json"), "own")
    assert (own["state"], own["nodes"], own["problem"]) == ("in use", ["own/number"], None)


@pytest.mark.parametrize(
    "command",
    [["nodes"], ["plugins", "list"], ["validate", "x.json"], ["run", "x.json"], ["serve"]],
    ids=lambda command: command[0],
)
def test_a_choice_of_packs_that_leaves_none_is_refused_by_every_command(cli, command):
    for other in (["--plugin", "own"], ["--plugins-dir", "."]):
        refused = cli(*command, "--no-plugins", *other)
        assert refused.status == 2
        assert "--no-plugins leaves nothing to --plugin and --plugins-dir" in refused.err


def test_list_shows_what_failed_and_the_traceback_if_asked(cli, site):
    install(site, "ebb", "raise RuntimeError('low tide')")

    done = cli("plugins", "list")
    assert done.status == 0
    assert "ebb 1.0 (installed, ebb_pack) [failed]" in done.out
    assert "low tide" in done.out
    assert "graphgen plugins disable ebb" in done.out
    assert "Traceback" not in done.out + done.err
    assert "Traceback" in cli("plugins", "list", "--debug").err
    assert "low tide" in entry(cli("plugins", "list", "--json"), "ebb")["traceback"]


def test_disable_and_enable_are_kept(cli, site, workspace):
    install(site, "ebb", "raise RuntimeError('low tide')")

    assert cli("plugins", "disable", "ebb").status == 0
    assert json.loads((workspace / "plugins.json").read_text())["disabled"] == ["ebb"]
    assert "warning" not in cli("nodes", "image/flip").err
    assert "[disabled in the settings]" in cli("plugins", "list").out
    assert cli("plugins", "check", "ebb").status == 1
    assert cli("plugins", "enable", "ebb").status == 0
    assert "low tide" in cli("nodes", "image/flip").err


@pytest.mark.parametrize(("name", "said"), [("image", "ships with graphgen"), ("prob", "no pack")])
def test_what_can_not_be_disabled(cli, workspace, name, said):
    done = cli("plugins", "disable", name)

    assert done.status == 2
    assert said in done.err
    assert not (workspace / "plugins.json").exists()


def test_commands_choose_packs(cli, folder, write):
    path = write({"n": "probe/number"}, {"n": "n.value"})
    more = folder / "more"
    more.mkdir()
    (more / "own.py").write_text("\n".join(line[4:] for line in code("own").splitlines()))
    own = write({"n": "own/number"}, {"n": "n.value"}, name="own.json")

    assert cli("validate", path).status == 0
    assert "probe/number" in cli("validate", path, "--no-plugins").err
    assert cli("validate", path, "--plugin", "probe").status == 0
    assert cli("run", own, "--quiet").status == 2
    assert cli("run", own, "--quiet", "--plugins-dir", more).status == 0
    assert cli("run", own, "--quiet", "--plugins-dir", more, "--plugin", "probe").status == 2
    assert "own/number" in cli("nodes", "--plugins-dir", more).out
    assert "probe/" not in cli("nodes", "--no-plugins").out
    unknown = cli("nodes", "--plugin", "probbe")
    assert unknown.status == 2
    assert "did you mean probe" in unknown.err
    both = cli("nodes", "--no-plugins", "--plugin", "probe")
    assert both.status == 2
    missing = cli("nodes", "--plugins-dir", folder / "nowhere")
    assert missing.status == 2
    assert "is no folder" in missing.err


def test_a_picture_says_which_pack_its_workflow_needs(cli, write):
    path = write(
        {"n": "probe/number", "p": ("image/solid", {"width": 8, "height": 8})},
        {"n": "n.value", "p": "p.image"},
    )

    picture = cli("run", path, "--quiet", "--output", path.parent).last
    target = path.parent / "again.json"
    cli("new-workflow", target, "--from", picture)

    assert json.loads(target.read_text())["packs"] == {"probe": "1.0"}
    refused = cli("run", target, "--no-plugins")
    assert refused.status == 2
    assert (
        "the pack 'probe' 1.0, which is not in use: packs of others are turned off" in refused.err
    )


def test_check_runs_the_conformance_kit(cli, workspace):
    write(
        workspace / "plugins" / "own.py", code("own").replace("= 1)", "= 1, strength: float = 1.0)")
    )

    done = cli("plugins", "check", "own")
    assert done.status == 1
    assert "own/number.value" not in done.err
    answer = cli("plugins", "check", "own", "--json")
    assert answer.status == 1
    assert answer.json["problems"]
    assert "conforms" in cli("plugins", "check", "image").out
    assert cli("plugins", "check", "owl").status == 2


# Migrations, by the way that a user goes

MIGRATING = """
    from graphgen import NodeError, hookimpl, node

    def to_2(inputs):
        return {"amount": inputs.get("value", 0)}

    def to_3(inputs):
        if inputs["amount"] > 100:
            raise NodeError("amounts over 100 are gone", hint="split it in two", port="amount")
        return {"amount": inputs["amount"] * 10}

    @node("own/number", title="Number", version=3, migrations={1: to_2, 2: to_3})
    def number(amount: int = 0) -> int:
        '''Give a number.'''
        return amount

    @hookimpl
    def graphgen_nodes():
        return [number]
"""


def test_a_workflow_of_an_old_version_runs_or_says_why_not(cli, folder, workspace):
    def saved(**node):
        path = folder / "old.json"
        path.write_text(json.dumps({"nodes": {"n": {"type": "own/number", **node}}}))
        return path

    write(workspace / "plugins" / "own.py", code("own"))
    assert cli("run", saved(inputs={"value": 4}), "--quiet").last.read_text().strip() == "4"

    write(workspace / "plugins" / "own.py", MIGRATING)
    assert cli("run", saved(inputs={"value": 4}), "--quiet").last.read_text().strip() == "40"
    refused = cli("run", saved(inputs={"value": 400}))
    assert refused.status == 2
    assert "can't be brought to version 3: amounts over 100 are gone" in refused.err
    assert "split it in two" in refused.err
    newer = cli("run", saved(version=4))
    assert "needs version 4 of 'own/number', the installed pack has 3" in newer.err


# New packs


def test_a_new_pack_installs_loads_runs_and_passes_its_tests(cli, folder, site, workspace):
    made = cli("plugins", "new", "noise_tools", "--output", folder)
    assert made.status == 0
    pack = folder / "noise_tools"
    assert made.last == pack
    # As it lies there
    from_folder = cli("plugins", "check", "noise_tools", "--plugins-dir", pack)
    assert from_folder.out.strip() == "noise_tools 0.1.0 conforms: 1 node"
    # Installed
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*pip, "--no-index", "--target", str(site), str(pack)], check=True)
    listed = entry(cli("plugins", "list", "--json"), "noise_tools")
    assert (listed["version"], listed["origin"]) == ("0.1.0", "installed")
    assert listed["nodes"] == ["noise_tools/greet"]
    workflow = site / "graphgen_noise_tools" / "workflows" / "greet.json"
    run = cli("run", workflow, "--set", "name=Ada", "--quiet")
    assert run.last.read_text() == "Hello, Ada!"
    # Its own tests
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=pack,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert tests.returncode == 0, tests.stdout
    assert "4 passed" in tests.stdout


@pytest.mark.parametrize("name", ["Shop", "1st", "image", "class", "a/b", "", "ü"])
def test_names_that_no_pack_can_have(cli, folder, name):
    done = cli("plugins", "new", name)

    assert done.status == 2
    assert list(folder.iterdir()) == []


def test_a_new_pack_overwrites_nothing(cli, folder):
    (folder / "shop").mkdir()

    done = cli("plugins", "new", "shop")

    assert done.status == 2
    assert "already exists" in done.err
    assert list((folder / "shop").iterdir()) == []
