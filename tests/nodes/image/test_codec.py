"""Saving, loading and previewing the port types of pictures."""

import json
from pathlib import Path

import numpy as np
import torch
from graphgen_nodes.image import Image, Mask, codec, graphgen_types
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image as Pillow

ALL_BYTES = torch.arange(256, dtype=torch.uint8)
WORKFLOW = json.dumps({"format": "graphgen/1", "name": "a – b"}, ensure_ascii=False)


class Target:
    """What the engine hands to ``TypeSpec.save``."""

    def __init__(self, folder: Path, **metadata: str) -> None:
        self.folder = folder
        self.metadata = metadata
        self.paths: list[Path] = []

    def path(self, suffix: str) -> Path:
        self.paths.append(self.folder / f"image-{len(self.paths)}{suffix}")
        return self.paths[-1]


def specs():
    return {spec.name: spec for spec in graphgen_types()}


def test_every_byte_survives_the_round_trip():
    values = ALL_BYTES.float() / 255
    assert torch.equal(codec.to_uint8(values), ALL_BYTES)


@given(hnp.arrays(np.float32, (1, 3, 2, 5), elements=st.floats(width=32)))
def test_arrays_give_the_pictures_that_tensors_give(values):
    """What comes from the disk cache without torch is saved like what was computed."""
    (expected,) = codec.pillow_images(torch.from_numpy(values))
    (picture,) = codec.pillow_images(values)
    assert (picture.mode, picture.tobytes()) == (expected.mode, expected.tobytes())


def test_bytes_are_rounded_to_the_nearest():
    values = torch.tensor([0.0, 0.4 / 255, 0.6 / 255, 1.4 / 255, 254.6 / 255, 1.0])
    assert codec.to_uint8(values).tolist() == [0, 0, 1, 1, 255, 255]


def test_values_outside_go_to_the_nearest_end_and_nan_to_black():
    values = torch.tensor([-3.0, 7.0, float("nan"), float("inf"), float("-inf")])
    before = values.clone()
    assert codec.to_uint8(values).tolist() == [0, 255, 0, 255, 0]
    assert torch.equal(values.nan_to_num(), before.nan_to_num())


def test_a_batch_is_saved_as_one_png_each_with_the_workflow_in_it(tmp_path):
    pixels = ALL_BYTES.float().div(255).reshape(1, 1, 16, 16).repeat(2, 3, 1, 1)
    pixels[1] = pixels[1].flip(-1)
    target = Target(tmp_path, workflow=WORKFLOW, run="r1")
    specs()["image"].save(Image(pixels), target)
    assert len(target.paths) == 2
    for path, expected in zip(target.paths, pixels, strict=True):
        with Pillow.open(path) as picture:
            assert picture.text == {"workflow": WORKFLOW, "run": "r1"}
            assert picture.mode == "RGB"
            stored = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
        assert torch.equal(stored, codec.to_uint8(expected))
        assert torch.equal(specs()["image"].load(path).pixels[0], expected)


def test_grey_and_alpha_keep_their_channels(tmp_path):
    for channels, mode in ((1, "L"), (4, "RGBA")):
        target = Target(tmp_path)
        image = Image(torch.rand(1, channels, 5, 7))
        specs()["image"].save(image, target)
        with Pillow.open(target.paths[0]) as picture:
            assert (picture.mode, picture.size) == (mode, (7, 5))
        again = specs()["image"].load(target.paths[0]).pixels
        assert (again - image.pixels).abs().max() <= 0.5 / 255 + 1e-6


def test_a_mask_becomes_a_grey_picture_and_only_that_way_round():
    mask = Mask(torch.rand(2, 1, 4, 4))
    assert list(specs()["mask"].conversions) == [Image]
    assert torch.equal(specs()["mask"].conversions[Image](mask).pixels, mask.values)
    assert not specs()["image"].conversions


def test_a_mask_is_saved_and_read_back_by_luma(tmp_path):
    target = Target(tmp_path)
    mask = Mask(ALL_BYTES.float().div(255).reshape(1, 1, 16, 16))
    specs()["mask"].save(mask, target)
    assert torch.equal(specs()["mask"].load(target.paths[0]).values, mask.values)
    Pillow.new("RGBA", (2, 1), (255, 0, 0, 255)).save(tmp_path / "red.png")
    assert torch.allclose(specs()["mask"].load(tmp_path / "red.png").values, torch.tensor(0.2126))
    Pillow.new("RGBA", (2, 1), (255, 255, 255, 0)).save(tmp_path / "clear.png")
    assert specs()["mask"].load(tmp_path / "clear.png").values.max() == 0


def test_a_preview_is_a_small_png_of_the_first(tmp_path):
    pixels = torch.zeros(3, 3, 600, 1200)
    pixels[0, 0] = 1
    (tmp_path / "p.png").write_bytes(specs()["image"].preview(Image(pixels)))
    with Pillow.open(tmp_path / "p.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (256, 128))
        assert picture.getpixel((100, 100)) == (255, 0, 0)
    (tmp_path / "m.png").write_bytes(specs()["mask"].preview(Mask(torch.ones(1, 1, 3, 2))))
    with Pillow.open(tmp_path / "m.png") as picture:
        assert (picture.size, picture.getpixel((0, 0))) == ((2, 3), 255)
