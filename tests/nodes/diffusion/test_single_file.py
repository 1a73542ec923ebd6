"""Checkpoints in one file: told apart, fitted, converted and sampled, without any hub."""

import math
import socket
from dataclasses import replace

import diffusers
import pytest
import torch
import transformers
from accelerate import init_empty_weights
from diffusers.loaders.single_file_utils import (
    convert_ldm_clip_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)
from graphgen_nodes.diffusion.fitting import UNET, fit_configs, text_prefixes
from graphgen_nodes.diffusion.latents import decode_latent, encode_image, latent_noise
from graphgen_nodes.diffusion.load import load_model
from graphgen_nodes.diffusion.sampling import sample
from graphgen_nodes.diffusion.text import encode_text
from graphgen_nodes.diffusion.types import Conditioning
from graphgen_nodes.image.types import Image
from safetensors.torch import save_file

from graphgen import SKIP, NodeError

from . import ldm

# Parameters of the published models: UNet, VAE, text encoders.
PUBLISHED = {
    "sd1": (ldm.SD1, 859_520_964, 83_653_863, {"text_encoder": 123_060_480}),
    "sd2": (ldm.SD2, 865_910_724, 83_653_863, {"text_encoder": 340_387_840}),
    "sdxl": (
        ldm.SDXL,
        2_567_463_684,
        83_653_863,
        {"text_encoder": 123_060_480, "text_encoder_2": 694_659_840},
    ),
}
MARK = UNET + "output_blocks.11.1.transformer_blocks.0.norm1.bias"


def empty(network_class, config):
    with init_empty_weights():
        if issubclass(network_class, transformers.PreTrainedModel):
            return network_class(transformers.CLIPTextConfig(**config))
        return network_class.from_config(config)


def assert_filled(network, tensors):
    """Every parameter has a tensor of its shape."""
    if not hasattr(network, "text_model"):
        tensors = {name.removeprefix("text_model."): value for name, value in tensors.items()}
    for name, value in network.state_dict().items():
        assert tensors[name].shape == value.shape, name


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_checkpoints_fit_the_shipped_configurations_in_full_size(name):
    """Every tensor of the real model, by name and shape, finds its place; none is read."""
    family, unet_size, vae_size, text_sizes = PUBLISHED[name]
    shapes = ldm.checkpoint(family)
    meta = {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}
    configs = fit_configs(name, shapes)
    assert configs == fit_configs(name, {}), "the shipped widths are those of the model"

    unet = empty(diffusers.UNet2DConditionModel, configs["unet"])
    assert unet.num_parameters() == unet_size
    assert_filled(unet, convert_ldm_unet_checkpoint(dict(meta), configs["unet"]))
    vae = empty(diffusers.AutoencoderKL, configs["vae"])
    assert vae.num_parameters() == vae_size
    assert_filled(vae, convert_ldm_vae_checkpoint(dict(meta), configs["vae"]))
    for part, prefix in text_prefixes(name).items():
        if prefix.endswith("transformer."):
            text = empty(transformers.CLIPTextModel, configs[part])
            assert_filled(text, convert_ldm_clip_checkpoint(dict(meta)))
        else:
            projected = name == "sdxl"
            cls = transformers.CLIPTextModelWithProjection if projected else None
            text = empty(cls or transformers.CLIPTextModel, configs[part])
            converted = convert_open_clip_checkpoint(text, dict(meta), prefix=prefix)
            assert_filled(text, converted)
        assert text.num_parameters() == text_sizes[part]


@pytest.mark.parametrize(
    ("name", "width", "pooled", "native"),
    [
        ("sd1.safetensors", 64, None, (64, 64)),
        ("sd2.safetensors", 64, None, (96, 96)),
        ("sdxl.safetensors", 128, 64, (128, 128)),
    ],
)
def test_a_checkpoint_draws_without_a_network(name, width, pooled, native, ctx, monkeypatch):
    def refuse(*_):
        raise AssertionError("it asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    loaded = load_model(name, ctx=ctx)
    model = loaded.model
    assert (model.text_width, model.pooled_width) == (width, pooled)
    assert (model.native_size, model.scale, model.latent_channels) == (native, 8, 4)
    prompt = encode_text("a red apple!", loaded.text_encoder, ctx=ctx)
    assert prompt.states.shape == (1, 77, width)
    other = encode_text("a green tree", loaded.text_encoder, ctx=ctx)
    noise = latent_noise(model, 64, 64, seed=1, ctx=ctx)
    latents = [sample(model, p, noise, steps=2, ctx=ctx) for p in (prompt, other)]
    assert latents[0].samples.isfinite().all()
    assert not torch.equal(latents[0].samples, latents[1].samples)
    pixels = decode_latent(latents[0], loaded.vae, ctx=ctx).pixels
    assert pixels.shape == (1, 3, 64, 64)
    assert pixels.std() > 0
    again = encode_image(Image(pixels), loaded.vae, ctx=ctx)
    assert again.samples.shape == (1, 4, 8, 8)


def test_its_tensors_are_where_they_belong(ctx, models):
    """Weights as they lie in the file, by the names of both layouts."""
    from safetensors.torch import load_file

    stored = load_file(models / "sdxl.safetensors")
    loaded = load_model("sdxl.safetensors", ctx=ctx)
    with ctx.use(loaded.model.unet) as unet:
        pairs = {
            "conv_in.weight": "input_blocks.0.0.weight",
            "add_embedding.linear_1.weight": "label_emb.0.0.weight",
            "down_blocks.1.attentions.0.transformer_blocks.1.attn2.to_k.weight": (
                "input_blocks.4.1.transformer_blocks.1.attn2.to_k.weight"
            ),
            "mid_block.attentions.0.transformer_blocks.9.ff.net.2.weight": (
                "middle_block.1.transformer_blocks.9.ff.net.2.weight"
            ),
            "up_blocks.0.upsamplers.0.conv.weight": "output_blocks.2.2.conv.weight",
            "conv_out.weight": "out.2.weight",
        }
        state = unet.state_dict()
        for ours, theirs in pairs.items():
            assert torch.equal(state[ours], stored[UNET + theirs]), ours
    with ctx.use(loaded.text_encoder.encoders[1]) as text:
        assert text.padding == 0
        layer = "conditioner.embedders.1.model.transformer.resblocks.3.attn.in_proj_weight"
        key = text.model.state_dict()["text_model.encoder.layers.3.self_attn.k_proj.weight"]
        assert torch.equal(key, stored[layer][64:128])
        projection = stored["conditioner.embedders.1.model.text_projection"]
        assert torch.equal(text.model.text_projection.weight, projection.T)


def test_exclamation_marks_are_words_and_padding_is_not(ctx):
    """OpenCLIP pads with id 0, which is also a rare "!"; a prompt's "!" is another."""
    encoder = load_model("sd2.safetensors", ctx=ctx).text_encoder
    from graphgen_nodes.diffusion._encoding import chunk
    from graphgen_nodes.diffusion.prompt import Span

    with ctx.use(encoder.encoders[0]) as loaded:
        ids = chunk(loaded, [Span("wow!", 1.0)]).ids[0].tolist()
    assert ids[:5] == [49406, 2781, 256, 49407, 0]


def variant(tmp_path, shapes, values=None, metadata=None):
    path = tmp_path / "variant.safetensors"
    tensors = {name: torch.zeros(shape) for name, shape in shapes.items()}
    tensors.update(values or {})
    save_file(tensors, str(path), metadata)
    return path.name


def small(family, **extra):
    """A checkpoint of a family with next to nothing in it but names."""
    return ldm.checkpoint(replace(family, **extra)) if extra else ldm.checkpoint(family)


def test_what_it_predicts_is_found_out(context, tmp_path):
    ctx = context(tmp_path)
    spread = torch.linspace(-1, 1, 64)

    def prediction(shapes, prediction="auto", **kwargs):
        name = variant(tmp_path, shapes, **kwargs)
        return load_model(name, prediction, ctx=ctx).model.scheduler["prediction_type"]

    sd1, sd2 = small(ldm.TINY_SD1), small(ldm.TINY_SD2)
    assert prediction(sd1) == "epsilon"
    assert prediction(sd2, values={MARK: spread * 0.1}) == "epsilon"
    assert prediction(sd2, values={MARK: spread * 0.3}) == "v_prediction"
    assert prediction(sd2, "epsilon", values={MARK: spread * 0.3}) == "epsilon"
    assert prediction(sd1, "v_prediction") == "v_prediction"
    assert prediction({**sd1, "v_pred": ()}) == "v_prediction"
    assert prediction(sd1, metadata={"modelspec.prediction_type": "v"}) == "v_prediction"
    zero = variant(tmp_path, {**sd1, "v_pred": (), "ztsnr": ()})
    scheduler = load_model(zero, ctx=ctx).model.scheduler
    assert scheduler["rescale_betas_zero_snr"]
    assert scheduler["timestep_spacing"] == "trailing"


def test_a_unet_alone_is_loaded_without_text_encoder_and_vae(context, tmp_path, sd):
    items = ldm.unet(replace(ldm.TINY_SD1, context=768))
    shapes = {UNET + name: shape for name, shape in items}
    ctx = context(tmp_path)
    loaded = load_model(variant(tmp_path, shapes), ctx=ctx)
    assert loaded.text_encoder is SKIP
    assert loaded.vae is SKIP
    assert loaded.model.text_width == 768
    noise = latent_noise(loaded.model, 64, 64, ctx=ctx)
    prompt = Conditioning(torch.zeros(1, 77, 768))
    assert sample(loaded.model, prompt, noise, prompt, steps=1, ctx=ctx).samples.isfinite().all()
    with pytest.raises(NodeError, match="no text encoder of its own") as error:
        sample(loaded.model, prompt, noise, steps=1, ctx=ctx)
    assert error.value.port == "negative"


def test_an_inpainting_checkpoint_has_nine_input_channels(context, tmp_path):
    name = variant(tmp_path, small(ldm.TINY_SD1, in_channels=9))
    model = load_model(name, ctx=context(tmp_path)).model
    assert (model.in_channels, model.latent_channels) == (9, 4)


@pytest.mark.parametrize(
    ("shapes", "kind", "hint"),
    [
        ({"lora_unet_down.lora_down.weight": (4, 8)}, "a LoRA", "load_lora"),
        ({"decoder.conv_in.weight": (8, 4, 3, 3)}, "a VAE", "load_vae"),
        ({"control_model.input_blocks.0.0.weight": (8, 4, 3, 3)}, "a ControlNet", None),
        ({"double_blocks.0.img_attn.qkv.weight": (8, 8)}, "a Flux transformer", None),
        ({"something.weight": (8, 8)}, "weights of unknown kind", None),
        (
            {
                UNET + "input_blocks.0.0.weight": (8, 4, 3, 3),
                UNET + "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (8, 1280),
            },
            "an SDXL refiner",
            None,
        ),
    ],
)
def test_a_file_of_another_kind_is_named_for_what_it_is(shapes, kind, hint, context, tmp_path):
    name = variant(tmp_path, shapes)
    with pytest.raises(NodeError, match=f"variant.safetensors holds {kind}, and a checkpoint") as e:
        load_model(name, ctx=context(tmp_path))
    assert (e.value.hint or "").endswith(f"diffusion/{hint}") == bool(hint)
    assert e.value.port == "model"


def test_a_truncated_file_is_named(context, tmp_path, models):
    whole = (models / "sd1.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.safetensors").write_text("not weights at all, but quite some text")
    (tmp_path / "empty.safetensors").write_bytes(b"")
    for name in ("cut", "text", "empty"):
        with pytest.raises(NodeError, match=rf"{name}\.safetensors can't be read") as error:
            load_model(f"{name}.safetensors", ctx=context(tmp_path))
        assert error.value.code == "damaged_model"


def test_a_missing_tensor_is_named_when_it_is_needed(context, tmp_path):
    shapes = ldm.checkpoint(ldm.TINY_SD1)
    del shapes[UNET + "middle_block.1.proj_in.weight"]
    shapes[UNET + "out.2.bias"] = (5,)
    name = variant(tmp_path, shapes)
    ctx = context(tmp_path)
    loaded = load_model(name, ctx=ctx)
    with (
        pytest.raises(NodeError, match=r"variant.*UNet2DConditionModel: it lacks 1 tensors"),
        ctx.use(loaded.model.unet),
    ):
        pass
    shapes[UNET + "middle_block.1.proj_in.weight"] = (128, 128, 1, 1)
    name = variant(tmp_path, shapes)
    loaded = load_model(name, ctx=ctx)
    with (
        pytest.raises(NodeError, match=r"conv_out.bias has the shape \[5\], not \[4\]"),
        ctx.use(loaded.model.unet),
    ):
        pass


class Harmful:
    def __reduce__(self):
        return (print, ("it ran",))


def test_pickles_hold_weights_and_nothing_else(context, tmp_path, models, capsys):
    from safetensors.torch import load_file

    ctx = context(tmp_path)
    tensors = load_file(models / "sd1.safetensors")
    torch.save({"state_dict": tensors, "global_step": 1}, tmp_path / "good.ckpt")
    torch.save(tensors, tmp_path / "old.ckpt", _use_new_zipfile_serialization=False)
    torch.save({"state_dict": tensors, "callback": Harmful()}, tmp_path / "harmful.ckpt")
    torch.save([1, 2], tmp_path / "list.pt")
    (tmp_path / "cut.ckpt").write_bytes((tmp_path / "good.ckpt").read_bytes()[:5000])
    reference = load_model("sd1.safetensors", ctx=ctx)
    prompt = encode_text("a red apple", reference.text_encoder, ctx=ctx)
    noise = latent_noise(reference.model, 32, 32, ctx=ctx)
    expected = sample(reference.model, prompt, noise, steps=2, ctx=ctx).samples
    for name in ("good.ckpt", "old.ckpt"):
        model = load_model(name, ctx=ctx).model
        with ctx.use(model.unet) as read, ctx.use(reference.model.unet) as wanted:
            states = zip(read.parameters(), wanted.parameters(), strict=True)
            assert all(torch.equal(a, b) for a, b in states)
        # Not bit for bit: kernels care where in memory a tensor begins.
        samples = sample(model, prompt, noise, steps=2, ctx=ctx).samples
        torch.testing.assert_close(samples, expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(NodeError, match=r"harmful\.ckpt was not read") as error:
        load_model("harmful.ckpt", ctx=ctx)
    assert error.value.code == "unsafe_model"
    assert "it ran" not in capsys.readouterr().out
    with pytest.raises(NodeError, match="named tensors were expected"):
        load_model("list.pt", ctx=ctx)
    with pytest.raises(NodeError, match=r"cut\.ckpt can't be read"):
        load_model("cut.ckpt", ctx=ctx)


def test_half_precision_files_compute_in_the_type_of_the_run(context, tmp_path, models):
    from safetensors.torch import load_file

    tensors = load_file(models / "sd1.safetensors")
    half = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    save_file(half, str(tmp_path / "half.safetensors"))
    ctx = context(tmp_path)
    loaded = load_model("half.safetensors", ctx=ctx)
    with ctx.use(loaded.model.unet) as unet:
        assert {p.dtype for p in unet.parameters()} == {torch.float32}
    with context(tmp_path, dtype_name="bfloat16").use(loaded.model.unet) as unet:
        assert {p.dtype for p in unet.parameters()} == {torch.bfloat16}


def test_sizes_of_the_layouts_are_those_of_the_published_models():
    """The yardstick itself: parameters by family, as their papers and files have them."""
    for family, unet, vae, _ in PUBLISHED.values():
        assert sum(math.prod(shape) for _, shape in ldm.unet(family)) == unet
        assert sum(math.prod(shape) for _, shape in ldm.vae(family.vae_width)) == vae
