"""Noise, encoding, decoding, tiles, image to image and inpainting."""

import diffusers
import pytest
import torch
from graphgen_nodes.diffusion import _autoencoder
from graphgen_nodes.diffusion.latents import decode_latent, encode_image, latent_noise
from graphgen_nodes.diffusion.load import load_model
from graphgen_nodes.diffusion.sampling import sample, unconditional_sample
from graphgen_nodes.diffusion.text import encode_text
from graphgen_nodes.diffusion.types import Latent
from graphgen_nodes.image.types import Image, Mask
from torch.nn.functional import interpolate

from graphgen import NodeError

from . import tiny


def smooth(height, width, batch=1, channels=3, seed=0):
    """A picture without hard edges."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(batch, channels, 4, 4, generator=generator)
    return interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)


@pytest.fixture(scope="module")
def shared():
    """What is costly, and the same for several tests."""
    return {}


@pytest.fixture
def apple(emoji, ctx, shared):
    """A real picture."""
    if "apple" not in shared:
        shared["apple"] = draw_apple(emoji, ctx)
    return shared["apple"]


def draw_apple(emoji, ctx):
    prompt = encode_text("red apple", emoji.text_encoder, ctx=ctx)
    noise = latent_noise(emoji.model, seed=3, ctx=ctx)
    latent = sample(emoji.model, prompt, noise, guidance=4.0, steps=12, ctx=ctx)
    return decode_latent(latent, emoji.vae, ctx=ctx)


def test_noise_is_normal_and_one_seed_one_picture(sd, ctx):
    noise = latent_noise(sd.model, 256, 128, seed=5, batch=4, ctx=ctx)
    assert noise.samples.shape == (4, 4, 32, 64)
    assert (noise.seeds, noise.noise, noise.scale) == ((5, 6, 7, 8), True, 4)
    assert (noise.width, noise.height) == (256, 128)
    assert abs(float(noise.samples.mean())) < 0.02
    assert abs(float(noise.samples.std()) - 1) < 0.02
    alone = latent_noise(sd.model, 256, 128, seed=7, ctx=ctx)
    assert torch.equal(alone.samples, noise.samples[2:3])
    generator = torch.Generator().manual_seed(7)
    assert torch.equal(alone.samples, torch.randn(1, 4, 32, 64, generator=generator))


def test_noise_has_the_native_size_of_the_model_when_none_is_given(sd, emoji, ctx):
    assert latent_noise(sd.model, ctx=ctx).samples.shape == (1, 4, 16, 16)
    assert latent_noise(emoji.model, width=128, ctx=ctx).width == 128
    assert latent_noise(emoji.model, width=128, ctx=ctx).height == 64


def test_a_size_between_cells_is_refused_with_the_nearest(sd, ctx):
    with pytest.raises(NodeError, match="cells of 4 pixels, and the width 66") as error:
        latent_noise(sd.model, 66, 64, ctx=ctx)
    assert error.value.port == "width"
    assert error.value.hint == "the nearest width is 64"


def test_decoding_gives_pixels_in_range_whatever_the_batch(emoji, ctx):
    noise = latent_noise(emoji.model, batch=3, ctx=ctx)
    pixels = decode_latent(noise, emoji.vae, ctx=ctx).pixels
    assert pixels.shape == (3, 3, 64, 64)
    assert pixels.min() >= 0
    assert pixels.max() <= 1
    alone = Latent(noise.samples[1:2], noise.scale, noise.seeds[1:2])
    torch.testing.assert_close(
        decode_latent(alone, emoji.vae, ctx=ctx).pixels, pixels[1:2], rtol=1e-4, atol=1e-4
    )


def test_large_batches_are_decoded_a_few_at_a_time(emoji, ctx, monkeypatch):
    noise = latent_noise(emoji.model, batch=5, ctx=ctx)
    expected = decode_latent(noise, emoji.vae, ctx=ctx).pixels
    monkeypatch.setattr(_autoencoder, "MAX_PIXELS", 2 * 64 * 64)
    sizes = []
    with ctx.pool.use(emoji.vae.weights, "cpu", torch.float32) as network:
        decode = network.decode
        monkeypatch.setattr(
            network, "decode", lambda z, **k: (sizes.append(len(z)), decode(z, **k))[1]
        )
        pixels = decode_latent(noise, emoji.vae, ctx=ctx).pixels
    assert sizes == [2, 2, 1]
    torch.testing.assert_close(pixels, expected, rtol=1e-4, atol=1e-4)


def test_a_picture_comes_back_from_its_latent(emoji, ctx, apple):
    latent = encode_image(apple, emoji.vae, ctx=ctx)
    assert (latent.noise, latent.seeds, latent.scale) == (False, (0,), 8)
    back = decode_latent(latent, emoji.vae, ctx=ctx).pixels
    assert float((back - apple.pixels).abs().mean()) < 0.04


def test_encoding_is_that_of_diffusers(sd, ctx, models):
    vae = diffusers.AutoencoderKL.from_pretrained(models / "sd" / "vae", local_files_only=True)
    pixels = smooth(64, 64, batch=2)
    posterior = vae.encode(pixels * 2 - 1).latent_dist
    factor = vae.config.scaling_factor
    latent = encode_image(Image(pixels), sd.vae, ctx=ctx)
    assert torch.equal(latent.samples, posterior.mode() * factor)
    sampled = encode_image(Image(pixels), sd.vae, sampled=True, seed=9, ctx=ctx)
    noise = torch.cat(
        [torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(s)) for s in (9, 10)]
    )
    torch.testing.assert_close(sampled.samples, (posterior.mean + posterior.std * noise) * factor)
    assert sampled.seeds == (9, 10)


def test_grey_transparent_and_odd_sized_pictures_are_encoded(sd, ctx):
    def encode(pixels):
        return encode_image(Image(pixels), sd.vae, ctx=ctx).samples

    grey = smooth(32, 32, channels=1)
    assert torch.equal(encode(grey), encode(grey.expand(-1, 3, -1, -1).contiguous()))
    colour = smooth(32, 32)
    alpha = torch.zeros(1, 1, 32, 32)
    alpha[..., :16] = 1
    over_white = torch.where(alpha > 0, colour, 1.0)
    assert torch.equal(encode(torch.cat([colour, alpha], 1)), encode(over_white))
    odd = smooth(35, 38)
    assert torch.equal(encode(odd), encode(odd[:, :, 1:33, 1:37].contiguous()))
    with pytest.raises(NodeError, match="2 x 9 pixels is smaller than one cell"):
        encode(torch.zeros(1, 3, 9, 2))


def worst_jump(difference):
    """The largest jump from one row or column to the next, anywhere, on average along it."""
    rows = difference.diff(dim=2).abs().mean(dim=(0, 1, 3)).max()
    columns = difference.diff(dim=3).abs().mean(dim=(0, 1, 2)).max()
    return float(torch.maximum(rows, columns))


@pytest.mark.parametrize("direction", ["decode", "encode"])
def test_tiles_fade_into_each_other_without_a_seam(direction, emoji, ctx, apple):
    image = Image(apple.pixels.repeat(1, 1, 4, 3))
    latent = encode_image(image, emoji.vae, ctx=ctx)

    def run(rows=slice(None), columns=slice(None), tile=1024):
        if direction == "decode":
            part = Latent(latent.samples[..., rows, columns].contiguous(), 8, (0,))
            return decode_latent(part, emoji.vae, tile=tile, ctx=ctx).pixels
        rows, columns = (
            slice(s.start and s.start * 8, s.stop and s.stop * 8) for s in (rows, columns)
        )
        part = Image(image.pixels[..., rows, columns].contiguous())
        return encode_image(part, emoji.vae, tile=tile, ctx=ctx).samples

    whole, parts = run(), run(tile=128)
    cut = torch.cat(
        [
            torch.cat([run(r, c) for c in (slice(0, 12), slice(12, 24))], 3)
            for r in (slice(0, 16), slice(16, 32))
        ],
        2,
    )
    assert parts.shape == whole.shape == cut.shape
    assert not torch.equal(parts, whole)
    assert float((parts - whole).abs().mean()) < 0.05 * float(whole.std())
    assert worst_jump(parts - whole) < 0.4 * worst_jump(cut - whole)


def test_tiles_are_as_small_as_asked_and_progress_counts_them(context, sd, monkeypatch):
    events = []
    ctx = context(report=lambda step, total, _: events.append((step, total)))
    latent = latent_noise(sd.model, 256, 256, ctx=ctx)
    sizes = set()
    with ctx.pool.use(sd.vae.weights, "cpu", torch.float32) as network:
        decode = network.decode
        monkeypatch.setattr(
            network, "decode", lambda z, **k: (sizes.add(tuple(z.shape)), decode(z, **k))[1]
        )
        decode_latent(latent, sd.vae, tile=128, ctx=ctx)
    assert sizes == {(1, 4, 32, 32)}
    assert events == [(i, 9) for i in range(1, 10)]


def test_the_wrong_vae_and_no_vae_are_refused(sd, emoji, ctx):
    noise = latent_noise(sd.model, ctx=ctx)
    with pytest.raises(NodeError, match="latents of 4 channels in cells of 4 pixels need a VAE"):
        decode_latent(noise, ctx=ctx)
    with pytest.raises(NodeError, match=r"decodes latents of .* and this latent has 4") as error:
        decode_latent(noise, emoji.vae, ctx=ctx)
    assert error.value.port == "vae"


def test_statistics_of_the_latents_are_taken_into_account(sd, models, tmp_path, context):
    import shutil

    network = tiny.vae(latents_mean=[0.5, -1.0, 2.0, 0.0], latents_std=[2.0, 1.0, 0.5, 1.0])
    shutil.copytree(models / "sd", tmp_path / "copy")
    network.save_pretrained(tmp_path / "copy" / "vae")
    ctx = context(tmp_path)
    vae = load_model("copy", ctx=ctx).vae
    pixels = smooth(32, 32)
    latent = encode_image(Image(pixels), vae, ctx=ctx)
    raw = network.encode(pixels * 2 - 1).latent_dist.mode()
    mean = torch.tensor([0.5, -1.0, 2.0, 0.0]).view(1, 4, 1, 1)
    std = torch.tensor([2.0, 1.0, 0.5, 1.0]).view(1, 4, 1, 1)
    torch.testing.assert_close(latent.samples, (raw - mean) / std * network.config.scaling_factor)
    expected = (network.decode(raw).sample / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(decode_latent(latent, vae, ctx=ctx).pixels, expected)


def test_image_to_image_is_that_of_diffusers(models, sd, ctx):
    pipe = diffusers.StableDiffusionImg2ImgPipeline.from_pretrained(
        models / "sd", local_files_only=True
    )
    pipe.set_progress_bar_config(disable=True)
    start = encode_image(Image(smooth(64, 64)), sd.vae, seed=11, ctx=ctx)
    prompt = encode_text("a red apple", sd.text_encoder, ctx=ctx)
    for sampler, scheduler in (
        ("ddim", diffusers.DDIMScheduler),
        ("euler", diffusers.EulerDiscreteScheduler),
        ("dpmpp_2m", diffusers.DPMSolverMultistepScheduler),
    ):
        pipe.scheduler = scheduler.from_config(pipe.scheduler.config)
        expected = pipe(
            "a red apple",
            image=start.samples,  # latents pass as they are
            strength=0.5,
            num_inference_steps=8,
            guidance_scale=3.0,
            generator=torch.Generator().manual_seed(11),
            output_type="latent",
        ).images
        latent = sample(
            sd.model, prompt, start, sampler=sampler, steps=8, guidance=3.0, denoise=0.5, ctx=ctx
        )
        assert torch.equal(latent.samples, expected), sampler


@pytest.mark.parametrize("sampler", ["ddim", "heun", "dpmpp_sde", "pndm"])
def test_the_more_denoising_the_less_of_the_picture_stays(sampler, emoji, ctx, apple):
    start = encode_image(apple, emoji.vae, seed=5, ctx=ctx)
    prompt = encode_text("key", emoji.text_encoder, ctx=ctx)
    options = {"steps": 10, "guidance": 1.5, "sampler": sampler}
    changes = []
    for denoise in (0.0, 0.1, 0.4, 1.0):
        latent = sample(emoji.model, prompt, start, denoise=denoise, ctx=ctx, **options)
        assert latent.samples.isfinite().all()
        if denoise == 0:
            assert torch.equal(latent.samples, start.samples)
        pixels = decode_latent(latent, emoji.vae, ctx=ctx).pixels
        changes.append(float((pixels - apple.pixels).abs().mean()))
    assert changes == sorted(changes)
    assert changes[1] < 0.7 * changes[3]


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_2m", "plms", "unipc"])
def test_halfway_starts_end_where_a_fine_walk_ends(sampler, emoji, ctx, apple, shared):
    start = encode_image(apple, emoji.vae, seed=5, ctx=ctx)
    prompt = encode_text("key", emoji.text_encoder, ctx=ctx)

    def run(sampler, steps):
        options = {"steps": steps, "guidance": 1.0, "sampler": sampler, "denoise": 0.4}
        return sample(emoji.model, prompt, start, ctx=ctx, **options).samples

    if "fine" not in shared:
        shared["fine"] = run("ddim", 50)
    fine = shared["fine"]
    assert float((run(sampler, 20) - fine).abs().mean()) < 0.08
    assert float((start.samples - fine).abs().mean()) > 0.3


def test_denoising_in_part_counts_its_own_steps(context, sd):
    events = []
    ctx = context(report=lambda step, total, _: events.append((step, total)))
    start = encode_image(Image(smooth(64, 64)), sd.vae, ctx=ctx)
    for sampler in ("ddim", "heun", "plms", "pndm", "dpmpp_sde"):
        events.clear()
        unconditional_sample(sd.model, start, steps=10, denoise=0.4, sampler=sampler, ctx=ctx)
        assert events == [(i, 4) for i in range(1, 5)]


@pytest.mark.parametrize(
    "sampler", ["ddim", "ddpm", "plms", "euler", "heun", "dpmpp_2m", "dpmpp_sde", "unipc", "lcm"]
)
def test_inpainting_keeps_what_is_not_masked(sampler, emoji, ctx, apple):
    start = encode_image(apple, emoji.vae, seed=5, ctx=ctx)
    values = torch.zeros(1, 1, 64, 64)
    values[..., 32:, :] = 1
    prompt = encode_text("key", emoji.text_encoder, ctx=ctx)
    latent = sample(
        emoji.model,
        prompt,
        start,
        mask=Mask(values),
        steps=5,
        guidance=4.0,
        sampler=sampler,
        ctx=ctx,
    )
    assert torch.equal(latent.samples[..., :4, :], start.samples[..., :4, :])
    repainted = latent.samples[..., 4:, :] - start.samples[..., 4:, :]
    assert float(repainted.pow(2).mean()) > 0.05
    assert latent.samples.isfinite().all()


def test_a_mask_of_nothing_and_of_everything(sd, ctx):
    start = encode_image(Image(smooth(64, 64, batch=2)), sd.vae, seed=5, ctx=ctx)
    prompt = encode_text("key", sd.text_encoder, ctx=ctx)

    def run(**options):
        return sample(sd.model, prompt, start, steps=4, guidance=1.0, ctx=ctx, **options).samples

    assert torch.equal(run(mask=Mask(torch.zeros(1, 1, 8, 8))), start.samples)
    everything = run(mask=Mask(torch.ones(1, 1, 8, 8)))
    torch.testing.assert_close(everything, run(), rtol=1e-4, atol=1e-4)
    half = torch.zeros(2, 1, 64, 64)
    half[1] = 1
    each = run(mask=Mask(half))
    assert torch.equal(each[0], start.samples[0])
    torch.testing.assert_close(each[1], everything[1], rtol=1e-4, atol=1e-4)


def test_an_inpainting_model_sees_the_mask_and_the_rest_of_the_picture(context, tmp_path):
    tiny.save_sd(tmp_path / "inpaint", in_channels=9)
    ctx = context(tmp_path)
    loaded = load_model("inpaint", ctx=ctx)
    pixels, values = smooth(64, 64), torch.zeros(1, 1, 64, 64)
    values[..., 32:] = 1
    prompt = encode_text("a red apple", loaded.text_encoder, ctx=ctx)
    start = encode_image(Image(pixels), loaded.vae, Mask(values), seed=4, ctx=ctx)
    latent = sample(loaded.model, prompt, start, steps=3, guidance=3.0, ctx=ctx)

    pipe = diffusers.StableDiffusionInpaintPipeline.from_pretrained(
        tmp_path / "inpaint", local_files_only=True
    )
    pipe.set_progress_bar_config(disable=True)
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(4))
    pipe.scheduler.set_timesteps(3)
    noisy = pipe.scheduler.add_noise(start.samples, noise, pipe.scheduler.timesteps[:1])
    expected = pipe(
        "a red apple",
        image=pixels,
        mask_image=values,
        masked_image_latents=start.masked,
        height=64,
        width=64,
        latents=noisy,
        num_inference_steps=3,
        guidance_scale=3.0,
        output_type="latent",
    ).images
    assert torch.equal(latent.samples, expected)
    blank = encode_image(Image(torch.where(values > 0, 0.5, pixels)), loaded.vae, ctx=ctx)
    assert torch.equal(start.masked, blank.samples)
    plain = encode_image(Image(pixels), loaded.vae, ctx=ctx)
    with pytest.raises(NodeError, match="it reads 9 channels") as error:
        sample(loaded.model, prompt, plain, steps=3, ctx=ctx)
    assert "mask" in error.value.hint


def test_noise_is_neither_kept_nor_half_denoised(sd, ctx):
    prompt = encode_text("key", sd.text_encoder, ctx=ctx)
    noise = latent_noise(sd.model, ctx=ctx)
    with pytest.raises(NodeError, match="denoise must be 1") as error:
        sample(sd.model, prompt, noise, denoise=0.5, ctx=ctx)
    assert error.value.port == "denoise"
    mask = Mask(torch.ones(1, 1, 8, 8))
    with pytest.raises(NodeError, match="needs a picture to keep") as error:
        sample(sd.model, prompt, noise, mask=mask, ctx=ctx)
    assert error.value.port == "mask"
    start = encode_image(Image(smooth(64, 64, batch=2)), sd.vae, ctx=ctx)
    three = Mask(torch.ones(3, 1, 8, 8))
    with pytest.raises(NodeError, match="3 masks for 2 pictures"):
        sample(sd.model, prompt, start, mask=three, ctx=ctx)


def test_half_precision_is_left_to_autoencoders_that_bear_it(context, sd, models):
    xl = load_model("sdxl", ctx=context())
    assert xl.vae.float32
    assert not sd.vae.float32 or "force_upcast" in (models / "sd/vae/config.json").read_text()
    dtypes = []
    ctx = context(dtype_name="float16")
    original = ctx.pool.use

    def use(ref, device, dtype, **options):
        dtypes.append(dtype)
        return original(ref, device, torch.float32, **options)

    ctx.pool.use = use
    try:
        decode_latent(latent_noise(xl.model, ctx=ctx), xl.vae, ctx=ctx)
    finally:
        del ctx.pool.use
    assert dtypes == [torch.float32]
