"""A new pack, written for its author to go on from."""

from __future__ import annotations

import keyword
import re
import tempfile
from pathlib import Path
from string import Template

from .. import __version__
from ..problems import InvalidWorkflow, Problem

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = frozenset({"control", "diffusion", "graphgen", "image", "nodes", "upscale", "workflow"})

FILES = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling>=1.25"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "Nodes for graphgen: $title."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["graphgen>=$graphgen"]

[project.optional-dependencies]
dev = ["pytest>=8.3"]

[project.entry-points.graphgen]
$name = "$package"

[tool.hatch.build.targets.wheel]
packages = ["$package"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]
""",
    ".gitignore": """\
__pycache__/
.pytest_cache/
dist/
outputs/
""",
    "README.md": """\
# $title

A pack for graphgen.

```sh
pip install -e .
graphgen plugins list                                        # it is there
graphgen run $package/workflows/greet.json --set name=Ada
```

| node | what it does |
| --- | --- |
| `$name/greet` | greets somebody by name |

## Working on it

```sh
pip install -e ".[dev]"
pytest                          # its tests
graphgen plugins check $name    # does it keep what packs promise?
```

`$package/__init__.py` has the hooks, `$package/nodes.py` the nodes. Without installing it,
`graphgen serve --plugins-dir .` serves it, and reading it again needs no restart.
""",
    "$package/__init__.py": '''\
"""$title for graphgen: what the pack brings. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from graphgen import hookimpl

from .nodes import greet


@hookimpl
def graphgen_nodes() -> Iterable[Callable[..., Any]]:
    return [greet]
''',
    "$package/nodes.py": '''\
"""The nodes: typed functions, whose signature says all there is to say of their ports."""

from __future__ import annotations

from typing import Annotated

from graphgen import node
from pydantic import Field


@node("$name/greet", title="Greet")
def greet(
    name: Annotated[str, Field(min_length=1, description="Who is greeted.")] = "world",
    excitement: Annotated[int, Field(ge=0, le=10, description="Exclamation marks.")] = 1,
) -> str:
    """Greet somebody by name."""
    return f"Hello, {name}{'!' * excitement}"
''',
    "$package/py.typed": "",
    "$package/workflows/greet.json": """\
{
  "format": "graphgen/1",
  "name": "Greet",
  "description": "Greet somebody by name.",
  "inputs": {"name": "greet.name", "excitement": "greet.excitement"},
  "outputs": {"greeting": "greet.value"},
  "nodes": {
    "greet": {"type": "$name/greet", "inputs": {"name": "world", "excitement": 1}}
  },
  "packs": {"$name": "0.1.0"}
}
""",
    "tests/test_nodes.py": '''\
"""The nodes, called as the functions they are, and run in a workflow."""

from __future__ import annotations

from pathlib import Path

import $package
import pytest
from graphgen import Engine
from graphgen.plugins.conformance import check_pack
from $package.nodes import greet

WORKFLOW = Path($package.__file__).parent / "workflows" / "greet.json"


@pytest.fixture
def engine(tmp_path):
    packs = {"plugins": [$package], "third_party": False}
    with Engine(**packs, workspace=tmp_path, device="cpu") as engine:
        yield engine


def test_the_pack_keeps_what_packs_promise(engine):
    assert engine.problems == []
    assert check_pack(engine.plugins, "$package") == []


def test_greet():
    assert greet("Ada", 2) == "Hello, Ada!!"


def test_the_workflow_runs(engine):
    result = engine.run(WORKFLOW, {"name": "Ada"}).raise_if_failed()

    assert result.outputs == {"greeting": "Hello, Ada!"}


def test_a_value_out_of_range_is_refused_before_anything_runs(engine):
    nodes = {"greet": {"type": "$name/greet", "inputs": {"excitement": 11}}}

    (problem,) = engine.validate({"nodes": nodes})

    assert (problem.node, problem.port) == ("greet", "excitement")
''',
}


def write_pack(name: str, parent: Path) -> Path:
    """Write a pack into a new folder of its name; returns the folder.

    Raises:
        InvalidWorkflow: The name can't be, or there is something of that name.
    """
    name = name.replace("-", "_")
    _check_name(name)
    folder = parent / name
    if folder.exists():
        hint = "choose another name, or another folder with --output"
        raise InvalidWorkflow(Problem("file_exists", f"{folder} already exists", hint=hint))
    words = {
        "name": name,
        "package": f"graphgen_{name}",
        "distribution": f"graphgen-{name.replace('_', '-')}",
        "title": name.replace("_", " ").capitalize(),
        "graphgen": ".".join(__version__.split(".")[:2]),
    }
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".partial-") as temporary:
        made = Path(temporary, name)
        for path, text in FILES.items():
            target = made / Template(path).substitute(words)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(text).substitute(words), encoding="utf-8")
        made.rename(folder)
    return folder


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        hint = "lower-case letters, digits and _, beginning with a letter, such as noise_tools"
        raise InvalidWorkflow(Problem("bad_name", f"{name!r} is no name for a pack", hint=hint))
    if name in _TAKEN:
        hint = "choose another"
        raise InvalidWorkflow(Problem("bad_name", f"the name {name!r} is taken", hint=hint))
