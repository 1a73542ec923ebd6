"""The scripts in ``training/`` on phantoms; what the trained networks are worth is in their
model cards."""

from __future__ import annotations

import copy
import json
import sys

import numpy as np
import pytest
import SimpleITK
import torch
from graphgen import ModelRef
from PIL import Image
from scipy import ndimage

from graphgen_medical.networks.architecture import RepairShape
from graphgen_medical.networks.loaders import REPAIR, RepairLoader
from training import evaluate, pairs, picture, repair
from training.classical import DENOISERS, climb
from training.scans import Scan
from training.slopes import quicken

from .phantoms import shepp_logan

NAMES = ["phantom", "phantom-coarse", "phantom-large"]


@pytest.fixture
def scan():
    smooth = ndimage.gaussian_filter(shepp_logan(48, 3).data.numpy(), (0, 1.5, 1.5))
    return Scan("phantom", smooth, (4.0, 4.0))


@pytest.fixture
def command(tmp_path, scan, monkeypatch):
    """Runs the main function of a script on a phantom."""
    (tmp_path / "data").mkdir()
    image = SimpleITK.GetImageFromArray(scan.hounsfield)
    image.SetSpacing((4.0, 4.0, 5.0))
    SimpleITK.WriteImage(image, str(tmp_path / "data" / "phantom.nrrd"))

    def run(main, *options: str):
        given = ["--data", str(tmp_path / "data"), "--work", str(tmp_path / "work")]
        monkeypatch.setattr(sys, "argv", ["training", *given, *options])
        main()

    return run


@pytest.fixture
def train(tmp_path, command):
    """Runs ``python -m training.repair``; gives the folder that it wrote."""

    def run(*options: str):
        quick = ["--minutes", "0.01", "--batch", "2", "--edge", "24"]
        command(repair.main, *quick, *options)
        return tmp_path / "work" / "repair"

    return run


def test_repair_trains_and_goes_on(train):
    folder = train()
    first = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
    folder = train("--minutes", str(first["minutes"] + 0.1))  # it is rounded
    last = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
    assert last["steps"] > first["steps"] > 0
    path = folder / "ct-repair.safetensors"
    network = RepairLoader().load(ModelRef(REPAIR, str(path), ""), "cpu", torch.float32)
    assert network.shape == RepairShape()
    assert sorted(part.name for part in (folder.parent / "pairs").iterdir()) == NAMES


def test_scans_that_are_smaller_than_a_crop(train, capsys):
    folder = train("--edge", "48")
    assert "phantom-coarse is left out" in capsys.readouterr().out
    assert (folder / "ct-repair.safetensors").exists()
    with pytest.raises(SystemExit, match="smaller than --edge 96"):
        train("--edge", "96")
    with pytest.raises(SystemExit, match="no multiple of 8"):
        train("--edge", "30")


def test_a_picture_of_what_repair_does(command, tmp_path):
    output = tmp_path / "picture.png"
    command(picture.main, "--slice", "1", "--edge", "60", "--output", str(output))
    with Image.open(output) as shown:
        assert shown.size == (240, 60)
        parts = np.split(np.asarray(shown, dtype=float), 4, axis=1)
    errors = [np.abs(part - parts[0]).mean() for part in parts[:3]]
    assert errors[2] < errors[1]


def test_evaluation_tunes_for_each_measure(command, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "DEFECTS", ("photons-1e4",))
    command(evaluate.main, "--only", "repair")
    command(evaluate.main, "--only", "classical")
    told = json.loads((tmp_path / "work" / "figures.json").read_text())["phantom"]
    assert set(told["repair"]) == {*evaluate.KINDS, "untouched"}
    noise = told["repair"]["photons-1e4"]
    assert noise["network"]["psnr"] > noise["input"]["psnr"] + 0.5
    for found in told["classical"].values():
        for name in ("total variation", "non-local means", "bilateral", "curvature diffusion"):
            best = [found[key] for key in (name, f"{name}, tuned for SSIM")]
            assert best[1]["ssim"] >= best[0]["ssim"]
            assert best[0]["psnr"] >= best[1]["psnr"]


def test_tuning_climbs_to_where_no_step_is_better():
    ladders = {"a": range(20), "b": range(20), "c": (0.0, 0.5)}

    def ridge(setting):  # goes up where a and b change together only
        a, b = setting["a"], setting["b"]
        return -10 * abs(a + b - 20) - abs(a - b - 4) + setting["c"]

    for a in (0, 7, 19):
        best = climb(ladders, {"a": a, "b": 3, "c": 0.0}, ridge)
        assert best == {"a": 12, "b": 8, "c": 0.5}
    denoiser = DENOISERS["curvature diffusion"]
    assert denoiser.ends({"iterations": 20, "conductance": 5}) == []
    assert denoiser.ends({"iterations": 160, "conductance": 1}) == ["iterations", "conductance"]


def test_a_noisy_scan_is_shown_softer_as_well(scan):
    assert [part.name for part, _ in pairs.variants(scan)] == NAMES
    noise = np.random.default_rng(0).normal(0, 40, scan.hounsfield.shape).astype(np.float32)
    noisy = Scan("noisy", scan.hounsfield + noise, scan.spacing)
    made = {part.name: part for part, _ in pairs.variants(noisy)}
    assert list(made) == ["noisy", "noisy-soft", "noisy-soft-coarse", "noisy-soft-large"]
    assert np.array_equal(made["noisy"].hounsfield, noisy.hounsfield)
    left = made["noisy-soft"].hounsfield - pairs.softer(scan).hounsfield
    assert left.std() < 15
    single = Scan("slice", scan.hounsfield[:1], scan.spacing)
    assert [part.name for part, _ in pairs.variants(single)] == ["slice"]


def test_a_larger_patient_lets_fewer_photons_through(tmp_path):
    kinds = {kind: pairs.KINDS[kind] for kind in ("photons-1e4", "full")}
    water = np.full((2, 48, 48), -1000, dtype=np.float32)
    water[:, 8:40, 8:40] = 0
    adult = Scan("adult", water, (8.0, 8.0))
    noise = []
    for part in (adult, pairs.larger(adult)):
        pairs.make(part, tmp_path, 0, kinds)
        noisy, whole = (pairs.load(tmp_path, part.name, kind).astype(float) for kind in kinds)
        noise.append((noisy - whole).std())
    assert noise[1] > 1.3 * noise[0]


def test_crops_are_drawn_from_scans_that_have_the_kind(scan, tmp_path):
    kinds = {}
    for part, wanted in pairs.variants(scan):
        pairs.make(part, tmp_path, 0, wanted)
        kinds[part.name] = list(wanted)
    crops = repair.Crops(tmp_path, kinds, RepairShape(), 24)
    assert crops.names["views-60"] == NAMES[:2]
    assert crops.names["photons-1e4"] == crops.names["truth"] == NAMES
    stacks, truths = crops.draw(6, np.random.default_rng(3))
    assert (stacks.shape, truths.shape) == ((6, 3, 24, 24), (6, 1, 24, 24))
    again, _ = crops.draw(6, np.random.default_rng(3))
    assert torch.equal(stacks, again)


def test_quick_slopes_are_those_of_torch():
    torch.manual_seed(0)
    plain = RepairShape(channels=(4, 6, 8), units=1).build()
    quick = copy.deepcopy(plain)
    quicken(quick)
    values = torch.randn(2, 3, 16, 16)
    made = [network(values) for network in (plain, quick)]
    assert torch.equal(*made)
    for one in made:
        one.square().mean().backward()
    sloped = type(next(part for part in quick.modules() if isinstance(part, torch.nn.PReLU)))
    assert sloped is not torch.nn.PReLU
    assert list(plain.state_dict()) == list(quick.state_dict())
    for one, other in zip(plain.parameters(), quick.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, rtol=1e-4, atol=1e-7)
