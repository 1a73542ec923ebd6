"""The command line in this process and in one of its own, over a workspace made for a test,
with a pack that is installed as any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphgen.cli import main

PACK = Path(__file__).parent / "pack"
COMMAND = [sys.executable, "-c", "import sys; from graphgen.cli import main; sys.exit(main())"]


def install(folder: Path, name: str, module: str) -> None:
    """Make a module an installed distribution with a pack, as pip would."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[graphgen]\n{name} = {module}\n")


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit status, standard output and standard error."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def last(self) -> Path:
        """The file that the last line names."""
        return Path(self.out.splitlines()[-1])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a workspace in it and the probe pack installed."""
    install(tmp_path / "site", "probe", "probe_pack")
    for path in (tmp_path / "site", PACK):
        monkeypatch.syspath_prepend(path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in sys.path if p))
    monkeypatch.setenv("GRAPHGEN_WORKSPACE", str(tmp_path / "workspace"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def cli(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs a command in this process."""

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Outcome(status, *capsys.readouterr())

    return call


@pytest.fixture
def start(folder: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts a command in a process of its own."""

    def call(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [*COMMAND, *map(str, arguments)]
        return subprocess.Popen(command, text=True, **{**pipes, **options})

    return call


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Writes a workflow beside the test: nodes, outputs and inputs of a document."""

    def call(
        nodes: Mapping[str, Any],
        outputs: Mapping[str, str] | None = None,
        inputs: Mapping[str, Any] | None = None,
        name: str = "probe.json",
        **more: Any,
    ) -> Path:
        from tests.support import graph

        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**graph(nodes, outputs, inputs), **more}))
        return path

    return call
