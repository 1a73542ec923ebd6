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


def test_the_sketch_becomes_an_apple(run):
    picture = array(run("image_to_image")["image"])
    sketch = read(SKETCH)
    assert looks_like_an_icon(picture)
    assert colour(middle(picture)) == "red"
    assert 0.02 < distance(picture, sketch) < 0.15
    # A flat disc has got light and shade.
    assert middle(picture).std(axis=(0, 1)).max() > 2 * middle(sketch).std(axis=(0, 1)).max()


def test_denoise_says_how_far_it_goes_from_the_picture(paint):
    sketch = read(SKETCH)
    shares = (0.0, 0.2, 0.5, 1.0)
    steps = [paint(prompt="four leaf clover", denoise=share) for share in shares]
    away = [distance(step, sketch) for step in steps]
    assert rising(away)
    assert away[0] < 0.02  # once through the autoencoder
    assert away[1] < away[3] / 2
    assert [colour(middle(step)) for step in (steps[0], steps[1])] == ["red", "red"]
    assert colour(middle(steps[3])) == "green"


def test_with_denoise_1_it_is_what_the_prompt_alone_gives(paint, draw):
    free = paint(prompt="four leaf clover", denoise=1.0)
    # The noise is that of text to image; next to nothing is left of the sketch.
    alone = draw("four leaf clover")
    assert distance(free, alone) < distance(free, read(SKETCH)) / 2


def test_the_seed_counts(paint):
    first, second = paint(denoise=0.6), paint(denoise=0.6, seed=8)
    assert (first == paint(denoise=0.6, seed=7)).all()
    assert distance(first, second) > 0.005


def test_a_photograph_of_any_size_is_cut_to_fit(saved_engine, paint, tmp_path):
    photo = saved_engine.workspace.inputs / "photo.png"
    photo.parent.mkdir(parents=True, exist_ok=True)
    wide = Image.new("RGB", (300, 200), "#2060e0")
    wide.paste("#ffffff", (0, 0, 50, 200))  # what stands out on the left, and is cut off
    wide.save(photo)
    picture = paint(image="photo.png", denoise=0.0)
    assert picture.shape == (64, 64, 3)
    assert abs(picture - [0x20 / 255, 0x60 / 255, 0xE0 / 255]).mean() < 0.05


def test_the_picture_that_is_repainted_is_the_resized_one(run):
    (made,) = arrays(run("image_to_image", target="resize")["image"])
    assert distance(made, read(SKETCH)) < 1e-6
