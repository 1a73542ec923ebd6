"""Sampling: agreement with diffusers, every sampler, determinism, batches, cancelling."""

import diffusers
import pytest
import torch
from graphgen_nodes.diffusion.latents import decode_latent, latent_noise
from graphgen_nodes.diffusion.load import load_model
from graphgen_nodes.diffusion.samplers import SAMPLERS
from graphgen_nodes.diffusion.sampling import sample, unconditional_sample
from graphgen_nodes.diffusion.text import encode_text
from graphgen_nodes.diffusion.types import Conditioning

from graphgen import NodeError
from graphgen.engine.context import CancelToken
from graphgen.problems import Cancelled

STOCHASTIC = ("ddpm", "euler_ancestral", "dpmpp_2m_sde", "dpmpp_sde", "lcm")


def pipeline(models, name, cls=diffusers.StableDiffusionPipeline):
    pipe = cls.from_pretrained(models / name, local_files_only=True, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.fixture
def draw(ctx):
    """Samples one prompt with a model."""

    def run(loaded, prompt="a red apple", seed=7, batch=1, **options):
        conditioning = encode_text(prompt, loaded.text_encoder, ctx=ctx)
        noise = latent_noise(loaded.model, seed=seed, batch=batch, ctx=ctx)
        return sample(loaded.model, conditioning, noise, ctx=ctx, **options)

    return run


@pytest.mark.parametrize(
    ("sampler", "scheduler"),
    [
        ("ddim", diffusers.DDIMScheduler),
        ("euler", diffusers.EulerDiscreteScheduler),
        ("euler_ancestral", diffusers.EulerAncestralDiscreteScheduler),
        ("ddpm", diffusers.DDPMScheduler),
        ("heun", diffusers.HeunDiscreteScheduler),
        ("dpmpp_2m", diffusers.DPMSolverMultistepScheduler),
        ("unipc", diffusers.UniPCMultistepScheduler),
        ("lcm", diffusers.LCMScheduler),
    ],
)
def test_latents_and_pixels_are_those_of_diffusers_bit_for_bit(
    sampler, scheduler, models, emoji, ctx, draw
):
    folder = ctx.models.find("emoji-64")
    pipe = pipeline(folder.parent, folder.name)
    pipe.scheduler = scheduler.from_config(pipe.scheduler.config)
    options = {"num_inference_steps": 5, "guidance_scale": 4.0}
    (generator,) = generators(7)
    expected = pipe("a red apple", generator=generator, output_type="latent", **options).images
    latent = draw(emoji, sampler=sampler, steps=5, guidance=4.0)
    assert torch.equal(latent.samples, expected)
    if sampler != "ddim":
        return
    (generator,) = generators(7)
    picture = pipe("a red apple", generator=generator, output_type="pt", **options).images
    assert torch.equal(decode_latent(latent, emoji.vae, ctx=ctx).pixels, picture)


def test_a_batch_is_that_of_diffusers_with_a_generator_for_each(models, sd, ctx, draw):
    expected = pipeline(models, "sd")(
        ["a red apple"] * 3,
        negative_prompt=["blue"] * 3,
        generator=generators(5, 6, 7),
        num_inference_steps=3,
        output_type="latent",
    ).images
    negative = encode_text("blue", sd.text_encoder, ctx=ctx)
    latent = draw(sd, seed=5, batch=3, steps=3, guidance=7.5, negative=negative)
    torch.testing.assert_close(latent.samples, expected, rtol=1e-4, atol=1e-5)


def test_a_negative_prompt_is_that_of_diffusers(models, sd, ctx, draw):
    (generator,) = generators(7)
    expected = pipeline(models, "sd")(
        "a red apple",
        negative_prompt="blue, (blurry)",
        generator=generator,
        num_inference_steps=3,
        output_type="latent",
    ).images
    negative = encode_text("blue, \\(blurry\\)", sd.text_encoder, ctx=ctx)
    latent = draw(sd, steps=3, guidance=7.5, negative=negative)
    assert torch.equal(latent.samples, expected)


def test_sdxl_is_that_of_diffusers_with_pooled_states_sizes_and_a_zero_negative(models, ctx, draw):
    loaded = load_model("sdxl", ctx=ctx)
    pipe = pipeline(models, "sdxl", diffusers.StableDiffusionXLPipeline)
    (generator,) = generators(7)
    expected = pipe(
        "a red apple",
        generator=generator,
        num_inference_steps=3,
        guidance_scale=5.0,
        output_type="latent",
    ).images
    assert torch.equal(draw(loaded, steps=3).samples, expected)


def test_guidance_of_one_asks_the_denoiser_once(sd, ctx, draw, monkeypatch):
    rows = []
    with ctx.use(sd.model.unet) as unet:
        forward = unet.forward
        monkeypatch.setattr(
            unet, "forward", lambda x, *a, **k: (rows.append(len(x)), forward(x, *a, **k))[1]
        )
        draw(sd, steps=2, guidance=1.0)
        assert rows == [1, 1]
        draw(sd, steps=2, guidance=2.0)
        assert rows == [1, 1, 2, 2]


@pytest.fixture(scope="module")
def pictures():
    return {}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_what_was_asked_for(sampler, emoji, ctx, draw, pictures):
    def picture(prompt, **options):
        latent = draw(emoji, prompt, guidance=2.0, steps=15, **options)
        assert latent.samples.isfinite().all()
        return decode_latent(latent, emoji.vae, ctx=ctx).pixels

    if not pictures:
        for prompt in ("red apple", "key", "soccer ball", "crown"):
            pictures[prompt] = picture(prompt, sampler="ddim")
    drawn = picture("red apple", sampler=sampler)
    errors = {p: float((drawn - other).abs().mean()) for p, other in pictures.items()}
    assert min(errors, key=errors.get) == "red apple", errors
    assert errors["red apple"] < (0.1 if sampler in STOCHASTIC else 0.04)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_seed_one_picture_and_the_batch_makes_no_difference(sampler, sd, draw):
    options = {"sampler": sampler, "steps": 4, "guidance": 3.0}
    batch = draw(sd, seed=20, batch=3, **options)
    assert torch.equal(draw(sd, seed=20, batch=3, **options).samples, batch.samples)
    assert batch.seeds == (20, 21, 22)
    for index in range(3):
        alone = draw(sd, seed=20 + index, **options)
        torch.testing.assert_close(
            alone.samples, batch.samples[index : index + 1], rtol=1e-3, atol=1e-4
        )
    assert not torch.allclose(batch.samples[0], batch.samples[1], atol=0.1)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_noise_of_the_steps_comes_from_the_seed_too(sampler, sd, ctx):
    prompt = encode_text("a red apple", sd.text_encoder, ctx=ctx)
    noise = latent_noise(sd.model, seed=1, ctx=ctx)
    drawn = [
        sample(
            sd.model, prompt, noise, sampler=sampler, steps=4, guidance=1.0, seed=seed, ctx=ctx
        ).samples
        for seed in (None, 1, 2)
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[1], drawn[2]) == (sampler not in STOCHASTIC)


@pytest.mark.parametrize("sigmas", ["karras", "exponential", "beta"])
@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_2m", "dpmpp_sde", "unipc"])
def test_sigma_spacings_give_finite_pictures_of_their_own(sampler, sigmas, sd, draw):
    plain = draw(sd, sampler=sampler, steps=4, guidance=1.0).samples
    spaced = draw(sd, sampler=sampler, steps=4, guidance=1.0, sigmas=sigmas).samples
    assert spaced.isfinite().all()
    assert not torch.equal(plain, spaced)


def test_lu_spacing_belongs_to_dpm_solver(sd, draw):
    assert draw(sd, sampler="dpmpp_2m", steps=5, sigmas="lu").samples.isfinite().all()
    with pytest.raises(NodeError, match="euler does not offer lu") as error:
        draw(sd, sampler="euler", sigmas="lu")
    assert error.value.port == "sigmas"
    with pytest.raises(NodeError, match="ddim does not offer karras sigmas, only default"):
        draw(sd, sigmas="karras")


@pytest.mark.parametrize("betas", ["linear", "scaled_linear", "cosine"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_takes_every_noise_schedule(sampler, betas, sd, draw):
    own = draw(sd, sampler=sampler, steps=4, guidance=1.0).samples
    other = draw(sd, sampler=sampler, steps=4, guidance=1.0, betas=betas).samples
    assert other.isfinite().all()
    assert torch.equal(own, other) == (betas == "scaled_linear")


def test_timestep_spacings_differ(sd, draw):
    pictures = [draw(sd, steps=4, spacing=s).samples for s in ("leading", "linspace", "trailing")]
    assert not torch.equal(pictures[0], pictures[1])
    assert not torch.equal(pictures[1], pictures[2])
    assert torch.equal(pictures[0], draw(sd, steps=4).samples)


def test_prompts_of_unequal_length_are_sampled_together(sd, ctx):
    noise = latent_noise(sd.model, seed=1, ctx=ctx)
    short = encode_text("a red apple", sd.text_encoder, ctx=ctx)
    pair = Conditioning(short.states.repeat(1, 2, 1))
    triple = Conditioning(short.states.repeat(1, 3, 1))
    expected = sample(sd.model, short, noise, short, guidance=3.0, steps=3, ctx=ctx).samples
    for positive, negative in ((pair, short), (short, pair), (pair, triple)):
        result = sample(sd.model, positive, noise, negative, guidance=3.0, steps=3, ctx=ctx)
        torch.testing.assert_close(result.samples, expected, rtol=1e-3, atol=1e-4)


def test_progress_counts_every_step_once(context, sd):
    events = []
    ctx = context(report=lambda step, total, preview: events.append((step, total, preview)))
    prompt = encode_text("a red apple", sd.text_encoder, ctx=ctx)
    noise = latent_noise(sd.model, ctx=ctx)
    for sampler in ("ddim", "heun", "pndm", "dpmpp_sde"):
        events.clear()
        sample(sd.model, prompt, noise, sampler=sampler, steps=6, ctx=ctx)
        assert [event[:2] for event in events] == [(i, 6) for i in range(1, 7)]
        assert all(preview.startswith(b"\x89PNG") for *_, preview in events)


def test_cancelling_stops_within_one_step(context, sd):
    token = CancelToken()
    steps = []

    def report(step, total, preview):
        steps.append(step)
        if step == 2:
            token.cancel()

    ctx = context(report=report, token=token)
    prompt = encode_text("a red apple", sd.text_encoder, ctx=ctx)
    noise = latent_noise(sd.model, ctx=ctx)
    with pytest.raises(Cancelled):
        sample(sd.model, prompt, noise, steps=50, ctx=ctx)
    assert steps == [1, 2]


def test_a_model_of_pixels_needs_neither_text_nor_vae(ctx, models):
    loaded = load_model("ddpm", ctx=ctx)
    assert loaded.model.scale == 1
    noise = latent_noise(loaded.model, seed=3, ctx=ctx)
    assert noise.samples.shape == (1, 3, 16, 16)
    latent = unconditional_sample(loaded.model, noise, sampler="ddpm", steps=5, ctx=ctx)
    pixels = decode_latent(latent, ctx=ctx).pixels
    (generator,) = generators(3)
    expected = diffusers.DDPMPipeline.from_pretrained(models / "ddpm", local_files_only=True)(
        generator=generator, num_inference_steps=5, output_type="np"
    ).images
    torch.testing.assert_close(pixels, torch.from_numpy(expected).movedim(-1, 1))


def test_unconditional_sampling_of_a_text_model_takes_the_empty_prompt(emoji, ctx):
    noise = latent_noise(emoji.model, seed=3, ctx=ctx)
    empty = encode_text("", emoji.text_encoder, ctx=ctx)
    expected = sample(emoji.model, empty, noise, guidance=1.0, steps=4, ctx=ctx)
    assert torch.equal(
        unconditional_sample(emoji.model, noise, steps=4, ctx=ctx).samples, expected.samples
    )


def test_what_leaves_the_node_may_be_changed_and_differentiated(sd, draw):
    samples = draw(sd, steps=1).samples
    assert not samples.is_inference()
    assert not samples.requires_grad


def test_parts_of_other_models_are_refused_by_name(sd, emoji, ctx):
    prompt = encode_text("key", emoji.text_encoder, ctx=ctx)
    noise = latent_noise(sd.model, ctx=ctx)
    with pytest.raises(NodeError, match=r"^sd attends to text states of width 32, and the pos"):
        sample(sd.model, prompt, noise, ctx=ctx)
    prompt = encode_text("key", sd.text_encoder, ctx=ctx)
    with pytest.raises(NodeError, match="4 channels in cells of 4 pixels") as error:
        sample(sd.model, prompt, latent_noise(emoji.model, ctx=ctx), ctx=ctx)
    assert error.value.port == "latent"
    pixels = load_model("ddpm", ctx=ctx)
    with pytest.raises(NodeError, match="takes no text"):
        sample(pixels.model, prompt, latent_noise(pixels.model, ctx=ctx), ctx=ctx)
    sdxl = load_model("sdxl", ctx=ctx)
    wide = Conditioning(torch.zeros(1, 77, 80))
    with pytest.raises(NodeError, match="pooled text state of width 48"):
        sample(sdxl.model, wide, latent_noise(sdxl.model, ctx=ctx), ctx=ctx)
