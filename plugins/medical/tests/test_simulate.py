from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from graphgen import CancelToken, Context, NodeError
from graphgen.problems import Cancelled
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.transform import iradon, radon

from graphgen_medical.measure.metrics import rmse
from graphgen_medical.simulate.attenuation import WATER_PER_MM, to_attenuation, to_hounsfield
from graphgen_medical.simulate.nodes import simulate_low_dose, simulate_sparse_view
from graphgen_medical.simulate.projection import project, reconstruct, view_angles
from graphgen_medical.simulate.scan import count_photons
from graphgen_medical.types import Volume

from .phantoms import shepp_logan

VIEWS = 90
EDGE = 53  # so that both count bins from the same middle: 75


@pytest.fixture(scope="module")
def head():
    return to_attenuation(shepp_logan(EDGE, 1).data)


def test_projections_are_scikit_images(head):
    turned = [-angle for angle in view_angles(VIEWS)]  # scikit-image's y points up
    ours = project(head, turned, (1.0, 1.0))[0].numpy().T
    theirs = radon(head[0].numpy(), np.arange(VIEWS) * 180 / VIEWS, circle=False)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).mean() < 0.01 * theirs.max()
    assert ours.sum(0) == pytest.approx(theirs.sum(0), rel=0.01)


@pytest.mark.parametrize("filter", ["ramp", "shepp-logan", "cosine", "hamming", "hann"])
def test_reconstruction_is_scikit_images(head, filter):
    turned = [-angle for angle in view_angles(VIEWS)]
    sinogram = project(head, turned, (1.0, 1.0))
    ours = reconstruct(sinogram, turned, (EDGE, EDGE), (1.0, 1.0), filter)[0].numpy()
    theirs = iradon(
        sinogram[0].numpy().T,
        np.arange(VIEWS) * 180 / VIEWS,
        output_size=EDGE,
        filter_name=filter,
        circle=False,
    )
    np.testing.assert_allclose(ours, theirs, atol=0.005 * theirs.max(), rtol=0)


def test_water_stays_water_and_air_air():
    y, x = torch.meshgrid(torch.arange(80) - 39.5, torch.arange(80) - 39.5, indexing="ij")
    disc = torch.where(x**2 + y**2 < 30**2, 0.0, -1000.0)[None]
    angles = view_angles(180)
    sinogram = project(to_attenuation(disc), angles, (0.8, 0.8))
    assert float(sinogram.max()) == pytest.approx(60 * 0.8 * WATER_PER_MM, rel=0.03)
    made = to_hounsfield(reconstruct(sinogram, angles, (80, 80), (0.8, 0.8)))
    assert float(made[0, 30:50, 30:50].mean()) == pytest.approx(0, abs=3)
    assert float(made[0, 36:44, 1:6].mean()) == pytest.approx(-1000, abs=10)


def test_pixels_need_not_be_square():
    square = shepp_logan(65, 1, spacing=(1.0, 1.0, 3.0)).data
    tall = square[:, ::2, :]  # every second row: pixels of 1 x 2 mm
    angles = view_angles(120)
    whole = project(to_attenuation(square), angles, (1.0, 1.0)).sum(-1)
    thinned = project(to_attenuation(tall), angles, (1.0, 2.0)).sum(-1)
    assert thinned.numpy() == pytest.approx(whole.numpy(), rel=0.05)
    made = reconstruct(project(to_attenuation(tall), angles, (1.0, 2.0)), angles, (33, 65), (1, 2))
    assert rmse(to_hounsfield(made), tall) < 120


@settings(max_examples=20)
@given(st.floats(-1000, 3071))
def test_attenuation_goes_there_and_back(value):
    hounsfield = torch.tensor([value])
    assert float(to_hounsfield(to_attenuation(hounsfield))) == pytest.approx(value, abs=1e-3)


def test_less_than_air_is_air():
    assert float(to_attenuation(torch.tensor(-2000.0))) == 0


def test_counts_are_poisson():
    sinogram = torch.full((1, 300, 300), 2.0)
    read = count_photons(sinogram, 1e4, [torch.Generator().manual_seed(1)])
    mean = 1e4 * math.exp(-2)
    assert float(read.mean()) == pytest.approx(2.0, abs=2e-3)
    assert float(read.std()) == pytest.approx(1 / math.sqrt(mean), rel=0.02)


def test_a_bin_without_photons_is_read_as_one():
    read = count_photons(torch.full((1, 2, 2), 50.0), 1e4, [torch.Generator().manual_seed(1)])
    assert read.numpy() == pytest.approx(math.log(1e4))


def test_fewer_photons_and_fewer_views_are_worse():
    volume = shepp_logan()
    errors = [
        rmse(simulate_low_dose(volume, photons, views=90, ctx=Context()).data, volume.data)
        for photons in (1e3, 1e4, 1e8)
    ]
    assert errors[0] > 1.2 * errors[1] > 1.2 * errors[2]
    few = [
        rmse(simulate_sparse_view(volume, views, ctx=Context()).data, volume.data)
        for views in (15, 30, 120)
    ]
    assert few[0] > few[1] > few[2]


def test_noise_is_that_of_the_seed_and_the_slice():
    volume = shepp_logan(depth=6)
    made = simulate_low_dose(volume, views=20, seed=3, ctx=Context())
    again = simulate_low_dose(volume, views=20, seed=3, ctx=Context())
    other = simulate_low_dose(volume, views=20, seed=4, ctx=Context())
    assert torch.equal(made.data, again.data)
    assert not torch.equal(made.data, other.data)
    short = Volume(volume.data[:2], volume.affine)
    alone = simulate_low_dose(short, views=20, seed=3, ctx=Context())
    assert alone.data.numpy() == pytest.approx(made.data[:2].numpy(), abs=0.05)
    assert made.affine == volume.affine
    assert "10000 photons, 20 views" in made.steps[-1]


def test_progress_reaches_every_slice_and_stops_when_cancelled():
    seen = []
    context = Context(report=lambda step, total, _: seen.append((step, total)))
    simulate_sparse_view(shepp_logan(depth=6), 10, ctx=context)
    assert seen == [(4, 6), (6, 6)]
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        simulate_sparse_view(shepp_logan(), 10, ctx=Context(token=token))


@pytest.mark.parametrize(("modality", "unit", "words"), [("MR", "US", "MR"), ("CT", "US", "Houns")])
def test_only_hounsfield_units(modality, unit, words):
    volume = Volume(shepp_logan().data, modality=modality, unit=unit)
    with pytest.raises(NodeError, match=words) as caught:
        simulate_low_dose(volume, ctx=Context())
    assert caught.value.code == "not_hounsfield"
