from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from graphgen import Context, NodeError
from skimage.metrics import peak_signal_noise_ratio

from graphgen_medical.measure.level import noise_level
from graphgen_medical.measure.metrics import psnr, rmse, ssim
from graphgen_medical.measure.nodes import compare, noise
from graphgen_medical.measure.profile import profile
from graphgen_medical.types import Volume

from .phantoms import affine, shepp_logan


def noisy(volume: Volume, deviation: float, seed: int = 0) -> Volume:
    generator = torch.Generator().manual_seed(seed)
    return volume.derive(
        volume.data + deviation * torch.randn(volume.data.shape, generator=generator), "noise"
    )


def test_figures_are_scikit_images():
    truth = shepp_logan().data
    made = noisy(shepp_logan(), 50).data
    expected = peak_signal_noise_ratio(truth.numpy(), made.numpy(), data_range=2000)
    assert psnr(made, truth, 2000) == pytest.approx(expected, abs=1e-4)
    assert rmse(made, truth) == pytest.approx(50, rel=0.03)
    assert psnr(truth, truth, 2000) == math.inf
    assert ssim(truth, truth, 2000) == pytest.approx(1)
    assert ssim(made, truth, 2000) < 0.9


def test_compare_tells_before_and_after():
    truth = shepp_logan()
    made = compare(noisy(truth, 20), truth, noisy(truth, 40), ctx=Context())
    rows = {what: (value, unit) for what, value, unit in made.report.rows}
    assert rows["PSNR change"][0] == pytest.approx(20 * math.log10(2), abs=0.3)
    assert rows["RMSE after"] == (made.rmse, "HU")
    assert rows["PSNR after"][0] == made.psnr
    assert rows["SSIM after"][0] == made.ssim > rows["SSIM before"][0]
    assert "2 slices" in made.report.notes[0]
    one = truth.derive(truth.data[:1], "one")
    assert compare(one, one, ctx=Context()).report.notes[0].startswith("1 slice;")
    alone = compare(truth, truth, ctx=Context())
    assert [row[0] for row in alone.report.rows] == ["PSNR", "SSIM", "RMSE"]
    assert alone.psnr == math.inf
    same = compare(truth, truth, truth, ctx=Context())
    assert {row[0]: row[1] for row in same.report.rows}["PSNR change"] == 0


def test_padding_outside_the_field_of_view_does_not_count():
    truth = shepp_logan()
    padded = truth.data.clone()
    padded[:, :4] = -2000
    assert compare(truth, truth.derive(padded, "padding"), ctx=Context()).rmse == pytest.approx(
        float((truth.data[:, :4] + 1000).square().sum() / truth.data.numel()) ** 0.5, abs=1e-6
    )


def test_progress_counts_slices_of_both():
    seen = []
    truth = shepp_logan(depth=3)
    compare(
        truth, truth, truth, ctx=Context(report=lambda step, total, _: seen.append((step, total)))
    )
    assert seen == [(step, 6) for step in range(1, 7)]


def test_what_does_not_lie_on_each_other_is_refused():
    truth = shepp_logan()
    with pytest.raises(NodeError, match="grid") as caught:
        compare(shepp_logan(33), truth, ctx=Context())
    assert (caught.value.code, caught.value.port) == ("different_grid", "volume")
    moved = Volume(truth.data, affine((2.0, 2.0, 3.1)))
    with pytest.raises(NodeError, match="elsewhere"):
        compare(moved, truth, ctx=Context())
    shown = truth.derive(truth.data, "window", unit="US")
    with pytest.raises(NodeError, match="not those of the truth") as caught:
        compare(truth, truth, shown, ctx=Context())
    assert caught.value.port == "before"
    small = shepp_logan(9)
    with pytest.raises(NodeError, match="too small"):
        compare(small, small, ctx=Context())


def test_noise_of_a_region():
    flat = Volume(torch.full((3, 40, 50), 60.0), affine())
    made = noise(noisy(flat, 12), column=5, row=4, width=30, height=30, slice=2)
    assert made.mean == pytest.approx(60, abs=2)
    assert made.noise == pytest.approx(12, rel=0.1)
    assert made.report.rows[1] == ("Noise (SD)", made.noise, "HU")
    assert "Slice 2, columns 5 to 34, rows 4 to 33 (30.0 x 30.0 mm)" in made.report.notes[0]


@pytest.mark.parametrize(
    ("given", "port"),
    [({"slice": 3}, "slice"), ({"column": 40}, "column"), ({"row": 30}, "row")],
)
def test_a_region_outside_is_refused(given, port):
    flat = Volume(torch.zeros(3, 40, 50))
    with pytest.raises(NodeError) as caught:
        noise(flat, **given)
    assert caught.value.port == port


def test_a_profile_follows_the_line():
    ramp = torch.arange(50.0).expand(3, 40, 50).contiguous()
    volume = Volume(ramp, affine((0.5, 2.0, 3.0)))
    made = profile(volume, noisy(volume, 3), column=10, to_column=20, labels="before, after")
    assert made.values["before"] == pytest.approx(np.arange(10, 21), abs=1e-3)
    assert made.values["mm"][-1] == pytest.approx(5.0)
    assert list(made.values) == ["mm", "before", "after"]
    assert made.plot.pixels.shape == (1, 3, 540, 960)
    assert float(made.plot.pixels.std()) > 0.01
    rows = {what: (value, unit) for what, value, unit in made.report.rows}
    assert rows["before: steepest"] == (pytest.approx(2.0, rel=1e-3), "HU/mm")
    down = profile(volume, column=7, row=0, to_column=7, to_row=39)
    assert down.values["volume 1"] == pytest.approx([7.0] * 40)
    assert down.values["mm"][-1] == pytest.approx(78.0)


@pytest.mark.parametrize(
    ("given", "port"),
    [
        ({"slice": 9}, "slice"),
        ({"row": 40}, "row"),
        ({"to_column": 50}, "to_column"),
        ({"column": 3, "to_column": 3}, "to_column"),
    ],
)
def test_a_line_outside_is_refused(given, port):
    with pytest.raises(NodeError) as caught:
        profile(Volume(torch.zeros(3, 40, 50)), **given)
    assert caught.value.port == port


@pytest.mark.parametrize("deviation", [3.0, 20.0, 120.0])
def test_noise_is_found_by_itself(deviation):
    # A disc of muscle with a grid of fat in it, so that many windows have an edge.
    y, x = np.mgrid[0:160, 0:160]
    hu = np.where((x - 80) ** 2 + (y - 80) ** 2 < 70**2, 50.0, -1000.0)
    hu[(hu == 50) & ((x % 40 < 3) | (y % 40 < 3))] = -100
    even = Volume(torch.from_numpy(np.stack([hu] * 3).astype(np.float32)), affine((0.8, 0.7, 3.0)))
    made = noise_level(noisy(even, deviation), ctx=Context())
    assert made.noise == pytest.approx(deviation, rel=0.07, abs=0.3)
    assert made.mean == pytest.approx(45, abs=10)
    assert {row[0] for row in made.report.rows} == {"Mean", "Noise (SD)"}
    one = noise_level(noisy(even, deviation), slices=1, ctx=Context())
    assert "1 slice." in one.report.notes[0]


def test_noise_of_a_scan_without_soft_tissue():
    air = Volume(torch.full((2, 40, 40), -1000.0), affine())
    with pytest.raises(NodeError, match="mean of -20 to 120 HU") as caught:
        noise_level(air, ctx=Context())
    assert caught.value.code == "no_tissue"
