"""The saved workflows of the pack, run as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from graphgen import Engine, Workflow
from PIL import Image

from . import scans
from .test_deidentify import leaks

WORKFLOWS = Path(__file__).parents[1] / "workflows"
COMMAND = [sys.executable, "-c", "import sys; from graphgen.cli import main; sys.exit(main())"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with Engine(workspace=tmp_path_factory.mktemp("workspace"), device="cpu") as made:
        yield made


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Eight slices of 128 x 128 in a folder that names the patient."""
    folder = tmp_path_factory.mktemp("scans") / "Quixote Alonso"
    return scans.write(scans.ct_slices(scans.phantom(8, 128, 128)), folder)


@pytest.fixture
def command(tmp_path):
    """Runs a workflow from the command line; gives the folder of the run by output name."""

    def run(name: str, source: Path, **settings: object) -> dict[str, list[Path]]:
        settings = {"source": source, **settings}
        sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        options = ["--output", "out", "--workspace", "workspace", "--json", "--quiet"]
        done = subprocess.run(
            [*COMMAND, "run", str(WORKFLOWS / f"{name}.json"), *sets, *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        (folder,) = (tmp_path / "out").iterdir()
        found: dict[str, list[Path]] = {}
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            found.setdefault(path.relative_to(folder).parts[0].partition(".")[0], []).append(path)
        return found

    return run


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.json")), ids=lambda path: path.stem)
def test_documents(path, engine):
    workflow = Workflow.read(path)
    assert workflow.name
    assert workflow.description
    assert set(json.loads(path.read_text())["editor"]["positions"]) == set(workflow.nodes)
    problems = engine.validate(workflow)
    # All that is missing is the scan.
    assert {(problem.code, problem.port) for problem in problems} == {("missing_input", "source")}


def test_ct_window_montage(command, series):
    made = command("ct_window_montage", series, window="bone", slices=4, edge=64)
    assert list(made) == ["png"]
    picture = np.asarray(Image.open(made["png"][0]))
    assert picture.shape == (112, 128)  # two by two, pixels 0.8 x 0.7 mm
    assert picture.max() > 150  # bone
    assert not leaks(made["png"][0], scans.SECRETS)
