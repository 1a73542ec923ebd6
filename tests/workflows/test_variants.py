from __future__ import annotations

import numpy as np
import pytest

from .pictures import array, cells, looks_like_an_icon

INPUTS = {"prompt": "red apple", "steps": 5, "guidance": 2.0}
ROUNDING = 1e-4


@pytest.fixture
def pictures(run):
    sheet = array(run("variants", **INPUTS)["image"])
    assert sheet.shape == (10 * 68 + 4, 10 * 68 + 4, 3)
    return [cell for row in cells(sheet, 64, 68, 10, 10) for cell in row]


def test_a_hundred_pictures_no_two_alike(pictures):
    assert len(pictures) == 100
    flat = np.stack([picture.reshape(-1) for picture in pictures])
    apart = np.abs(flat[:, None, ::7] - flat[None, :, ::7]).mean(axis=-1)
    assert apart[~np.eye(100, dtype=bool)].min() > 0.005
    assert sum(map(looks_like_an_icon, pictures)) > 90


@pytest.mark.parametrize("index", [0, 37, 99])
def test_picture_i_is_that_of_seed_plus_i(pictures, draw, index):
    alone = draw(seed=index, **INPUTS)
    assert abs(pictures[index] - alone).max() < ROUNDING
    assert abs(pictures[(index + 1) % 100] - alone).max() > 0.1


def test_another_batch_size_gives_the_same_pictures(pictures, run):
    sheet = array(run("variants", seed=3, batches=2, batch=4, **INPUTS)["image"])
    assert sheet.shape == (2 * 68 + 4, 4 * 68 + 4, 3)
    for at, cell in enumerate(cell for row in cells(sheet, 64, 68, 4, 2) for cell in row):
        assert abs(cell - pictures[3 + at]).max() < ROUNDING
