from __future__ import annotations

from itertools import combinations

import pytest

from .conftest import STEPS
from .pictures import array, arrays, cells, corners, distance

ROUNDING = 1e-4


@pytest.fixture
def images(run):
    def call(**inputs):
        return arrays(run("unconditional", **{"steps": STEPS, **inputs})["images"])

    return call


def test_nine_pictures_that_differ_on_white(run):
    outputs = run("unconditional", steps=STEPS)
    pictures = arrays(outputs["images"])
    assert len(pictures) == 9
    for picture in pictures:
        assert picture.shape == (64, 64, 3)
        assert sum(corners(picture)) / 4 > 0.8
        assert picture.std() > 0.05
    assert min(distance(a, b) for a, b in combinations(pictures, 2)) > 0.02


def test_the_sheet_shows_them_in_order(run):
    outputs = run("unconditional", steps=STEPS)
    sheet = array(outputs["sheet"])
    assert sheet.shape == (3 * 72 + 8, 3 * 72 + 8, 3)
    shown = [cell for row in cells(sheet, 64, 72, 3, 3) for cell in row]
    for cell, picture in zip(shown, arrays(outputs["images"]), strict=True):
        assert (cell == picture).all()


def test_picture_i_is_that_of_seed_plus_i(images):
    batch = images(seed=20, batch=3)
    for index in (0, 2):
        (alone,) = images(seed=20 + index, batch=1)
        assert abs(batch[index] - alone).max() < ROUNDING
    assert distance(batch[0], batch[1]) > 0.01


def test_a_prompt_makes_a_difference(images, draw):
    (nothing,) = images(seed=7, batch=1)
    assert distance(nothing, draw("red apple", seed=7)) > 0.05
