"""Encoding prompts: agreement with diffusers, weights, chunks, several encoders."""

import diffusers
import pytest
import torch
from graphgen_nodes.diffusion._encoding import LoadedEncoder, chunk, encode
from graphgen_nodes.diffusion.load import load_model
from graphgen_nodes.diffusion.prompt import Span, parse
from graphgen_nodes.diffusion.text import MAX_CHARACTERS, encode_text

from graphgen import NodeError

from . import tiny

LONG = "a red apple on a wooden table beside a green pear, " * 9  # more than 77 tokens
PROMPT = "a red apple, very shiny"


@pytest.fixture
def encoder():
    return LoadedEncoder(None, tiny.tokenizer(), 77, 49407)


def stock(models, name, cls=diffusers.StableDiffusionPipeline):
    pipeline = cls.from_pretrained(models / name, local_files_only=True, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_an_unweighted_prompt_is_what_diffusers_makes_of_it(sd, models, ctx):
    expected, _ = stock(models, "sd").encode_prompt(PROMPT, "cpu", 1, False)
    assert torch.equal(encode_text(PROMPT, sd.text_encoder, ctx=ctx).states, expected)


def test_the_packaged_model_too(emoji, ctx, models):
    folder = ctx.models.find("emoji-64")
    expected, _ = stock(folder.parent, folder.name).encode_prompt("key", "cpu", 1, False)
    assert torch.equal(encode_text("key", emoji.text_encoder, ctx=ctx).states, expected)


def test_sdxl_is_what_diffusers_makes_of_it(models, ctx):
    encoder = load_model("sdxl", ctx=ctx).text_encoder
    pipeline = stock(models, "sdxl", diffusers.StableDiffusionXLPipeline)
    for skip in (0, 1):
        expected, _, pooled, _ = pipeline.encode_prompt(
            PROMPT,
            device="cpu",
            num_images_per_prompt=1,
            do_classifier_free_guidance=False,
            clip_skip=skip or None,
        )
        conditioning = encode_text(PROMPT, encoder, skip, ctx=ctx)
        assert conditioning.states.shape == (1, 77, 80)
        assert torch.equal(conditioning.states, expected)
        assert conditioning.pooled is not None
        assert torch.equal(conditioning.pooled, pooled)


@pytest.mark.parametrize("masked", [False, True])
def test_a_bert_reads_its_own_length_and_follows_its_mask_setting(masked, context, tmp_path):
    tiny.save_bert(tmp_path / "bert", masked=masked)
    ctx = context(tmp_path)
    encoder = load_model("bert", ctx=ctx).text_encoder
    assert encoder.max_length == 12
    expected, _ = stock(tmp_path, "bert").encode_prompt("a red apple", "cpu", 1, False)
    assert torch.equal(encode_text("a red apple", encoder, ctx=ctx).states, expected)
    long = encode_text("a red apple " * 8, encoder, ctx=ctx)
    assert long.states.shape == (1, 36, 32)
    weighted = encode_text("a (red:1.5) apple", encoder, ctx=ctx)
    assert not torch.equal(weighted.states[0, 2], expected[0, 2])
    assert torch.equal(weighted.states[0, 3], expected[0, 3])


def test_clip_skip_takes_an_earlier_layer_through_the_final_norm(sd, ctx):
    with ctx.use(sd.text_encoder.encoders[0]) as loaded:
        ids = loaded.tokenizer(PROMPT, padding="max_length", return_tensors="pt").input_ids
        output = loaded.model(ids, output_hidden_states=True)
        norm = getattr(loaded.model, "text_model", loaded.model).final_layer_norm
        expected = norm(output.hidden_states[-2])
    assert torch.equal(encode_text(PROMPT, sd.text_encoder, 1, ctx=ctx).states, expected)


def test_weights_scale_the_distance_from_the_empty_prompt(sd, ctx):
    def states(text):
        return encode_text(text, sd.text_encoder, ctx=ctx).states[0]

    plain, empty = states("a red apple"), states("")
    half, double = states("a (red:0.5) apple"), states("a (red:2) apple")
    none = states("a (red:0) apple")
    red = 2  # after the start mark and "a"
    torch.testing.assert_close(half[red], (plain[red] + empty[red]) / 2)
    torch.testing.assert_close(double[red], 2 * plain[red] - empty[red])
    assert torch.equal(none[red], empty[red])
    others = [i for i in range(77) if i != red]
    for weighted in (half, double, none):
        assert torch.equal(weighted[others], plain[others])


def test_weights_do_not_change_how_words_are_cut(encoder):
    plain = chunk(encoder, parse("unbelievable apples"))
    weighted = chunk(encoder, parse("unbel(iev:1.5)able (apples)"))
    assert torch.equal(plain.ids, weighted.ids)
    assert weighted.weights[0, :5].tolist() != plain.weights[0, :5].tolist()


def test_long_prompts_are_encoded_in_parts_with_marks_of_their_own(sd, ctx, encoder):
    chunks = chunk(encoder, [Span(LONG, 1.0)])
    assert chunks.ids.shape == (2, 77)
    assert chunks.ids[:, 0].tolist() == [49406, 49406]
    assert (chunks.ids[0] == 49407).sum() == 1
    words = tiny.tokenizer()(LONG, add_special_tokens=False).input_ids
    kept = [i for row in chunks.ids.tolist() for i in row if i < 49406]
    assert kept == words
    states = encode_text(LONG, sd.text_encoder, ctx=ctx).states
    assert states.shape == (1, 154, 32)
    first = tiny.tokenizer().decode(chunks.ids[0, 1:76])
    torch.testing.assert_close(
        states[:, :77], encode_text(first, sd.text_encoder, ctx=ctx).states, rtol=1e-4, atol=1e-5
    )


def test_a_chunk_never_ends_within_a_word(encoder):
    tokenizer = tiny.tokenizer()
    assert len(tokenizer("unbelievabley", add_special_tokens=False).input_ids) == 3
    chunks = chunk(encoder, [Span("a " * 74 + "unbelievabley", 1.0)])
    word = tokenizer("unbelievabley", add_special_tokens=False).input_ids
    assert chunks.ids[1, 1:4].tolist() == word
    assert chunks.attention[0].sum() == 76


def test_a_word_longer_than_a_chunk_is_cut_all_the_same(encoder):
    chunks = chunk(encoder, [Span("x" * 4000, 1.0)])
    assert len(chunks.ids) > 1
    words = tiny.tokenizer()("x" * 4000, add_special_tokens=False).input_ids
    assert [i for row in chunks.ids.tolist() for i in row if i < 49406] == words


def test_weights_reach_later_chunks(encoder):
    chunks = chunk(encoder, parse("a " * 80 + "(red:1.5)"))
    assert chunks.weights[1, 1:8].tolist() == [1.0] * 5 + [1.5, 1.0]
    assert chunks.weights[0].tolist() == [1.0] * 77


def test_chunks_of_a_batch_are_the_same_as_alone(sd, ctx):
    with ctx.use(sd.text_encoder.encoders[0]) as loaded, torch.no_grad():
        both = encode(loaded, [Span(LONG, 1.0)], 0, normalise=True).states
    assert both.isfinite().all()
    assert not torch.allclose(both[:, :77], both[:, 77:])


def test_too_long_and_wrongly_weighted_prompts_are_refused(sd, ctx):
    with pytest.raises(NodeError, match="4096") as error:
        encode_text("a " * 5000, sd.text_encoder, ctx=ctx)
    assert error.value.port == "text"
    with pytest.raises(NodeError, match="weight 99"):
        encode_text("(red:99)", sd.text_encoder, ctx=ctx)


def test_a_hundred_thousand_characters_are_refused_before_the_run():
    from graphgen.node import spec_of

    port = spec_of(encode_text).inputs["text"]
    assert port.validate("a" * MAX_CHARACTERS)
    with pytest.raises(ValueError, match="at most 20000 characters"):
        port.validate("a" * 100_000)
