"""Resampling: geometry, filters, alpha and light."""

import pytest
import torch
from graphgen_nodes.image import Image
from graphgen_nodes.image.resize import decode_srgb, encode_srgb, resize

from graphgen import Context, NodeError

FILTERS = ("nearest", "bilinear", "bicubic", "lanczos", "area")


def run(pixels: torch.Tensor, *args, **options) -> torch.Tensor:
    return resize(Image(pixels), *args, ctx=Context(), **options).pixels


def ramp(width: int, height: int) -> torch.Tensor:
    """Each pixel holds the place of its centre, from 0 at the left edge to 1 at the right."""
    return ((torch.arange(width) + 0.5) / width).expand(1, 1, height, width).contiguous()


@pytest.mark.parametrize("filter", FILTERS)
def test_the_same_size_is_the_same_picture(filter):
    pixels = torch.rand(2, 3, 9, 7)
    assert torch.allclose(run(pixels, 7, 9, filter=filter), pixels, atol=1e-6)


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("width", [16, 50, 96])
def test_pixel_edges_stay_aligned(filter, width):
    result = run(ramp(32, 4), width, 4, filter=filter)
    expected = ramp(width, 4)
    inner = slice(width // 8, -width // 8)
    tolerance = 0.5 / 32 + 1e-4 if filter in ("nearest", "area") else 2e-3
    assert (result - expected)[..., inner].abs().max() <= tolerance
    if filter != "nearest":
        assert abs(float(result.mean()) - 0.5) < 2e-3


@pytest.mark.parametrize("filter", ["bilinear", "bicubic", "lanczos", "area"])
def test_reduction_is_antialiased(filter):
    stripes = torch.tensor([0.0, 1.0]).repeat(64).expand(1, 1, 128, 128).contiguous()
    assert (run(stripes, 19, 19, filter=filter) - 0.5).abs().max() < 0.08
    assert (run(stripes, 32, 32, filter="nearest") - 0.5).abs().min() == 0.5


def test_area_is_the_mean_of_what_a_pixel_covers():
    pixels = torch.rand(1, 3, 8, 12)
    expected = pixels.reshape(1, 3, 2, 4, 4, 3).mean(dim=(3, 5))
    assert torch.allclose(run(pixels, 4, 2, filter="area"), expected, atol=1e-6)


def test_results_stay_in_range():
    pixels = (torch.rand(1, 3, 16, 16) > 0.5).float()
    result = run(pixels, 61, 47, filter="lanczos")
    assert (result.min(), result.max()) == (0, 1)


@pytest.mark.parametrize(
    ("mode", "asked", "got"),
    [
        ("exact", (50, 60), (50, 60)),
        ("fit", (100, 100), (100, 50)),
        ("fit", (400, 20), (40, 20)),
        ("fill", (60, 60), (60, 60)),
        ("longest_side", (100, 1), (100, 50)),
    ],
)
def test_modes_give_these_sizes(mode, asked, got):
    result = run(torch.rand(2, 3, 40, 80), *asked, mode=mode)
    assert result.shape == (2, 3, got[1], got[0])


def test_longest_side_of_a_tall_picture_is_its_height():
    assert run(torch.rand(1, 1, 80, 40), 100, 1, mode="longest_side").shape == (1, 1, 100, 50)


def test_multiples_are_kept():
    result = run(torch.rand(1, 1, 50, 77), 100, 100, mode="fit", multiple_of=8)
    assert result.shape == (1, 1, 64, 96)


def test_fill_covers_and_keeps_the_middle():
    result = run(ramp(80, 40), 40, 40, mode="fill", filter="bilinear")
    # The middle half of the width: from 0.25 to 0.75, at the same scale.
    assert torch.allclose(result, ramp(80, 40)[..., 20:60], atol=1e-6)


def test_transparent_colour_does_not_bleed_in():
    pixels = torch.zeros(1, 4, 8, 8)
    pixels[:, 1] = 1  # green, transparent on the left
    pixels[:, 0, :, 4:] = 1
    pixels[:, 1, :, 4:] = 0
    pixels[:, 3, :, 4:] = 1  # red, opaque on the right
    result = run(pixels, 3, 3, filter="bilinear")
    edge = result[0, :, 1, 1]
    assert 0.2 < edge[3] < 0.8
    assert edge[0] == pytest.approx(1, abs=1e-5)
    assert edge[1] == pytest.approx(0, abs=1e-5)


def test_linear_light_averages_light():
    checks = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(4, 4)[None, None]
    assert run(checks, 1, 1, filter="area").item() == pytest.approx(0.5, abs=1e-6)
    # Half the light is 0.7354 in sRGB (IEC 61966-2-1).
    light = run(checks, 1, 1, filter="area", linear_light=True).item()
    assert light == pytest.approx(0.7354, abs=1e-4)


def test_the_srgb_curve_has_its_published_values_and_inverse():
    values = torch.linspace(0, 1, 4097)
    assert torch.allclose(encode_srgb(decode_srgb(values)), values, atol=1e-6)
    known = torch.tensor([0.04045, 0.5, 1.0])
    assert torch.allclose(decode_srgb(known), torch.tensor([0.0031308, 0.2140411, 1.0]), atol=1e-6)


def test_absurd_sizes_are_refused():
    with pytest.raises(NodeError, match="would not fit"):
        run(torch.rand(1, 1, 2, 2).expand(2, 1, 2, 2), 32768, 32768)
