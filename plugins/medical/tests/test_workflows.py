"""The saved workflows of the pack, run as a user runs them."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from graphgen import Engine, Workflow
from PIL import Image

from graphgen_medical.load import read_scan

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
    assert workflow.packs == {"medical": version("graphgen-medical")}
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


needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="spandrel needs torchvision"
)


@needs_torchvision
def test_low_dose_ct(command, series):
    # Two slices are enough, and quick.
    few = series.parent / "few"
    few.mkdir()
    for file in sorted(series.iterdir())[:2]:
        shutil.copy(file, few)
    made = command("low_dose_ct", few, irregular="resample", factor=4)
    assert sorted(made) == ["dicom", "png", "report"]
    volume = read_scan(made["dicom"][0].parent)
    assert volume.size == (512, 512, 2)
    assert volume.spacing[:2] == pytest.approx((0.2, 0.175))
    assert volume.unit == "HU"
    header = pydicom.dcmread(made["dicom"][0])
    assert "enlarged 4 times" in header.DerivationDescription.lower()
    rows = {row["what"]: row["value"] for row in json.loads(made["report"][0].read_text())["rows"]}
    assert {"Noise (SD), before", "Noise (SD), after"} <= set(rows)
    for path in [path for paths in made.values() for path in paths]:
        assert not leaks(path, scans.SECRETS)


def test_lung_segmentation_to_dicom_seg(command, tmp_path):
    slices = scans.ct_slices(scans.chest(), spacing=(4.0, 4.0, 10.0))
    source = scans.write(slices, tmp_path / "Quixote")
    made = command("lung_segmentation_to_dicom_seg", source)
    assert sorted(made) == ["dicom", "png", "report", "seg"]
    seg = highdicom.seg.segread(made["seg"][0])
    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["left lung", "right lung"]
    image = pydicom.dcmread(made["dicom"][0])
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID"):
        assert seg[keyword].value == image[keyword].value
    grid = seg.get_volume(combine_segments=True)
    volume = read_scan(made["dicom"][0].parent)
    # Where the labels say lung, the series has the density of lung.
    mine = np.linalg.inv(np.array(volume.affine)) @ grid.affine
    places = np.rint((mine @ np.c_[np.argwhere(grid.array), np.ones((grid.array > 0).sum())].T)[:3])
    values = volume.data.numpy()[tuple(places[::-1].astype(int))]
    assert np.median(values) == -850
    # Label 1 is the left lung: on the patient's left, towards higher x.
    centre = [np.argwhere(grid.array == label).mean(axis=0) for label in (1, 2)]
    x = [(grid.affine @ [*place, 1])[0] for place in centre]
    assert x[0] > x[1]
    for path in [path for paths in made.values() for path in paths]:
        assert not leaks(path, scans.SECRETS)


def test_sparse_view_repair(command, series):
    made = command("sparse_view_repair", series, views=40)
    assert sorted(made) == ["after", "before", "profile", "report"]
    rows = {row["what"]: row["value"] for row in json.loads(made["report"][0].read_text())["rows"]}
    assert rows["PSNR before"] > 10
    assert rows["PSNR change"] == pytest.approx(rows["PSNR after"] - rows["PSNR before"])
    assert rows["RMSE after"] > 0
    assert np.asarray(Image.open(made["profile"][0])).shape == (540, 960, 3)
