"""Upscaling: tiles without seams, channels, sizes, progress and cancelling."""

import pytest
import torch
from graphgen_nodes.image.types import Image
from graphgen_nodes.upscale import nodes

from graphgen import NodeError
from graphgen.problems import Cancelled

from .networks import compact, load, seeded


def noise(*shape: int) -> Image:
    generator = torch.Generator().manual_seed(5)
    return Image(torch.rand(shape, generator=generator))


def ramp(channels: int, height: int = 16, width: int = 24) -> Image:
    across = torch.linspace(0.1, 0.9, width).expand(1, channels, height, width)
    return Image(across.contiguous())


def identity(scale: int, channels: int = 3):
    """A network that repeats pixels: its body says nothing, its skip connection all."""
    network = compact(scale, channels)
    with torch.no_grad():
        for parameter in network.body[-1].parameters():
            parameter.zero_()
    return network


@pytest.mark.parametrize("size", [(40, 100), (131, 77), (32, 33), (65, 64)])
@pytest.mark.parametrize("overlap", [16, 10])
def test_tiles_show_no_seam(tmp_path, size, overlap):
    network = compact(scale=2, convolutions=0)  # sees two pixels far, less than overlap / 4
    model, ctx = load(network, tmp_path)
    image = noise(1, 3, *size)
    with torch.no_grad():
        whole = network(image.pixels).clamp(0, 1)
    tiled = nodes.upscale(image, model, tile=32, overlap=overlap, ctx=ctx).pixels
    assert whole.std() > 0.05
    assert tiled.shape == whole.shape
    assert (tiled - whole).abs().max() < 1e-6
    once = nodes.upscale(image, model, tile=512, ctx=ctx).pixels
    assert (once - whole).abs().max() < 1e-6


def test_the_overlap_is_what_hides_the_seam(tmp_path):
    network = compact(scale=2, convolutions=4)
    model, ctx = load(network, tmp_path)
    image = noise(1, 3, 96, 96)
    with torch.no_grad():
        whole = network(image.pixels).clamp(0, 1)

    def error(overlap: int) -> float:
        tiled = nodes.upscale(image, model, tile=64, overlap=overlap, ctx=ctx)
        return float((tiled.pixels - whole).abs().max())

    assert error(32) < error(0) / 10


def test_window_networks_get_aligned_tiles(tmp_path):
    from spandrel.architectures.SwinIR import SwinIR

    network = SwinIR(
        img_size=16, embed_dim=12, depths=[1], num_heads=[2], window_size=8, mlp_ratio=2,
        upscale=2, upsampler="pixelshuffledirect",
    )  # fmt: skip
    network = seeded(network)
    model, ctx = load(network, tmp_path, "swin.pth")
    image = noise(1, 3, 70, 90)
    whole = nodes.upscale(image, model, tile=512, ctx=ctx).pixels
    tiled = nodes.upscale(image, model, tile=40, overlap=20, ctx=ctx).pixels
    assert whole.shape == (1, 3, 140, 180)
    assert whole.std() > 0.01
    assert (tiled - whole).abs().max() < 1e-4


def test_each_of_a_batch_is_what_it_would_be_alone(tmp_path):
    model, ctx = load(compact(scale=4), tmp_path)
    images = noise(3, 3, 20, 30)
    together = nodes.upscale(images, model, ctx=ctx).pixels
    assert together.shape == (3, 3, 80, 120)
    alone = nodes.upscale(Image(images.pixels[1:2]), model, ctx=ctx).pixels
    assert torch.equal(together[1:2], alone)


def test_grey_stays_grey(tmp_path):
    model, ctx = load(identity(2), tmp_path)
    image = ramp(1)
    result = nodes.upscale(image, model, ctx=ctx).pixels
    expected = image.pixels.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert result.shape == expected.shape
    assert torch.allclose(result, expected, atol=1e-6)


def test_a_grey_network_takes_each_colour_by_itself(tmp_path):
    network = compact(scale=2, channels=1)
    model, ctx = load(network, tmp_path)
    image = noise(2, 3, 12, 10)
    result = nodes.upscale(image, model, ctx=ctx).pixels
    with torch.no_grad():
        blue = network(image.pixels[1:2, 2:]).clamp(0, 1)
    assert result.shape == (2, 3, 24, 20)
    assert torch.allclose(result[1:2, 2:], blue, atol=1e-6)


def test_alpha_is_resampled_and_hidden_colour_stays_hidden(tmp_path):
    model, ctx = load(identity(4), tmp_path)
    pixels = torch.zeros(1, 4, 16, 16)
    pixels[:, 1] = 1  # green where nothing shows
    pixels[:, :, :, 8:] = torch.tensor([1.0, 0, 0, 1]).reshape(1, 4, 1, 1)
    result = nodes.upscale(Image(pixels), model, ctx=ctx).pixels
    assert result.shape == (1, 4, 64, 64)
    assert result[0, 3, 32, 8] == 0
    assert result[0, 3, 32, 56] == 1
    shown = result[:, 3:] > 0.02
    assert (result[:, :1][shown] - 1).abs().max() < 1e-3
    assert result[:, 1:2][shown].max() < 1e-3


def test_a_network_for_rgba_gets_all_four(tmp_path):
    model, ctx = load(identity(2, channels=4), tmp_path)
    image = noise(1, 4, 8, 8)
    result = nodes.upscale(image, model, ctx=ctx).pixels
    assert torch.allclose(result[..., ::2, ::2], image.pixels, atol=1e-6)


@pytest.mark.parametrize(("factor", "size"), [(0, (32, 48)), (1.5, (24, 36)), (3, (48, 72))])
def test_the_result_has_the_asked_size(tmp_path, factor, size):
    model, ctx = load(identity(2), tmp_path)
    result = nodes.upscale(ramp(3), model, factor=factor, ctx=ctx).pixels
    assert result.shape[2:] == size
    middle = result[0, 0, size[0] // 2]
    assert middle.diff().min() > -1e-2
    assert float(middle.mean()) == pytest.approx(0.5, abs=5e-3)


def test_a_restoring_network_keeps_the_size(tmp_path):
    model, ctx = load(compact(scale=1), tmp_path)
    assert nodes.upscale(noise(1, 3, 40, 50), model, ctx=ctx).pixels.shape == (1, 3, 40, 50)


def test_progress_counts_tiles_and_shows_them(tmp_path):
    model, ctx = load(identity(2), tmp_path)
    seen = []
    ctx.report = lambda step, total, preview: seen.append((step, total, preview[:4]))
    nodes.upscale(noise(2, 3, 32, 48), model, tile=32, overlap=8, ctx=ctx)
    assert seen == [(step, 4, b"\x89PNG") for step in (1, 2, 3, 4)]


def test_cancelling_stops_at_the_next_tile(tmp_path):
    model, ctx = load(identity(2), tmp_path)
    steps = []

    def report(step, total, preview):
        steps.append(step)
        ctx.token.cancel()

    ctx.report = report
    with pytest.raises(Cancelled):
        nodes.upscale(noise(1, 3, 64, 64), model, tile=32, overlap=8, ctx=ctx)
    assert steps == [1]


def test_too_much_overlap_and_too_large_results_are_refused(tmp_path):
    model, ctx = load(identity(2), tmp_path)
    with pytest.raises(NodeError, match="more than half of a tile") as caught:
        nodes.upscale(ramp(3), model, tile=32, overlap=17, ctx=ctx)
    assert caught.value.port == "overlap"
    huge = Image(torch.zeros(1, 1, 1, 1).expand(1, 1, 20_000, 20_000))
    with pytest.raises(NodeError, match="40000 x 40000 would not fit"):
        nodes.upscale(huge, model, ctx=ctx)


def test_resampling_needs_no_model(tmp_path):
    _, ctx = load(identity(2), tmp_path)
    image = ramp(3)
    result = nodes.resample_image(image, 2.5, "bilinear", ctx=ctx).pixels
    assert result.shape == (1, 3, 40, 60)
    assert result[0, 0, 20, 30] == pytest.approx(0.5, abs=0.02)
    assert nodes.resample_image(image, 0.01, ctx=ctx).pixels.shape == (1, 3, 1, 1)
