"""Previews: what they show, and what they cost."""

import io

import numpy as np
import pytest
import torch
from graphgen_nodes.diffusion import _preview
from graphgen_nodes.diffusion.latents import decode_latent, latent_noise
from graphgen_nodes.diffusion.load import load_model
from graphgen_nodes.diffusion.sampling import sample, unconditional_sample
from graphgen_nodes.diffusion.text import encode_text
from PIL import Image as Picture


def pixels(png):
    with Picture.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        return torch.from_numpy(np.asarray(picture).copy()).movedim(-1, 0)[None] / 255


@pytest.fixture
def watch(context):
    """Samples a prompt and gives the previews and the picture."""

    def run(loaded, size=None, **options):
        previews = []
        ctx = context(report=lambda step, total, preview: previews.append(pixels(preview)))
        noise = latent_noise(loaded.model, size, size, seed=3, batch=2, ctx=ctx)
        prompt = encode_text("red apple", loaded.text_encoder, ctx=ctx)
        latent = sample(loaded.model, prompt, noise, guidance=4.0, ctx=ctx, **options)
        ctx.report = None
        return previews, decode_latent(latent, loaded.vae, ctx=ctx).pixels[:1]

    return run


@pytest.mark.parametrize("sampler", ["ddim", "euler", "heun", "dpmpp_2m", "lcm"])
def test_a_small_picture_is_shown_as_the_sampler_sees_it(sampler, emoji, watch):
    previews, picture = watch(emoji, steps=6, sampler=sampler)
    assert len(previews) == 6
    assert previews[0].shape == picture.shape
    errors = [float((preview - picture).abs().mean()) for preview in previews]
    assert errors[-1] < 0.08
    assert errors[0] > errors[-1]


def test_a_large_picture_is_projected_a_pixel_per_cell(emoji, watch, monkeypatch):
    monkeypatch.setattr(_preview, "DECODED_CELLS", 8)
    monkeypatch.setattr(_preview, "_projections", {})
    decoded = []
    decode = _preview._autoencoder.decode
    monkeypatch.setattr(
        _preview._autoencoder, "decode", lambda *a: (decoded.append(1), decode(*a))[1]
    )
    previews, picture = watch(emoji, steps=4)
    assert len(decoded) == 2  # one to fit the projection, one at the end
    coarse = torch.nn.functional.adaptive_avg_pool2d(picture, 8)
    shown = torch.nn.functional.adaptive_avg_pool2d(previews[-1], 8)
    assert previews[-1].shape == (1, 3, 64, 64)
    pair = torch.stack([coarse.flatten(), shown.flatten()])
    assert float(torch.corrcoef(pair)[0, 1]) > 0.75


def test_previews_do_not_change_the_picture(emoji, watch, ctx):
    _, picture = watch(emoji, steps=3, sampler="euler_ancestral")
    noise = latent_noise(emoji.model, seed=3, batch=2, ctx=ctx)
    prompt = encode_text("red apple", emoji.text_encoder, ctx=ctx)
    latent = sample(
        emoji.model, prompt, noise, guidance=4.0, steps=3, sampler="euler_ancestral", ctx=ctx
    )
    assert torch.equal(decode_latent(latent, emoji.vae, ctx=ctx).pixels[:1], picture)


def test_previews_are_small_and_those_of_pixels_need_no_vae(context, sd):
    previews = []
    ctx = context(report=lambda step, total, preview: previews.append(pixels(preview)))
    noise = latent_noise(sd.model, 384, 256, ctx=ctx)
    unconditional_sample(sd.model, noise, steps=1, ctx=ctx)
    assert previews.pop().shape == (1, 3, 171, 256)
    model = load_model("ddpm", ctx=ctx).model
    unconditional_sample(model, latent_noise(model, ctx=ctx), steps=2, sampler="ddpm", ctx=ctx)
    assert previews[0].shape == (1, 3, 16, 16)


def test_nobody_watching_costs_nothing(emoji, ctx, monkeypatch):
    def fail(*_):
        raise AssertionError("a preview was made")

    monkeypatch.setattr(_preview, "clean_estimate", fail)
    noise = latent_noise(emoji.model, ctx=ctx)
    unconditional_sample(emoji.model, noise, steps=2, ctx=ctx)
