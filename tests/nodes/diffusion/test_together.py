"""Pictures of several runs in one batch: each is the picture that it would have been alone."""

from __future__ import annotations

import dataclasses
import io

import pytest
import torch
from graphgen_nodes.diffusion import _kernels, sampling, text
from graphgen_nodes.diffusion.latents import decode_latent, encode_image, latent_noise
from graphgen_nodes.diffusion.sampling import sample, unconditional_sample
from graphgen_nodes.diffusion.text import encode_text
from graphgen_nodes.image.types import Image, Mask
from PIL import Image as Picture
from PIL import ImageChops

from graphgen import Cancelled, CancelToken, NodeError
from graphgen.engine.calls import Call
from graphgen.node import spec_of

CLOSE = {"rtol": 0, "atol": 2e-5}
PROMPTS = ["red apple", "a slice of (pizza:1.3)", "", "green tree and a very blue sky"]


def together(node, *given):
    """What the node gives for several calls at once; checks that they may be joined."""
    spec = spec_of(node)
    calls = [Call(0, spec, dict(one), "cpu", CancelToken(), print, print) for one in given]
    for call in calls:
        call.join_by_key()
    assert calls[0].key is not None
    assert len({call.key for call in calls}) == 1
    return spec.batch.run([call.given for call in calls])


def key(node, **given):
    call = Call(0, spec_of(node), given, "cpu", CancelToken(), print, print)
    call.join_by_key()
    return None if call.key is None else call.key[1]


@pytest.fixture
def asked(sd, ctx):
    """Arguments of ``sample``, by number: prompts, guidance, seeds and batches differ."""

    def make(number, **options):
        prompt = encode_text(PROMPTS[number % 4], sd.text_encoder, ctx=ctx)
        noise = latent_noise(sd.model, seed=10 * number, batch=1 + number % 2, ctx=ctx)
        inputs = {"model": sd.model, "positive": prompt, "latent": noise, "ctx": ctx}
        return {**inputs, "guidance": 2.0 + number, "steps": 4, **options}

    return make


SAMPLERS = ["ddim", "euler", "euler_ancestral", "dpmpp_2m", "dpmpp_sde", "heun", "unipc", "pndm"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_each_picture_is_what_it_would_be_alone(sampler, asked):
    given = [asked(number, sampler=sampler) for number in range(3)]
    alone = [sample(**one) for one in given]

    made = together(sample, *given)

    for one, wanted in zip(made, alone, strict=True):
        assert one.seeds == wanted.seeds
        assert one.samples.shape == wanted.samples.shape
        assert torch.allclose(one.samples, wanted.samples, **CLOSE)
    shapes = {one.samples.untyped_storage().nbytes() for one in made}
    assert max(shapes) == made[1].samples.nbytes  # each its own memory


def test_one_alone_is_bit_for_bit_what_it_was(asked):
    given = asked(1)
    (made,) = together(sample, given)
    assert torch.equal(made.samples, sample(**given).samples)


def test_image_to_image_and_masks_too(asked, sd, ctx):
    torch.manual_seed(0)
    given = []
    for number in range(2):
        picture = Image(torch.rand(1, 3, 64, 64))
        latent = encode_image(picture, sd.vae, seed=number, ctx=ctx)
        mask = Mask((torch.rand(1, 1, 64, 64) > 0.5).float())
        given.append(asked(number, latent=latent, mask=mask, denoise=0.5, steps=6))
    alone = [sample(**one) for one in given]

    for one, wanted in zip(together(sample, *given), alone, strict=True):
        assert torch.allclose(one.samples, wanted.samples, **CLOSE)


def test_unconditional_sampling_too(sd, ctx):
    given = [
        {"model": sd.model, "latent": latent_noise(sd.model, seed=n, ctx=ctx), "steps": 3}
        for n in range(3)
    ]
    alone = [unconditional_sample(**one, ctx=ctx) for one in given]
    made = together(unconditional_sample, *({**one, "ctx": ctx} for one in given))
    for one, wanted in zip(made, alone, strict=True):
        assert torch.allclose(one.samples, wanted.samples, **CLOSE)


def test_prompts_too_and_a_bad_one_is_that_one_s(sd, ctx):
    prompts = [*PROMPTS, "word " * 90, "(bad:9999)"]
    given = [{"text": prompt, "encoder": sd.text_encoder, "ctx": ctx} for prompt in prompts]
    *made, bad = together(encode_text, *given)
    for one, prompt in zip(made, prompts[:-1], strict=True):
        wanted = encode_text(prompt, sd.text_encoder, ctx=ctx)
        assert torch.allclose(one.states, wanted.states, **CLOSE)
        assert one.states.untyped_storage().nbytes() == one.states.nbytes
    with pytest.raises(NodeError) as alone:
        encode_text("(bad:9999)", sd.text_encoder, ctx=ctx)
    assert str(bad) == str(alone.value)


def test_decoding_too(sd, ctx):
    given = [
        {"latent": latent_noise(sd.model, seed=n, batch=1 + n, ctx=ctx), "vae": sd.vae, "ctx": ctx}
        for n in range(3)
    ]
    for one, inputs in zip(together(decode_latent, *given), given, strict=True):
        wanted = decode_latent(**inputs)
        assert torch.allclose(one.pixels, wanted.pixels, **CLOSE)
        assert one.pixels.untyped_storage().nbytes() == one.pixels.nbytes


def test_what_differs_in_more_than_prompt_seed_and_guidance_is_not_joined(asked, sd, ctx):
    first = asked(0)
    usual = key(sample, **first)
    assert usual == key(sample, **asked(2))
    large = latent_noise(sd.model, 128, 64, ctx=ctx)
    others = [
        {"steps": 5},
        {"sampler": "euler"},
        {"guidance": 1.0},
        {"latent": large},
        {"model": dataclasses.replace(sd.model, unet=sd.model.unet.with_options(x=1))},
        {"positive": encode_text("word " * 90, sd.text_encoder, ctx=ctx)},
        {"negative": encode_text("word " * 90, sd.text_encoder, ctx=ctx)},
    ]
    assert usual not in [key(sample, **{**first, **other}) for other in others]
    decoded = {"latent": large, "vae": sd.vae}
    assert key(decode_latent, **decoded) is not None
    assert key(decode_latent, **decoded, tile=64) is None


@pytest.fixture
def cancelled(asked, context, sd):
    """Samples for three together, of which the second, with two pictures, is cancelled after
    two steps: what each gets, and how many rows went through the denoiser."""

    def run(**options):
        tokens, rows = [CancelToken() for _ in range(3)], []

        def report(step, total, preview):
            if step == 2:
                tokens[1].cancel()

        given = [
            asked(number, ctx=context(token=token, report=report, previews=False), **options)
            for number, token in enumerate(tokens)
        ]
        with given[0]["ctx"].use(sd.model.unet) as network:
            hook = network.register_forward_pre_hook(lambda module, args: rows.append(len(args[0])))
            try:
                made = together(sample, *given)
            finally:
                hook.remove()
        return made, rows

    return run


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_that_is_cancelled_takes_no_more_time_from_the_others(sampler, asked, cancelled):
    made, rows = cancelled(sampler=sampler, steps=5)
    assert isinstance(made[1], Cancelled)
    for number in (0, 2):
        alone = sample(**asked(number, sampler=sampler, steps=5))
        assert torch.allclose(made[number].samples, alone.samples, **CLOSE)
        assert made[number].seeds == alone.seeds
    assert rows[0] == 2 * 4
    assert rows[-1] == 2 * 2


def test_neither_do_its_picture_and_its_mask(asked, cancelled, sd, ctx):
    generator = torch.Generator().manual_seed(0)
    picture = Image(torch.rand(1, 3, 64, 64, generator=generator))
    mask = Mask((torch.rand(1, 1, 64, 64, generator=generator) > 0.5).float())
    options = {"latent": encode_image(picture, sd.vae, ctx=ctx), "mask": mask}
    options |= {"denoise": 0.8, "steps": 6, "sampler": "euler_ancestral", "seed": 4}
    made, rows = cancelled(**options)
    assert isinstance(made[1], Cancelled)
    for number in (0, 2):
        alone = sample(**asked(number, **options))
        assert torch.allclose(made[number].samples, alone.samples, **CLOSE)
    assert (rows[0], rows[-1]) == (2 * 3, 2 * 2)


def test_a_network_that_is_recorded_by_shape_keeps_its_shape(asked, cancelled, sd, ctx):
    with ctx.use(sd.model.unet) as network:
        network.graphgen_kernels = _kernels.Kernels(None, cuda_graphs=True)
    try:
        made, rows = cancelled()
    finally:
        del network.graphgen_kernels
    assert isinstance(made[1], Cancelled)
    assert torch.allclose(made[2].samples, sample(**asked(2)).samples, **CLOSE)
    assert set(rows) == {2 * 4}


def test_previews_of_the_others_go_on(asked, context):
    tokens, shown = [CancelToken() for _ in range(3)], {0: [], 1: [], 2: []}

    def context_of(number, cancelling):
        def report(step, total, preview):
            shown[number].append(preview)
            if cancelling and step == 2:
                tokens[0].cancel()

        return context(token=tokens[number], report=report)

    for cancelling in (False, True):
        together(sample, *(asked(n, ctx=context_of(n, cancelling)) for n in range(3)))
    assert [len(previews) for previews in shown.values()] == [4 + 2, 8, 8]
    for previews in (shown[1], shown[2]):
        for before, after in zip(previews[:4], previews[4:], strict=True):
            assert close(before, after)
    assert not close(shown[1][-1], shown[2][-1])


def close(png, other):
    first, second = (Picture.open(io.BytesIO(one)).convert("RGB") for one in (png, other))
    return max(extreme for _, extreme in ImageChops.difference(first, second).getextrema()) <= 1


def test_an_input_that_does_not_fit_is_that_one_s_failure(asked):
    wrong = asked(0)
    wrong["positive"] = dataclasses.replace(
        wrong["positive"], states=torch.zeros(1, wrong["positive"].tokens, 8)
    )
    outcomes = sampling._sample_together(
        [{**spec_defaults(sample), **one} for one in (asked(1), wrong)]
    )
    assert isinstance(outcomes[1], NodeError)
    assert torch.equal(outcomes[0].samples, sample(**asked(1)).samples)


def spec_defaults(node):
    return {n: port.default for n, port in spec_of(node).inputs.items() if not port.required}


def test_previews_are_those_of_each(asked, context, sd):
    shown = {0: [], 1: []}
    given = []
    for number in range(2):
        report = lambda step, total, preview, n=number: shown[n].append(preview)  # noqa: E731
        given.append(asked(number, ctx=context(report=report)))
    together(sample, *given)
    assert [len(previews) for previews in shown.values()] == [4, 4]
    assert all(previews[-1].startswith(b"\x89PNG") for previews in shown.values())
    assert shown[0][-1] != shown[1][-1]


def test_the_empty_prompt_is_encoded_once(asked, monkeypatch):
    encoded = []
    original = text.encode_prompts

    def count(texts, *rest):
        encoded.append(list(texts))
        return original(texts, *rest)

    given = [asked(number) for number in range(3)]
    monkeypatch.setattr(text, "encode_prompts", count)
    together(sample, *given)
    assert encoded == [[""]]
