"""Packs of folders: packages, modules and projects, beside each other and read again."""

import os
import sys

import pytest

from graphgen import InvalidWorkflow
from graphgen.plugins.manager import Choice, Plugins
from tests.plugins.packs import code, write


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "plugins"


def packs(folder, **options):
    plugins = Plugins(choice=Choice(installed=False, folders=(folder,), **options))
    return plugins, {pack.name: pack for pack in plugins.packs}


def value_of(plugins, id):
    return plugins.registry.nodes[id].function()


def test_a_module_a_package_and_a_project_are_packs(folder):
    write(folder / "alone.py", '__version__ = "0.3"\n' + "\n" + code_text("alone"))
    package(folder / "parted", "parted")
    project(folder / "whole", "whole")
    write(folder / "_notes.py", "raise RuntimeError('no pack')")
    write(folder / ".hidden" / "__init__.py", "raise RuntimeError('no pack')")
    write(folder / "readme" / "README.md", "nothing")

    plugins, found = packs(folder)

    assert plugins.problems == []
    assert {name: (pack.version, pack.nodes) for name, pack in found.items()} == {
        "alone": ("0.3", ["alone/number"]),
        "parted": ("", ["parted/number"]),
        "whole": ("2.1", ["whole/number"]),
    }
    assert {pack.origin for pack in found.values()} == {"folder"}
    assert found["alone"].source == str(folder / "alone.py")
    assert [value_of(plugins, f"{name}/number") for name in ("parted", "whole")] == [7, 7]


def code_text(name):
    import textwrap

    return textwrap.dedent(code(name))


def package(path, name, value=7):
    """A package whose node takes a value from a module beside it, and later from another."""
    write(
        path / "__init__.py",
        f"""
        from graphgen import hookimpl, node
        from .values import VALUE

        @node("{name}/number", title="Number")
        def number() -> int:
            '''Give a number.'''
            from .inner import late
            assert late.VALUE == VALUE
            return VALUE

        @hookimpl
        def graphgen_nodes():
            return [number]
        """,
    )
    write(path / "values.py", f"VALUE = {value}")
    write(path / "inner" / "__init__.py", "")
    write(path / "inner" / "late.py", "from ..values import VALUE")


def project(path, name, requires="graphgen"):
    package(path / "src" / f"graphgen_{name}", name)
    write(
        path / "pyproject.toml",
        f"""
        [project]
        name = "graphgen-{name}"
        version = "2.1"
        dependencies = ["numpy", "{requires}"]
        [project.entry-points.graphgen]
        {name} = "graphgen_{name}"
        """,
    )


TWO = """
    [project.entry-points.graphgen]
    one = "pair.one"
    two = "pair.two:plugin"
"""
PLUGIN = """
    from graphgen import hookimpl, node

    @node("two/number", title="Number")
    def number(value: int = 2) -> int:
        '''Give a number.'''
        return value

    class Plugin:
        @hookimpl
        def graphgen_nodes(self):
            return [number]

    plugin = Plugin()
"""


def test_a_project_may_bring_several_packs(folder):
    write(folder / "pair" / "pyproject.toml", TWO)
    write(folder / "pair" / "pair" / "__init__.py", "")
    write(folder / "pair" / "pair" / "one.py", code("one", value=1))
    write(folder / "pair" / "pair" / "two.py", PLUGIN)

    plugins, _ = packs(folder)

    for each in (plugins, plugins.again()):
        assert each.problems == []
        assert {id: spec.inputs["value"].default for id, spec in each.registry.nodes.items()} == {
            "one/number": 1,
            "two/number": 2,
        }


def test_a_folder_that_is_a_pack_itself_may_be_named(folder):
    project(folder, "whole")

    assert list(packs(folder)[1]) == ["whole"]


def test_modules_of_the_same_name_do_not_meet(folder):
    package(folder / "one", "one", 1)
    package(folder / "two", "two", 2)
    write(folder / "json.py", code("json"))  # nor those of others

    plugins, found = packs(folder)

    assert plugins.problems == []
    assert (value_of(plugins, "one/number"), value_of(plugins, "two/number")) == (1, 2)
    import json

    assert not hasattr(json, "graphgen_nodes")
    assert found["json"].in_use


def test_a_pack_that_did_not_change_is_not_read_again(folder):
    package(folder / "same", "same")
    package(folder / "other", "other")
    before, _ = packs(folder)

    write(folder / "other" / "values.py", "VALUE = 8")
    after = before.again()

    def plugin(plugins, name):
        return next(pack.plugin for pack in plugins.packs if pack.name == name)

    assert plugin(after, "same") is plugin(before, "same")
    assert plugin(after, "other") is not plugin(before, "other")
    assert value_of(after, "other/number") == 8
    assert value_of(before, "other/number") == 7


def test_an_edit_is_seen_within_the_second_and_at_the_same_size(folder):
    path = write(folder / "quick.py", code("quick", value=1))
    before, _ = packs(folder)
    stat = path.stat()

    write(path, code("quick", value=2))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))

    assert value_of(before.again(), "quick/number") == 2


def test_the_cache_keys_of_a_node_do_not_change_by_reading_it_again(folder):
    package(folder / "same", "same")

    one, other = packs(folder)[0], packs(folder)[0]

    source = [plugins.registry.nodes["same/number"].source for plugins in (one, other)]
    assert source[0] == source[1]
    write(folder / "same" / "values.py", "VALUE = 8")
    assert one.again().registry.nodes["same/number"].source != source[0]


def test_what_failed_leaves_no_modules_behind(folder):
    write(folder / "broken" / "__init__.py", "from . import fine\nraise RuntimeError('no')")
    write(folder / "broken" / "fine.py", "")

    (problem,) = packs(folder)[0].problems

    assert "RuntimeError: no" in problem.message
    assert not [name for name in sys.modules if "broken@" in name]


def test_a_pack_comes_and_goes_with_its_files(folder):
    path = write(folder / "brief.py", code("brief"))
    plugins, _ = packs(folder)

    path.unlink()
    gone = plugins.again()
    write(path, "def broken(:")
    broken = gone.again()

    assert list(plugins.registry.nodes) == ["brief/number"]
    assert list(gone.registry.nodes) == []
    assert "SyntaxError" in broken.problems[0].message


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("lost/helper.py", "x = 1", "no __init__.py"),
        ("quiet.py", "x = 1", "no hooks"),
        ("bare/pyproject.toml", "not [ toml", "can't be read"),
        (
            "empty/pyproject.toml",
            "[project.entry-points.graphgen]\nempty = 'graphgen_empty'\n",
            "'graphgen_empty', which is not there",
        ),
    ],
)
def test_what_is_no_pack_is_told_with_what_to_do(folder, path, text, said):
    write(folder / path, text)
    write(folder / "fine.py", code("fine"))

    plugins, _ = packs(folder)

    (problem,) = plugins.problems
    assert said in problem.message
    assert problem.hint
    assert list(plugins.registry.nodes) == ["fine/number"]


def test_a_folder_that_is_not_there_is_an_error(folder):
    with pytest.raises(InvalidWorkflow) as caught:
        packs(folder)

    assert caught.value.problems[0].code == "not_a_folder"
