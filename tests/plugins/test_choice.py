"""Which packs are used: installed, in the workspace, asked for, disabled; and those that can't
be, on real distributions."""

import json
import sys

import pytest

from graphgen import Engine, InvalidWorkflow, __version__
from graphgen.plugins.manager import Choice, Plugins
from graphgen.plugins.settings import PluginSettings
from tests.plugins.packs import code, install, write

SHIPPED = {"control", "diffusion", "image", "upscale"}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed packages; what was imported from it is forgotten."""
    known = set(sys.modules)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    yield site
    for name in set(sys.modules) - known:
        if name.endswith("_pack"):
            del sys.modules[name]


@pytest.fixture
def workspace(tmp_path):
    return tmp_path / "workspace"


def look(workspace, names=(), **options):
    """The packs that are in use, or those of some names, however they are."""
    plugins = Plugins(choice=Choice(workspace=workspace, **options))
    found = {pack.name: pack for pack in plugins.packs}
    return [found[name] for name in names] if names else {n for n, p in found.items() if p.in_use}


def test_what_is_installed_and_in_the_workspace_is_used(site, workspace):
    install(site, "shop", code("shop"))
    write(workspace / "plugins" / "own.py", code("own"))

    assert look(workspace) >= {*SHIPPED, "shop", "own"}
    assert look(workspace, third_party=False) == SHIPPED
    assert look(workspace, third_party=["own"]) == {*SHIPPED, "own"}
    shop, own = look(workspace, ["shop", "own"], third_party=False)
    assert shop.plugin is None  # not even imported
    assert (shop.state(), own.state()) == ("off", "off")
    assert Plugins(choice=Choice(installed=False, workspace=workspace)).packs == []


def test_an_engine_chooses_the_same(site, workspace, tmp_path):
    write(tmp_path / "more" / "given.py", code("given"))

    with Engine(
        workspace=workspace, third_party=["given"], plugin_folders=[tmp_path / "more"]
    ) as engine:
        assert "given/number" in engine.registry.nodes
        assert set(engine.registry.packs) == {"given"}


def test_a_pack_that_is_asked_for_has_to_be_there(site, workspace):
    install(site, "shop", code("shop"))

    with pytest.raises(InvalidWorkflow) as caught:
        look(workspace, third_party=["shoop"])

    (problem,) = caught.value.problems
    assert problem.code == "unknown_pack"
    assert "shop" in problem.hint


def test_the_settings_disable_packs_and_name_folders(site, workspace, tmp_path):
    install(site, "shop", code("shop"))
    write(workspace / "more" / "own.py", code("own"))
    PluginSettings(disabled=["shop"], folders=["more"]).write(workspace)

    assert look(workspace).isdisjoint({"shop"})
    assert "own" in look(workspace)
    (shop,) = look(workspace, ["shop"])
    assert shop.off == "disabled in the settings"
    assert look(workspace, third_party=["shop"]) == {*SHIPPED, "shop"}  # asked for by name


def test_what_the_settings_say_now_counts_when_packs_are_looked_for_again(workspace):
    write(workspace / "plugins" / "own.py", code("own"))
    before = Plugins(choice=Choice(workspace=workspace))

    PluginSettings(disabled=["own"]).write(workspace)
    without = before.again()
    PluginSettings().write(workspace)

    assert "own/number" in before.registry.nodes
    assert "own/number" not in without.registry.nodes
    assert without.registry.absent["own"] == "disabled in the settings"
    assert "own/number" in without.again().registry.nodes


def test_a_folder_that_is_named_twice_is_looked_into_once(workspace):
    write(workspace / "plugins" / "own.py", code("own"))
    PluginSettings(folders=["plugins"]).write(workspace)

    assert "own" in look(workspace, folders=[workspace / "plugins"])
    assert Plugins(choice=Choice(workspace=workspace)).problems == []


@pytest.mark.parametrize("text", ["{", '{"disabled": "shop"}', '{"disable": []}', "[]"])
def test_damaged_settings_are_told_and_nothing_is_guessed(workspace, text):
    write(workspace / "plugins.json", text)

    with pytest.raises(InvalidWorkflow) as caught:
        look(workspace)

    (problem,) = caught.value.problems
    assert problem.code == "bad_settings"
    assert str(workspace / "plugins.json") in problem.message
    assert problem.hint


TYPED = """
    from dataclasses import dataclass
    from graphgen import hookimpl, node

    @dataclass(frozen=True)
    class Elsewhere:
        '''Brought by nobody.'''

    @node("shop/take", title="Take")
    def take(thing: Elsewhere) -> int:
        '''Take what nobody brings.'''
        return 1

    @hookimpl
    def graphgen_nodes():
        return [take]
"""
TWICE = """
    from graphgen import hookimpl, node

    @node("shop/number", title="Number")
    def number() -> int:
        '''Give a number.'''
        return 1

    @node("shop/number", title="Number")
    def another() -> int:
        '''Give another.'''
        return 2

    @hookimpl
    def graphgen_nodes():
        return [number, another]
"""


@pytest.mark.parametrize(
    ("text", "requires", "message", "hint"),
    [
        ("raise RuntimeError('no licence')", "", "no licence", "plugins list --debug"),
        ("import nowhere_to_be_found", "", "nowhere_to_be_found", "install the Python package"),
        (TYPED, "", "nobody has registered the port type 'Elsewhere'", "graphgen_types"),
        (code("image", "resize"), "", "'image/resize' is already registered by 'image'", "id"),
        (TWICE, "", "'shop/number' is already registered by 'shop', which lists two", "id"),
        (code("shop"), "graphgen>=99", f">=99, and this is {__version__}", "update graphgen"),
        ("import nowhere", "graphgen (>=99)", "made for graphgen >=99", "update graphgen"),
        ('requires_graphgen = ">=99"', "", "made for graphgen >=99", "update graphgen"),
        ('requires_graphgen = ">=many"', "", "requires graphgen '>=many'", "version specifiers"),
        ("x = 1", "", "no hooks", "@hookimpl"),
    ],
)
def test_a_pack_that_can_not_be_used_is_told_and_the_rest_works(
    site, workspace, text, requires, message, hint
):
    install(site, "shop", text, requires=requires)
    install(site, "zebra", code("zebra"))

    with Engine(workspace=workspace, third_party=["shop", "zebra"]) as engine:
        (problem,) = engine.problems
        assert message in problem.message
        assert "'shop' was left out" in problem.message
        assert hint in problem.hint
        assert {"zebra/number", "image/resize"} <= set(engine.registry.nodes)
        assert engine.registry.pack_of["image/resize"] == "image"
        result = engine.run({"nodes": {"n": {"type": "zebra/number"}}}, targets=["n"])
        assert result.nodes["n"].outputs == {"value": 1}


@pytest.mark.parametrize(
    "requires",
    [
        "graphgen",
        "graphgen>=0.1,<9",
        "graphgen-medical>=99",
        "numpy>=99",
        'graphgen>=99; extra == "x"',
    ],
)
def test_a_pack_for_this_graphgen_is_used(site, workspace, requires):
    install(site, "shop", code("shop"), requires=requires)

    assert "shop" in look(workspace)


def test_a_folder_pack_for_a_newer_graphgen_is_not_even_imported(workspace):
    write(workspace / "plugins" / "new.py", 'requires_graphgen = ">=99"\nimport nowhere')

    (new,) = look(workspace, ["new"])

    assert new.problem.code == "wrong_graphgen"


def test_two_packs_of_one_name(site, workspace):
    install(site, "shop", code("shop", value=1))
    write(workspace / "plugins" / "shop.py", code("shop", value=2))

    plugins = Plugins(choice=Choice(workspace=workspace, third_party=["shop"]))

    assert plugins.registry.nodes["shop/number"].function() == 1
    (problem,) = plugins.problems
    assert problem.code == "duplicate_pack"
    assert "shop_pack" in problem.message
    assert str(workspace / "plugins" / "shop.py") in problem.message
    assert json.loads(json.dumps([pack.to_dict() for pack in plugins.packs]))
