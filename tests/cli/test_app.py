"""What all commands share: help, the version, and how little they import."""

from __future__ import annotations

import json

import pytest

import graphgen
from tests.support import python

COMMANDS = ["run", "validate", "nodes", "models", "new-workflow", "cache"]
HEAVY = ("torch", "numpy", "PIL", "diffusers", "transformers", "spandrel")


def test_help_names_every_command(cli):
    done = cli("--help")
    assert done.status == 0
    for command in COMMANDS:
        assert f"\n  {command} " in done.out
    assert "Exit status" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_explains_its_options(cli, command):
    done = cli(command, "--help")
    assert done.status == 0
    for option in ("--json", "--workspace", "--debug", "graphgen " if command != "models" else ""):
        assert option in done.out


def test_version(cli):
    assert cli("--version").out == f"graphgen {graphgen.__version__}\n"


def imported(*arguments: str) -> set[str]:
    code = (
        "import sys, io, json, contextlib\n"
        "from graphgen.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    assert main(sys.argv[1:]) == 0\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    return set(json.loads(python(code, *arguments)))


def test_help_imports_only_what_it_shows():
    modules = imported("--help")
    modules = imported("--help")
    later = {"pydantic", "rich", "pluggy", "aiohttp", "sqlite3", "graphgen.engine"}
    assert modules.isdisjoint({*HEAVY, *later})


def test_only_a_run_imports_what_computes(write):
    path = write({"paint": "image/solid"}, {"picture": "paint.image"})
    assert imported("validate", str(path)).isdisjoint(HEAVY)
    assert imported("nodes").isdisjoint(HEAVY)
    assert imported("models").isdisjoint(HEAVY)
