"""Packs: found, loaded whole or left out with the reason, and never in each other's way."""

import json
import textwrap
from dataclasses import dataclass
from types import ModuleType

import pytest

from graphgen import Engine, TypeSpec, hookimpl, node
from graphgen.plugins.manager import Plugins
from tests.support import CORE, Pack, add, graph, number, python


@dataclass(frozen=True)
class Wave:
    """A port type of one pack."""

    size: int = 0


@node("wave/make", title="Make wave")
def make_wave() -> Wave:
    """Make a wave."""
    return Wave(3)


@node("wave/size", title="Size of wave")
def wave_size(wave: Wave) -> int:
    """Measure a wave."""
    return wave.size


@node("test/bad", title="Bad")
def bad(value) -> int:
    """Lack a hint."""


def loaded(*packs):
    return Plugins(packs, installed=False)


def assert_left_out(plugins, *said, good=("core/add", "core/number")):
    """One pack was left out, for a reason that names it; the others work."""
    (problem,) = plugins.problems
    assert problem.code == "pack_failed"
    assert problem.hint
    for part in said:
        assert part in problem.message
    (failed,) = [pack for pack in plugins.packs if pack.problem]
    assert repr(failed.name) in problem.message
    assert "Traceback" in failed.traceback
    assert set(good) <= set(plugins.registry.nodes)
    assert failed.nodes == []
    assert not [id for id, owner in plugins.registry.pack_of.items() if owner == failed.name]
    return failed


def test_packs_bring_types_nodes_loaders_and_models(tmp_path):
    loader = object()
    plugins = loaded(
        Pack(add, number),
        Pack(
            make_wave, types=[TypeSpec(Wave)], loaders={"wave/net": loader}, models={"w": tmp_path}
        ),
    )

    assert plugins.problems == []
    assert set(plugins.registry.nodes) == {"core/add", "core/number", "wave/make"}
    assert "wave" in plugins.registry.types.by_name
    assert plugins.loaders == {"wave/net": loader}
    assert plugins.models == {"w": tmp_path}
    assert plugins.packs[1].nodes == ["wave/make"]


def test_a_pack_may_use_the_types_of_one_that_comes_later():
    plugins = loaded(Pack(wave_size), Pack(make_wave, types=[TypeSpec(Wave)]))

    assert plugins.problems == []


def test_a_module_is_a_pack_too():
    module = ModuleType("some.module")
    module.graphgen_nodes = hookimpl(lambda: [add])

    plugins = loaded(module)

    assert plugins.packs[0].name == "some.module"
    assert list(plugins.registry.nodes) == ["core/add"]


def test_engines_share_no_packs():
    with (
        Engine([Pack(add)], installed=False) as one,
        Engine([Pack(number)], installed=False) as other,
    ):
        assert list(one.registry.nodes) == ["core/add"]
        assert list(other.registry.nodes) == ["core/number"]


class RaisesInHook:
    @hookimpl
    def graphgen_nodes(self):
        raise RuntimeError("no nodes today")


class ExitsInHook:
    @hookimpl
    def graphgen_types(self):
        raise SystemExit(1)


class Misspelt:
    @hookimpl
    def graphgen_node(self):
        return [make_wave]


class WrongArguments:
    @hookimpl
    def graphgen_nodes(self, registry):
        return [make_wave]


class NoList:
    @hookimpl
    def graphgen_nodes(self):
        return make_wave


class NoMapping:
    @hookimpl
    def graphgen_models(self):
        return [("a", "b")]


class NoTypes:
    @hookimpl
    def graphgen_types(self):
        return [Wave]


class Nothing:
    @hookimpl
    def graphgen_nodes(self):
        return None


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        (RaisesInHook(), ["RuntimeError", "no nodes today"]),
        (ExitsInHook(), ["SystemExit"]),
        (Misspelt(), ["graphgen_node"]),
        (WrongArguments(), ["registry"]),
        (NoList(), ["TypeError"]),
        (NoMapping(), []),
        (NoTypes(), []),
        (Pack(bad), ["test/bad", "value", "type hint"]),
        (Pack(make_wave), ["Wave"]),
        (Pack(number), ["core/number", "already registered"]),
        (Pack(make_wave, make_wave, types=[TypeSpec(Wave)]), ["wave/make"]),
        (Pack(types=[TypeSpec(Wave), TypeSpec(Wave)]), ["wave"]),
        (Pack(types=[TypeSpec(type("Int", (), {}))]), ["int"]),
        (Pack(lambda: 1), ["not a node"]),
        (object(), []),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_pack_that_fails_is_left_out_and_the_rest_works(pack, said):
    plugins = loaded(Pack(*CORE), pack, Pack(node_of_another_pack))
    if type(pack) is object:
        assert plugins.problems == []  # no hooks, no harm
        return
    assert_left_out(plugins, *said, good=("core/add", "other/node"))


@node("other/node", title="Other")
def node_of_another_pack() -> int:
    """Belong to a third pack."""
    return 1


def test_a_pack_that_forgets_to_return_brings_nothing():
    plugins = loaded(Pack(add), Nothing())

    assert list(plugins.registry.nodes) == ["core/add"]


def test_loaders_and_models_of_the_same_name_are_an_error(tmp_path):
    failed = assert_left_out(
        loaded(
            Pack(add, number, loaders={"a/net": object()}),
            Pack(make_wave, types=[TypeSpec(Wave)], loaders={"a/net": object()}),
        ),
        "a/net",
    )
    assert failed.nodes == []
    assert_left_out(
        loaded(Pack(add, number, models={"m": tmp_path}), Pack(models={"m": tmp_path})), "'m'"
    )


def test_a_pack_that_leans_on_one_that_failed_is_judged_again():
    plugins = loaded(
        Pack(add, number), Pack(make_wave, bad, types=[TypeSpec(Wave)]), Pack(wave_size)
    )

    assert [problem.code for problem in plugins.problems] == ["pack_failed", "pack_failed"]
    assert list(plugins.registry.nodes) == ["core/add", "core/number"]
    assert "wave" not in plugins.registry.types.by_name


def test_packs_of_the_same_name_get_names_of_their_own():
    one, other = Pack(add), Pack(number)

    plugins = loaded(one, other)

    assert plugins.problems == []
    assert len({pack.name for pack in plugins.packs}) == 2
    assert set(plugins.registry.nodes) == {"core/add", "core/number"}


def test_a_workflow_that_needs_a_failed_pack_says_so(tmp_path):
    with Engine([Pack(make_wave)], installed=False, workspace=tmp_path) as engine:
        assert len(engine.problems) == 1

        (problem,) = engine.validate(graph({"w": "wave/make"}))

    assert problem.code == "unknown_node_type"
    assert "pack" in problem.hint


# Found by entry point

PACKS = {
    "good": """
        from graphgen import hookimpl, node

        @node("good/one", title="One")
        def one() -> int:
            '''Give one.'''
            return 1

        @hookimpl
        def graphgen_nodes():
            return [one]
    """,
    "raises": "raise RuntimeError('not on this machine')",
    "exits": "import sys\nsys.exit('no')",
    "syntax": "def broken(:",
    "twin": """
        from graphgen import hookimpl
        from good_pack import one

        @hookimpl
        def graphgen_nodes():
            return [one]
    """,
}
LISTING = """
import json
from graphgen.plugins.manager import Plugins
plugins = Plugins()
def said(pack):
    problem = pack.problem and pack.problem.message
    return [pack.version, pack.source, pack.nodes, problem, pack.traceback]
print(json.dumps({pack.name: said(pack) for pack in plugins.packs}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    info = folder / "somepacks-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somepacks\nVersion: 2.5\n")
    entries = [f"{name}_pack = {name}_pack" for name in PACKS] + ["gone_pack = gone_pack.inner"]
    (info / "entry_points.txt").write_text("[graphgen]\n" + "\n".join(entries) + "\n")
    for name, text in PACKS.items():
        (folder / f"{name}_pack.py").write_text(textwrap.dedent(text))
    return json.loads(python(f"import sys; sys.path.insert(0, {str(folder)!r})\n" + LISTING))


def test_installed_packs_are_found_with_version_and_source(installed):
    assert installed["good_pack"] == ["2.5", "good_pack", ["good/one"], None, ""]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises_pack", "not on this machine"),
        ("exits_pack", "SystemExit"),
        ("syntax_pack", "SyntaxError"),
        ("gone_pack", "gone_pack"),
    ],
)
def test_a_pack_that_raises_on_import_is_reported_with_its_traceback(installed, name, said):
    _, _, nodes, problem, traceback = installed[name]

    assert nodes == []
    assert said in problem
    assert "Traceback" in traceback
    assert said in traceback


def test_a_duplicate_among_installed_packs_takes_only_one_of_them_down(installed):
    good, twin = installed["good_pack"], installed["twin_pack"]

    assert sorted([good[2], twin[2]]) == [[], ["good/one"]]
    assert (good[3] is None) != (twin[3] is None)


def test_the_packs_that_ship_with_graphgen_all_load(installed):
    plugins = Plugins()

    assert [str(problem) for problem in plugins.problems] == []
    assert {"control", "diffusion", "image", "upscale"} <= {pack.name for pack in plugins.packs}
    assert {"control", "diffusion", "image", "upscale"} <= set(installed)
