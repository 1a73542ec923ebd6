"""One engine for all saved workflows, so that weights are read and prompts encoded once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import graphgen
from graphgen import Engine

from .pictures import Array, array

WORKFLOWS = Path(graphgen.__file__).parents[1] / "workflows"
COMMAND = [sys.executable, "-c", "import sys; from graphgen.cli import main; sys.exit(main())"]
STEPS = 15
"""Enough for a picture that can be told, and twice as fast as what is saved."""


@pytest.fixture(scope="session")
def saved_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(workspace=tmp_path_factory.mktemp("workspace"), device="cpu") as engine:
        engine.environment.files.roots.append(WORKFLOWS)
        yield engine


@pytest.fixture
def run(saved_engine: Engine) -> Callable[..., Any]:
    """Runs a saved workflow and gives its outputs, or those of one target node."""

    def call(name: str, target: str | None = None, **inputs: Any) -> dict[str, Any]:
        targets = None if target is None else [target]
        result = saved_engine.run(WORKFLOWS / f"{name}.json", inputs, targets=targets)
        result.raise_if_failed()
        return result.outputs if target is None else dict(result.nodes[target].outputs)

    return call


@pytest.fixture
def draw(run: Callable[..., Any]) -> Callable[..., Array]:
    """The picture of a prompt, by ``text_to_image``."""

    def call(prompt: str, **inputs: Any) -> Array:
        return array(run("text_to_image", prompt=prompt, **{"steps": STEPS, **inputs})["image"])

    return call


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.Popen[str]]:
    """Starts ``graphgen`` as a user does, in a folder of its own."""
    import torch

    monkeypatch.chdir(tmp_path)
    environment = {
        **os.environ,
        "GRAPHGEN_WORKSPACE": str(tmp_path / "workspace"),
        # Bit for bit is meant for one number of threads.
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
    }

    def call(*arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    return call
