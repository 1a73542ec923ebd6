from __future__ import annotations

import pytest
from PIL import Image

from .conftest import STEPS, WORKFLOWS
from .pictures import array, colour, distance, read

FRAME = read(WORKFLOWS / "assets" / "frame.png")
MASK = read(WORKFLOWS / "assets" / "frame_mask.png")[..., 0] > 0.5


@pytest.fixture
def paint(run):
    def call(target=None, **inputs):
        return array(run("inpaint", target, **{"steps": STEPS, **inputs})["image"])

    return call


def inside(picture):
    return picture[8:56, 8:56]


def test_the_mask_is_the_inside_of_the_frame():
    assert MASK[8:56, 8:56].all()
    assert MASK.sum() == 48 * 48


def test_what_is_outside_stays_and_what_is_inside_is_painted(run):
    picture = array(run("inpaint")["image"])
    assert abs(picture - FRAME)[~MASK].max() < 1e-6
    assert distance(inside(picture), inside(FRAME)) > 0.1
    assert colour(inside(picture)) == "yellow"
    assert colour(inside(FRAME)) == "grey"


def test_the_prompt_says_what_is_painted(paint):
    green, purple = paint(prompt="four leaf clover"), paint(prompt="grapes")
    assert colour(inside(green)) == "green"
    assert colour(inside(purple)) == "purple"
    assert (green[~MASK] == purple[~MASK]).all()


def test_the_sampler_itself_keeps_the_rest(paint, run):
    """Not only the last node, which lays the old pixels over."""

    def away(picture):
        return abs(picture - FRAME)[~MASK].mean()

    settings = {"image": "assets/frame.png", "prompt": "grapes", "steps": STEPS}
    free = array(run("image_to_image", denoise=1.0, **settings)["image"])
    assert away(paint("decode", prompt="grapes")) < away(free) / 3


def test_another_mask_paints_another_part(saved_engine, paint):
    folder = saved_engine.workspace.inputs
    folder.mkdir(parents=True, exist_ok=True)
    mask = Image.new("L", (128, 128), 0)
    mask.paste(255, (64, 0, 128, 128))
    mask.save(folder / "right_half.png")
    picture = paint(mask="right_half.png", prompt="fish")
    assert abs(picture - FRAME)[:, :31].max() < 1e-6
    assert distance(picture[:, 33:], FRAME[:, 33:]) > 0.05
