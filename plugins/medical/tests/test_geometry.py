from __future__ import annotations

import math

import pytest

from graphgen_medical import geometry

OBLIQUE = geometry.compose(
    (-120.0, -90.5, 33.0),
    (0.7, 0.8, 2.5),
    [(math.cos(0.3), math.sin(0.3), 0.0), (-math.sin(0.3), math.cos(0.3), 0.0), (0.0, 0.0, 1.0)],
)


def test_spacing_and_origin_come_back():
    assert geometry.spacing(OBLIQUE) == pytest.approx((0.7, 0.8, 2.5))
    assert geometry.origin(OBLIQUE) == (-120.0, -90.5, 33.0)
    assert geometry.determinant(OBLIQUE) == pytest.approx(0.7 * 0.8 * 2.5)
    assert geometry.skew_degrees(OBLIQUE) == pytest.approx(0.0, abs=1e-5)


def test_orientation_letters():
    assert geometry.orientation(geometry.IDENTITY) == "LPS"
    assert geometry.orientation(geometry.lps_to_ras(geometry.IDENTITY)) == "RAS"
    assert geometry.orientation(geometry.permuted(geometry.IDENTITY, (1, 2, 0))) == "PSL"
    assert geometry.orientation(OBLIQUE) == "LPS"


def test_resampling_keeps_the_edges_of_the_volume():
    finer = geometry.resampled(OBLIQUE, (4, 2, 1))
    assert geometry.spacing(finer) == pytest.approx((0.175, 0.4, 2.5))
    assert geometry.apply(finer, (-0.5, -0.5, 0)) == pytest.approx(
        geometry.apply(OBLIQUE, (-0.5, -0.5, 0))
    )
    assert geometry.apply(finer, (4 * 10 - 0.5, 2 * 7 - 0.5, 3)) == pytest.approx(
        geometry.apply(OBLIQUE, (9.5, 6.5, 3))
    )


def test_a_flipped_axis_names_the_same_places():
    flipped = geometry.flipped(OBLIQUE, 1, 12)
    assert geometry.apply(flipped, (3, 11 - 4, 5)) == pytest.approx(
        geometry.apply(OBLIQUE, (3, 4, 5))
    )
    assert geometry.orientation(flipped) == "LAS"


def test_cropping_moves_the_origin():
    cropped = geometry.cropped(OBLIQUE, (2, 3, 4))
    assert geometry.apply(cropped, (1, 1, 1)) == pytest.approx(geometry.apply(OBLIQUE, (3, 4, 5)))


def test_a_tilted_gantry_shows_as_skew():
    tilted = geometry.as_affine(
        [[1, 0, 0, 0], [0, 1, math.tan(0.2), 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    )
    assert geometry.skew_degrees(tilted) == pytest.approx(math.degrees(0.2))


@pytest.mark.parametrize(
    "values",
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        [[1, 0, 0, math.nan], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1]],
    ],
)
def test_no_affine(values):
    with pytest.raises(ValueError, match="affine"):
        geometry.as_affine(values)
