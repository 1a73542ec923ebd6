from __future__ import annotations

import pytest
from PIL import Image

from .conftest import STEPS, WORKFLOWS
from .pictures import array, arrays, colour, distance, looks_like_an_icon, middle, read, rising

SKETCH = WORKFLOWS / "assets" / "sketch.png"


@pytest.fixture
def paint(run):
    def call(**inputs):
        return array(run("image_to_image", **{"steps": STEPS, **inputs})["image"])

    return call


def test_the_sketch_becomes_an_apple(run, draw):
    picture = array(run("image_to_image")["image"])
    sketch = read(SKETCH)
    assert looks_like_an_icon(picture)
    assert colour(middle(picture)) == "red"
    assert 0.03 < distance(picture, sketch) < distance(draw("red apple", steps=30), sketch)
    centre = slice(28, 44)  # flat in the sketch; a painted apple has light and shade
    assert sketch[centre, centre].std(axis=(0, 1)).max() < 1e-6
    assert picture[centre, centre].std(axis=(0, 1)).max() > 0.03


def test_denoise_says_how_far_it_goes_from_the_picture(paint):
    sketch = read(SKETCH)
    shares = (0.0, 0.1, 0.3, 1.0)
    steps = [paint(prompt="four leaf clover", denoise=share) for share in shares]
    away = [distance(step, sketch) for step in steps]
    assert rising(away)
    assert away[0] < 0.03  # once through the autoencoder
    assert away[1] < away[3] / 2
    assert [colour(middle(step)) for step in (steps[0], steps[1])] == ["red", "red"]
    assert colour(middle(steps[3])) == "green"


def test_with_denoise_1_it_is_what_the_prompt_alone_gives(paint, draw):
    free = paint(prompt="four leaf clover", denoise=1.0)
    # The noise is that of text to image; next to nothing is left of the sketch.
    alone = draw("four leaf clover")
    assert distance(free, alone) < distance(free, read(SKETCH)) / 2


def test_the_seed_counts(paint):
    first, second = paint(denoise=0.3), paint(denoise=0.3, seed=8)
    assert (first == paint(denoise=0.3, seed=7)).all()
    assert distance(first, second) > 0.005


def test_a_photograph_of_any_size_is_cut_to_fit(saved_engine, run, paint):
    photo = saved_engine.workspace.inputs / "photo.png"
    photo.parent.mkdir(parents=True, exist_ok=True)
    wide = Image.new("RGB", (300, 200), "#2060e0")
    wide.paste("#ffffff", (0, 0, 30, 200))  # stands out on the left, and is cut off
    wide.save(photo)
    (cut,) = arrays(run("image_to_image", target="resize", image="photo.png")["image"])
    assert abs(cut - [0x20 / 255, 0x60 / 255, 0xE0 / 255]).max() < 1e-6
    picture = paint(image="photo.png", denoise=0.0)
    assert picture.shape == (64, 64, 3)
    assert colour(picture) == "blue"


def test_the_picture_that_is_repainted_is_the_resized_one(run):
    (made,) = arrays(run("image_to_image", target="resize")["image"])
    assert distance(made, read(SKETCH)) < 1e-6
