from __future__ import annotations

import numpy as np
import pytest

from graphgen import Engine

from .conftest import STEPS, WORKFLOWS
from .pictures import array, colour, distance, looks_like_an_icon, middle

PROMPTS = {
    "red apple": "red",
    "lemon": "yellow",
    "four leaf clover": "green",
    "fish": "blue",
    "grapes": "purple",
}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_gives_an_icon_of_its_colour(draw, prompt):
    picture = draw(prompt)
    assert picture.shape == (64, 64, 3)
    assert looks_like_an_icon(picture)
    assert colour(middle(picture)) == PROMPTS[prompt]


def test_what_the_file_holds_is_a_pizza_on_white(run):
    picture = array(run("text_to_image")["image"])
    assert looks_like_an_icon(picture)
    assert colour(middle(picture)) in ("red", "yellow")


def test_the_checks_can_fail(draw):
    noise = np.random.default_rng(0).random((64, 64, 3))
    for picture in (noise, np.ones((64, 64, 3)), np.full((64, 64, 3), [0.9, 0.1, 0.1])):
        assert not looks_like_an_icon(picture)
    assert colour(noise) == "grey"
    assert colour(middle(draw("fish"))) != PROMPTS["red apple"]


def test_one_seed_gives_one_picture_bit_for_bit(draw, tmp_path):
    with Engine(workspace=tmp_path, device="cpu") as another:
        inputs = {"prompt": "red apple", "steps": STEPS}
        result = another.run(WORKFLOWS / "text_to_image.json", inputs).raise_if_failed()
    assert (array(result.outputs["image"]) == draw("red apple")).all()


def test_another_seed_gives_another_picture_of_the_same(draw):
    first, second = draw("red apple"), draw("red apple", seed=8)
    assert distance(first, second) > 0.01
    assert colour(middle(second)) == "red"
    assert distance(first, second) < distance(first, draw("fish"))


def test_steps_and_guidance_change_the_picture(draw):
    plain = draw("red apple")
    assert distance(plain, draw("red apple", steps=STEPS - 5)) > 0.001
    assert distance(plain, draw("red apple", guidance=6.0)) > 0.01


def test_guidance_1_leaves_the_negative_prompt_out(draw):
    without = draw("red apple", guidance=1.0)
    assert (without == draw("red apple", guidance=1.0, negative="fish")).all()


def test_the_negative_prompt_pushes_away(draw):
    plain = draw("red apple")
    pushed = draw("red apple", negative="red")
    assert distance(plain, pushed) > 0.01
