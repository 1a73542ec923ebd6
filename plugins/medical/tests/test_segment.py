from __future__ import annotations

import math

import pytest
import torch
from graphgen import Context, NodeError

from graphgen_medical import geometry
from graphgen_medical.load import read_scan
from graphgen_medical.preprocess.grid import body_mask
from graphgen_medical.segment import segment_lung
from graphgen_medical.types import Volume

from . import scans
from .phantoms import AXES, shepp_logan


def chest(spacing: float = 1.5, directions=AXES, touching: bool = False) -> Volume:
    """A body 330 mm wide with two lungs, vessels in them, and a windpipe between and above."""
    depth, height, width = 24, round(270 / spacing), round(390 / spacing)
    z, y, x = torch.meshgrid(
        torch.arange(depth) * 10.0,
        (torch.arange(height) - (height - 1) / 2) * spacing,
        (torch.arange(width) - (width - 1) / 2) * spacing,
        indexing="ij",
    )
    hu = torch.full((depth, height, width), -1000.0)
    hu[(x / 165) ** 2 + (y / 110) ** 2 < 1] = 40.0
    low = z < 160
    for side in (-1, 1):
        lung = ((x - side * 75) / (62 if side > 0 else 68)) ** 2 + (y / 75) ** 2 < 1
        hu[lung & low] = -850.0
        hu[((x - side * 75) ** 2 + y**2 < 3**2) & low] = 50.0
    if touching:
        hu[(x.abs() < 15) & ((y + 20).abs() < 3) & low] = -850.0
    hu[(x**2 + (y - 5) ** 2 < 9**2) & (z > 60)] = -1000.0
    origin = (0.0, 0.0, 0.0)
    return Volume(hu, geometry.compose(origin, (spacing, spacing, 10.0), directions))


def ellipse(a: float, b: float) -> float:
    return 3.14159 * a * b * 160 / 1000  # ml


@pytest.mark.parametrize(("spacing", "touching"), [(1.5, False), (0.75, False), (1.5, True)])
def test_both_lungs_are_found(spacing, touching):
    seen = []
    context = Context(report=lambda step, total, _: seen.append((step, total)))
    made = segment_lung(chest(spacing, touching=touching), ctx=context)
    volumes = {what: value for what, value, unit in made.report.rows if unit == "ml"}
    assert volumes["left lung: volume"] == pytest.approx(ellipse(62, 75), rel=0.05)
    assert volumes["right lung: volume"] == pytest.approx(ellipse(68, 75), rel=0.05)
    labels = made.segmentation.labels
    middle = labels[5, labels.shape[1] // 2]
    assert int(middle[round(120 / spacing)]) == 2  # x grows to the left
    assert int(middle[round(270 / spacing)]) == 1
    assert not labels[18:].any()  # the windpipe goes on above
    assert made.segmentation.names == ("left lung", "right lung")
    assert seen == [(step, 4) for step in (1, 2, 3, 4)]


def test_a_dark_tip_of_a_lung_is_no_windpipe():
    volume = chest()
    height = volume.data.shape[1]
    y = (torch.arange(height) - (height - 1) / 2)[:, None] * 1.5
    tip = (volume.data == -850) & (y < -56)
    volume.data[tip] = -925.0
    made = segment_lung(volume, ctx=Context())
    volumes = {what: value for what, value, unit in made.report.rows if unit == "ml"}
    assert volumes["left lung: volume"] == pytest.approx(ellipse(62, 75), rel=0.05)
    assert bool((made.segmentation.labels[tip] > 0).float().mean() > 0.9)
    assert not made.segmentation.labels[18:].any()


@pytest.mark.skipif(not (scans.DATA / "chest").is_dir(), reason="real CT is absent: make data")
def test_lungs_of_a_real_chest_are_whole():
    volume = read_scan(scans.DATA / "chest")
    labels = segment_lung(volume, ctx=Context()).segmentation.labels
    # Air of the body that is neither lung nor windpipe, between apex and base; bowel gas is none.
    air = (volume.data < -700) & body_mask(volume)
    voxel = math.prod(volume.spacing) / 1000
    left_out = (air & (labels == 0))[20:50].sum() * voxel
    assert float(left_out) < 60  # ml, of 5,000; windpipe and bronchi have 25


def test_left_is_the_patients_left_however_columns_run():
    flipped = chest(directions=[(-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)])
    labels = segment_lung(flipped, ctx=Context()).segmentation.labels
    assert int(labels[5, labels.shape[1] // 2, 80]) == 1


def test_vessels_are_closed_over():
    closed = segment_lung(chest(), closing=12, ctx=Context()).segmentation.labels
    volume = chest()
    vessel = (volume.data[5] == 50).numpy()
    assert bool((closed[5].numpy()[vessel] > 0).all())


def test_no_chest_no_lungs():
    with pytest.raises(NodeError, match="no lungs") as caught:
        segment_lung(Volume(chest().data.clamp_min(-100), chest().affine), ctx=Context())
    assert caught.value.code == "no_lung"
    with pytest.raises(NodeError, match="MR"):
        segment_lung(Volume(shepp_logan().data, modality="MR"), ctx=Context())
