"""The upscaler that travels with the pack: found by name, small, and better than resampling."""

import math

import pytest
import torch
from graphgen_nodes.image.composite import composite
from graphgen_nodes.image.create import gradient, solid
from graphgen_nodes.image.filters import blur
from graphgen_nodes.image.masks import mask_shape
from graphgen_nodes.image.types import Image
from graphgen_nodes.upscale import EMOJI, graphgen_model_loaders, graphgen_models, nodes

from graphgen import Context
from graphgen.environment import Environment
from graphgen.models.library import ModelLibrary
from graphgen.models.pool import ModelPool


@pytest.fixture(scope="module")
def ctx():
    library = ModelLibrary(packaged=graphgen_models())
    return Context(
        environment=Environment(models=library), pool=ModelPool(graphgen_model_loaders())
    )


def face() -> Image:
    """Flat shapes with curved edges on white, as icons have them; 256 pixels."""
    picture = solid(256, 256, "#ffffff")
    for colour, left, top, right, bottom in (
        ("#fcc21b", 20, 14, 236, 242),
        ("#2f2f2f", 70, 80, 102, 128),
        ("#2f2f2f", 154, 80, 186, 128),
        ("#d84315", 84, 160, 172, 210),
    ):
        mask = mask_shape(256, 256, "ellipse", left, top, right, bottom)
        picture = composite(picture, solid(256, 256, colour), mask)
    return picture


def psnr(made: torch.Tensor, truth: torch.Tensor) -> float:
    return -10 * math.log10(float((made - truth).square().mean()))


def test_it_is_small_and_comes_with_its_card():
    assert EMOJI.stat().st_size < 300_000
    card = (EMOJI.parent / "README.md").read_text()
    assert "Apache-2.0" in card
    assert "{" not in card


def soft(image: Image) -> Image:
    """As a small diffusion model draws it: a slight blur and a little noise."""
    noise = torch.randn(image.pixels.shape, generator=torch.Generator().manual_seed(0))
    return Image((blur(image, 0.6).pixels + 0.01 * noise).clamp(0, 1))


@pytest.mark.parametrize(("change", "gain"), [(lambda image: image, -0.2), (soft, 1.0)])
def test_it_beats_resampling_where_pictures_are_soft_and_is_as_good_where_not(ctx, change, gain):
    model = nodes.load_model("emoji-x4", ctx=ctx)
    assert (model.name, model.scale, model.channels) == ("emoji-x4", 4, 3)
    truth = face().pixels
    small = change(Image(torch.nn.functional.avg_pool2d(truth, 4)))
    made = psnr(nodes.upscale(small, model, ctx=ctx).pixels, truth)
    best = max(
        psnr(nodes.resample_image(small, 4, filter, ctx=ctx).pixels, truth)
        for filter in ("bilinear", "bicubic", "lanczos")
    )
    assert made > best + gain


def test_it_keeps_colours_and_plain_ground(ctx):
    model = nodes.load_model("emoji-x4", ctx=ctx)
    image = gradient(48, 48, "#ffcc00", "#cc3300")
    made = nodes.upscale(image, model, ctx=ctx).pixels
    back = torch.nn.functional.avg_pool2d(made, 4)
    assert (back - image.pixels)[..., 2:-2, 2:-2].abs().max() < 0.03
    white = nodes.upscale(solid(32, 32, "#ffffff"), model, ctx=ctx).pixels
    assert white.min() > 0.97
