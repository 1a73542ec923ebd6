from __future__ import annotations

import numpy as np
import pytest
import torch
from graphgen import Context, NodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.exposure import equalize_hist

from graphgen_medical import geometry
from graphgen_medical.measure.metrics import rmse
from graphgen_medical.preprocess import denoise
from graphgen_medical.preprocess.equalise import clahe, equalise
from graphgen_medical.preprocess.grid import body_mask, crop_to_body, orient, resample
from graphgen_medical.preprocess.intensity import clip, standardise, window
from graphgen_medical.preprocess.slices import take_slices
from graphgen_medical.types import Volume
from graphgen_medical.windows import WINDOWS

from .phantoms import AXES, affine, shepp_logan


def ramp(low: float = -1000, high: float = 1000) -> Volume:
    return Volume(torch.linspace(low, high, 2001).reshape(1, 3, 667), affine())


@pytest.mark.parametrize("preset", WINDOWS)
def test_a_window_goes_from_black_to_white(preset):
    level, width = WINDOWS[preset]
    values = torch.tensor([level - width, level - width / 2, level, level + width / 2, 3000.0])
    shown = window(Volume(values.reshape(1, 1, -1)), preset)
    assert shown.data.flatten().tolist() == pytest.approx([0, 0, 0.5, 1, 1])
    assert shown.unit == "US"
    assert preset in shown.steps[-1]


def test_a_free_window_takes_any_values():
    volume = Volume(torch.tensor([[[0.0, 50.0, 100.0]]]), modality="MR", unit="US")
    shown = window(volume, "free", level=50, width=100)
    assert shown.data.flatten().tolist() == [0, 0.5, 1]
    with pytest.raises(NodeError, match="MR"):
        window(volume, "lung")


def test_clipping_keeps_hounsfield_units():
    made = clip(ramp(), -100, 200)
    assert (float(made.data.min()), float(made.data.max())) == (-100, 200)
    assert made.unit == "HU"
    with pytest.raises(NodeError, match="empty"):
        clip(ramp(), 5, 5)


def test_standardising():
    made = standardise(ramp())
    assert float(made.data.mean()) == pytest.approx(0, abs=1e-5)
    assert float(made.data.std()) == pytest.approx(1, abs=1e-3)
    made = standardise(ramp(), "range")
    assert (float(made.data.min()), float(made.data.max())) == (0, 1)
    made = standardise(ramp(), "percentiles", lower=10, upper=90)
    assert float((made.data == 0).float().mean()) == pytest.approx(0.1, abs=0.01)
    tissue = standardise(ramp(), above=0)
    assert float(tissue.data[ramp().data > 0].mean()) == pytest.approx(0, abs=1e-5)
    with pytest.raises(NodeError, match="above"):
        standardise(ramp(), above=5000)
    with pytest.raises(NodeError, match="same"):
        standardise(Volume(torch.ones(2, 3, 4)))


def test_equalising_uses_all_greys_alike_and_keeps_order():
    head = shepp_logan()
    made = equalise(head, -1000, 1100)
    scaled = ((head.data + 1000) / 2100).clamp(0, 1).numpy()
    expected = equalize_hist(scaled, nbins=4096, mask=head.data.numpy() > -900)
    assert made.data.numpy() == pytest.approx(expected, abs=1e-3)
    tissue = made.data[head.data > -900]
    assert float(tissue.median()) == pytest.approx(0.5, abs=0.15)
    order = head.data.flatten().argsort()
    assert float(made.data.flatten()[order].diff().min()) >= -1e-6
    stretched = equalise(head, -1000, 1100, keep_range=True)
    assert stretched.data.numpy() == pytest.approx(made.data.numpy() * 2100 - 1000, abs=0.01)
    assert stretched.unit == "US"
    with pytest.raises(NodeError, match="above"):
        equalise(head, above=9000)


def test_local_equalisation_raises_faint_contrast():
    faint = torch.zeros(2, 96, 96)
    faint[0, :, 48:] = 20
    faint[0] += torch.randn(96, 96, generator=torch.Generator().manual_seed(0)) * 5
    made = clahe(Volume(faint), -200, 200, tile=32, limit=0.05, ctx=Context())
    left, right = made.data[0, :, 10:30].mean(), made.data[0, :, 66:86].mean()
    assert float(right - left) > 1.5 * 20 / 400
    assert float(made.data[1].std()) == 0
    with pytest.raises(NodeError, match="empty"):
        clahe(Volume(faint), 5, 5, ctx=Context())


def test_resampling_moves_nothing():
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(60.0), indexing="ij")
    volume = Volume((3 * x + 5 * y).expand(4, 40, 60).contiguous(), affine((1.0, 1.0, 4.0)))
    made = resample(volume, 0.5, 2.0, 4.0)
    assert made.size == (120, 20, 4)
    assert made.spacing == pytest.approx((0.5, 2.0, 4.0))
    for index in ((50, 10, 2), (7, 3, 1)):
        place = geometry.apply(made.affine, index)
        i, j = place[0] + 30.0, place[1] + 20.0  # the old grid begins at (-30, -20)
        i_, j_, k_ = index
        assert float(made.data[k_, j_, i_]) == pytest.approx(3 * i + 5 * j, abs=0.3)


@settings(max_examples=15)
@given(st.sampled_from(["nearest", "linear", "b-spline", "lanczos"]), st.floats(0.4, 5.0))
def test_resampling_keeps_an_even_volume_even(method, spacing):
    volume = Volume(torch.full((3, 21, 17), 37.0), affine((1.0, 1.5, 3.0)))
    made = resample(volume, spacing, spacing, 0, method)
    assert made.data.numpy() == pytest.approx(37, rel=0.005)  # lanczos
    assert made.spacing == pytest.approx((spacing, spacing, 3.0))
    extent = made.size[0] * spacing
    assert abs(extent - 17) <= spacing / 2 + 1e-6 or made.size[0] == 1


def test_smoothing_keeps_fine_patterns_from_aliasing():
    stripes = (torch.arange(64) % 2 * 1000.0).expand(1, 64, 64).contiguous()
    smooth = resample(Volume(stripes), 3.0, 0, 0)
    rough = resample(Volume(stripes), 3.0, 0, 0, smooth=False)
    assert float(smooth.data[..., 3:-3].std()) < 0.1 * float(rough.data[..., 3:-3].std())


def test_too_many_voxels_are_refused():
    with pytest.raises(NodeError, match="memory"):
        resample(shepp_logan(), 0.001, 0.001, 0.01)


def patient() -> Volume:
    """A body with lungs, and a table below it that touches by a thin bridge."""
    data = torch.full((3, 80, 100), -1000.0)
    data[:, 20:60, 30:70] = 40.0
    data[:, 30:50, 35:45] = -850.0
    data[:, 70:73, 5:95] = 200.0
    data[1, 60:70, 50] = 100.0
    return Volume(data, affine((1.0, 2.0, 5.0)))


def test_cropping_finds_the_body_and_leaves_the_table():
    made = crop_to_body(patient(), margin=4)
    assert made.size[0] == 48
    assert made.size[1] in (44, 45, 46)  # with a stump of the bridge
    assert geometry.origin(made.affine) == pytest.approx((-30 + 26, -20 + 2 * 18, 5))
    body = body_mask(patient())
    assert bool(body[0, 40, 40])
    assert not body[:, 71].any()
    cleared = crop_to_body(patient(), margin=500, clear=True)
    assert cleared.size == (100, 80, 3)
    assert float(cleared.data[:, 70:73].max()) == -1000
    assert float(cleared.data[0, 40, 40]) == -850
    with pytest.raises(NodeError, match="no body") as caught:
        crop_to_body(Volume(torch.full((2, 20, 20), -1000.0)))
    assert caught.value.code == "no_body"


@settings(max_examples=40)
@given(st.permutations(["LR", "PA", "SI"]), st.tuples(*[st.integers(0, 1)] * 3))
def test_orienting_moves_no_voxel(order, ends):
    axes = "".join(pair[end] for pair, end in zip(order, ends, strict=True))
    data = torch.arange(2 * 3 * 4, dtype=torch.float32).reshape(2, 3, 4)
    volume = Volume(data, geometry.compose((1, 2, 3), (0.5, 0.7, 2.0), AXES))
    made = orient(volume, axes)
    assert geometry.orientation(made.affine) == axes
    where = {
        tuple(np.round(geometry.apply(v.affine, (i, j, k)), 5)): float(v.data[k, j, i])
        for v in (volume,)
        for k, j, i in np.ndindex(*v.data.shape)
    }
    for k, j, i in np.ndindex(*made.data.shape):
        place = tuple(np.round(geometry.apply(made.affine, (i, j, k)), 5))
        assert where[place] == float(made.data[k, j, i])
    assert torch.equal(orient(made, "LPS").data, data)


def test_a_direction_named_twice_is_refused():
    with pytest.raises(NodeError, match="twice"):
        orient(shepp_logan(), "LRS")


DENOISERS = {
    "nlm": lambda v: denoise.non_local_means(v, ctx=Context()),
    "tv": lambda v: denoise.total_variation(v, 60, ctx=Context()),
    "bilateral": lambda v: denoise.bilateral(v, 150, 2.0, ctx=Context()),
    "diffusion": lambda v: denoise.curvature_diffusion(v, ctx=Context()),
}


@pytest.mark.parametrize("name", DENOISERS)
def test_denoising_comes_nearer_to_the_truth(name):
    truth = shepp_logan()
    noise = torch.randn(truth.data.shape, generator=torch.Generator().manual_seed(0)) * 60
    noisy = truth.derive(truth.data + noise, "noise")
    made = DENOISERS[name](noisy)
    assert rmse(made.data, truth.data) < 0.8 * rmse(noisy.data, truth.data)
    assert float(made.data.mean()) == pytest.approx(float(noisy.data.mean()), abs=5)
    assert (made.unit, made.affine) == ("HU", truth.affine)
    assert len(made.steps) == 2


def test_denoising_an_even_slice_changes_nothing():
    even = Volume(torch.full((1, 32, 32), 40.0))
    for name, filtered in DENOISERS.items():
        assert filtered(even).data.numpy() == pytest.approx(40, abs=1e-3), name


def test_slices_taken_stay_in_their_place():
    volume = ramp()
    volume = Volume(torch.arange(10.0)[:, None, None].expand(10, 4, 5).contiguous(), volume.affine)
    assert take_slices(volume) is volume
    for place, expected in {
        (2, 3): [2, 3, 4],
        (None, 3): [3, 4, 5],
        (8, 5): [8, 9],
        (7, 0): [7, 8, 9],
        (None, 99): list(range(10)),
    }.items():
        made = take_slices(volume, *place)
        assert made.data[:, 0, 0].tolist() == expected
        corner = geometry.apply(made.affine, (1, 1, 0))
        assert corner == pytest.approx(geometry.apply(volume.affine, (1, 1, expected[0])))
    with pytest.raises(NodeError, match="the last is 9"):
        take_slices(volume, 10)
