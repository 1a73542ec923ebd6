"""Putting conditionings together."""

import pytest
import torch
from graphgen_nodes.diffusion.combine import blend, combine, set_sizes
from graphgen_nodes.diffusion.latents import latent_noise
from graphgen_nodes.diffusion.load import load_model
from graphgen_nodes.diffusion.sampling import sample
from graphgen_nodes.diffusion.text import encode_text
from graphgen_nodes.diffusion.types import Conditioning

from graphgen import NodeError


@pytest.fixture
def encode(sd, ctx):
    return lambda text: encode_text(text, sd.text_encoder, ctx=ctx)


def test_combining_attends_to_the_tokens_of_both(encode):
    red, tree = encode("red"), encode("tree")
    both = combine(red, tree)
    assert torch.equal(both.states, torch.cat([red.states, tree.states], 1))
    assert both.pooled is None


def test_blending_averages(encode):
    red, tree = encode("red"), encode("tree")
    torch.testing.assert_close(
        blend(red, tree, 0.25).states, 0.75 * red.states + 0.25 * tree.states
    )
    assert torch.equal(blend(red, tree, 0.0).states, red.states)
    assert torch.equal(blend(red, tree, 1.0).states, tree.states)


def test_blending_prompts_of_unequal_length(sd, ctx, encode):
    short, long = encode("red"), encode("a tree " * 60)
    assert (short.tokens, long.tokens) == (77, 154)
    mixed = blend(short, long, 0.5)
    assert mixed.tokens == 154
    noise = latent_noise(sd.model, seed=1, ctx=ctx)

    def picture(conditioning):
        return sample(sd.model, conditioning, noise, steps=2, guidance=1.0, ctx=ctx).samples

    # With all its weight on the short one it is the short one, repeated.
    torch.testing.assert_close(
        picture(blend(short, long, 0.0)), picture(short), rtol=1e-3, atol=1e-4
    )
    with pytest.raises(NodeError, match="no common length"):
        blend(Conditioning(torch.zeros(1, 77 * 13, 8)), Conditioning(torch.zeros(1, 77 * 17, 8)))


def test_both_guide_the_picture(emoji, ctx):
    def encode(text):
        return encode_text(text, emoji.text_encoder, ctx=ctx)

    def picture(conditioning):
        noise = latent_noise(emoji.model, seed=1, ctx=ctx)
        return sample(emoji.model, conditioning, noise, steps=5, ctx=ctx).samples

    apple, key = encode("red apple"), encode("key")
    pictures = [picture(c) for c in (apple, key)]
    apart = float((pictures[0] - pictures[1]).pow(2).mean())
    for mixed in (picture(combine(apple, key)), picture(blend(apple, key))):
        for single in pictures:
            assert 0.02 * apart < float((mixed - single).pow(2).mean())


def test_pooled_states_and_sizes_of_sdxl(ctx):
    xl = load_model("sdxl", ctx=ctx)
    red, tree = (encode_text(t, xl.text_encoder, ctx=ctx) for t in ("red", "tree"))
    torch.testing.assert_close(combine(red, tree).pooled, (red.pooled + tree.pooled) / 2)
    torch.testing.assert_close(
        blend(red, tree, 0.25).pooled, 0.75 * red.pooled + 0.25 * tree.pooled
    )
    sized = set_sizes(red, 512, 256, 64, 32, 7, 9)
    assert sized.sizes == (256, 512, 9, 7, 32, 64)
    assert combine(sized, tree).sizes == sized.sizes
    noise = latent_noise(xl.model, seed=1, ctx=ctx)

    def picture(conditioning):
        return sample(xl.model, conditioning, noise, steps=2, guidance=1.0, ctx=ctx).samples

    plain = picture(red)
    assert torch.equal(picture(set_sizes(red, 64, 64, 64, 64)), plain)
    assert not torch.allclose(picture(sized), plain, atol=1e-3)


def test_states_of_different_encoders_are_refused(sd, ctx, encode):
    xl = load_model("sdxl", ctx=ctx)
    other = encode_text("red", xl.text_encoder, ctx=ctx)
    for node in (combine, blend):
        with pytest.raises(NodeError, match="widths 32 and 80") as error:
            node(encode("red"), other)
        assert error.value.port == "second"
