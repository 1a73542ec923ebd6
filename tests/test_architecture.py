"""The map of the house, enforced: what may import what, and what importing costs."""

import ast
import json
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import graphgen
from tests.support import python

ROOT = Path(graphgen.__file__).parent
REPOSITORY = ROOT.parent

# What stands on a line may import what stands above it, and nothing below.
LEVELS = [
    {"problems", "plain", "devices", "activity", "economy", "collector", "inbox"},
    {"workspace"},
    {"digests"},
    {"fingerprint"},
    {"types", "models"},
    {"workflow"},
    {"ports", "paths"},
    {"node", "environment"},
    {"registry", "cache"},
    {"plugins", "needs"},
    {"engine"},
    {"signature", "outputs"},
    {"inputs", "keep"},
    {"templates"},
    {"runs", "saved"},
    {"server", "client"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}
HEAVY = ("torch", "numpy", "PIL", "diffusers", "transformers", "spandrel", "safetensors", "scipy")
MODULES = sorted(ROOT.rglob("*.py"))


def part_of(path):
    """``graphgen/engine/plan.py`` to ``engine``; ``graphgen/node.py`` to ``node``."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def is_type_checking(item):
    return isinstance(item, ast.If) and "TYPE_CHECKING" in ast.unparse(item.test)


def imports(tree, path, inside_functions=True):
    """Absolute names of the modules that a file imports at run time."""
    found = []
    pending = list(tree.body)
    while pending:
        item = pending.pop()
        if is_type_checking(item):
            pending.extend(item.orelse)
            continue
        if isinstance(item, ast.Import):
            found += [alias.name for alias in item.names]
        elif isinstance(item, ast.ImportFrom):
            if item.level:
                package = ["graphgen", *path.relative_to(ROOT).parent.parts]
                base = package[: len(package) - item.level + 1]
                module = ".".join([*base, *([item.module] if item.module else [])])
            else:
                module = item.module
            found.append(module)
            found += [f"{module}.{alias.name}" for alias in item.names]
        elif isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) and not inside_functions:
            continue
        pending.extend(
            child
            for child in ast.iter_child_nodes(item)
            if isinstance(child, (ast.stmt, ast.ExceptHandler))
        )
    return found


def parts_used(path, **options):
    names = imports(ast.parse(path.read_text()), path, **options)
    return {
        name.split(".")[1]
        for name in names
        if name.startswith("graphgen.") and name.split(".")[1] in LEVEL
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_imports_what_stands_on_it(path):
    if path == ROOT / "__init__.py":
        return  # the facade, which imports lazily
    own = part_of(path)
    assert own in LEVEL, f"{own} has no place in the house yet: put it into LEVELS"
    for used in parts_used(path) - {own}:
        assert LEVEL[used] < LEVEL[own], f"{own} must not import {used}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_imports_no_pack_and_nothing_heavy_at_its_top(path):
    tree = ast.parse(path.read_text())
    everything = imports(tree, path)
    at_the_top = imports(tree, path, inside_functions=False)

    assert not [name for name in everything if name.split(".")[0] in ("graphgen_nodes", "plugins")]
    assert not [name for name in at_the_top if name.split(".")[0] in HEAVY]


def test_the_executor_knows_neither_server_nor_screen():
    for path in (ROOT / "engine").glob("*.py"):
        names = {name.split(".")[0] for name in imports(ast.parse(path.read_text()), path)}
        assert names.isdisjoint({"aiohttp", "rich", "typer", "sqlite3"}), path


USERS = {
    "sqlite3": {"runs"},
    "filelock": {"runs", "saved"},
    "aiohttp": {"server", "client", "plugins"},
    "prometheus_client": {"server"},
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_libraries_are_used_by_those_who_need_them(path):
    used = {name.split(".")[0] for name in imports(ast.parse(path.read_text()), path)}
    for library in used & USERS.keys():
        assert part_of(path) in USERS[library], f"{part_of(path)} must not import {library}"


def test_the_queue_and_saved_workflows_know_no_server_and_no_event_loop():
    for part in ("runs", "saved"):
        for path in (ROOT / part).glob("*.py"):
            names = {name.split(".")[0] for name in imports(ast.parse(path.read_text()), path)}
            assert names.isdisjoint({"aiohttp", "asyncio", "rich", "typer"}), path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_small_and_say_what_they_are(path):
    text = path.read_text()

    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert len(text.splitlines()) <= 500


LOADED = "import sys, json; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def loaded_by(code):
    return set(json.loads(python(f"{code}\n{LOADED}")))


def test_importing_graphgen_is_cheap():
    loaded = loaded_by("import graphgen")

    assert loaded.isdisjoint({*HEAVY, "pluggy", "networkx", "asyncio", "typer", "rich", "aiohttp"})


def test_its_public_names_cost_nothing_heavy_either():
    loaded = loaded_by("import graphgen\nfor name in graphgen.__all__: getattr(graphgen, name)")

    assert loaded.isdisjoint(HEAVY)


def test_loading_every_pack_and_validating_imports_nothing_heavy():
    code = """
from graphgen import Engine
engine = Engine()
assert not engine.problems, engine.problems
for spec in engine.registry.nodes.values():
    spec.to_dict()
for id in engine.registry.nodes:
    engine.validate({"nodes": {"n": {"type": id}}})
"""
    assert loaded_by(code).isdisjoint(HEAVY)


def test_running_plain_nodes_imports_nothing_heavy():
    code = """
import tempfile
from graphgen import Context, Engine, hookimpl, node

@node("test/plain", title="Plain")
def plain(a: int, *, ctx: Context) -> int:
    '''Use the context, but no device.'''
    ctx.progress(1, 1)
    return a

class Pack:
    @hookimpl
    def graphgen_nodes(self):
        return [plain]

engine = Engine([Pack()], installed=False, workspace=tempfile.mkdtemp())
result = engine.run({"nodes": {"n": {"type": "test/plain", "inputs": {"a": 1}}}})
assert result.status == "succeeded"
"""
    assert loaded_by(code).isdisjoint(HEAVY)


def test_a_queue_of_plain_nodes_imports_nothing_heavy():
    code = """
import tempfile
from pathlib import Path
from graphgen import Engine, Workflow, hookimpl, node
from graphgen.runs import RunQueue, RunStore
from graphgen.saved import SavedWorkflows

@node("test/plain", title="Plain")
def plain(a: int) -> int:
    '''Give it back.'''
    return a

class Pack:
    @hookimpl
    def graphgen_nodes(self):
        return [plain]

folder = Path(tempfile.mkdtemp())
document = {"nodes": {"n": {"type": "test/plain", "inputs": {"a": 1}}}}
SavedWorkflows(folder / "workflows").write("plain", Workflow.parse(document), 0)
engine = Engine([Pack()], installed=False, workspace=folder)
with RunQueue(engine, RunStore(folder / "graphgen.db")) as queue:
    run = queue.submit(engine.saved_workflow("plain"))
    assert queue.wait(run.run_id, 20).status == "succeeded"
"""
    assert loaded_by(code).isdisjoint({*HEAVY, "aiohttp"})


OURS = ("graphgen", "graphgen_nodes", "graphgen_benchmarks")


def test_everything_the_core_needs_is_declared():
    """Third-party modules that the core and the packs import are dependencies."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    declared = {_name(requirement) for requirement in project["dependencies"]}
    # An extra, without which what needs it is refused with a word on how to get it.
    declared |= {_name(requirement) for requirement in project["optional-dependencies"]["quantise"]}
    modules = metadata.packages_distributions()
    indirect = {"pydantic_core", "torchvision"}  # come with pydantic and spandrel
    for folder in (ROOT, REPOSITORY / "nodes" / "graphgen_nodes"):
        for path in folder.rglob("*.py"):
            tree = ast.parse(path.read_text())
            for item in ast.walk(tree):
                names = []
                if isinstance(item, ast.Import):
                    names = [alias.name for alias in item.names]
                elif isinstance(item, ast.ImportFrom) and not item.level:
                    names = [item.module]
                for name in names:
                    top = name.split(".")[0]
                    if top in sys.stdlib_module_names or top in OURS:
                        continue
                    homes = {_name(home) for home in modules.get(top, [top])}
                    assert homes & declared or top in indirect, f"{path} imports {top}"


def _name(requirement):
    return re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower().replace("_", "-")
