"""Pipeline folders and VAEs: what is read of them, and what is wrong with others."""

import json
import shutil
import socket

import pytest
import torch
from graphgen_nodes.diffusion import graphgen_model_loaders
from graphgen_nodes.diffusion.latents import decode_latent, encode_image, latent_noise
from graphgen_nodes.diffusion.load import load_model, load_vae
from graphgen_nodes.diffusion.sampling import sample
from graphgen_nodes.diffusion.text import encode_text
from graphgen_nodes.image.types import Image
from safetensors.torch import load_file, save_file

from graphgen import SKIP, NodeError

from . import tiny


@pytest.fixture
def copy(models, tmp_path):
    """A pipeline folder that a test may spoil."""

    def make(name="sd"):
        return shutil.copytree(models / name, tmp_path / "copy", dirs_exist_ok=True)

    return make


def edit(path, **changes):
    document = json.loads(path.read_text())
    document.update(changes)
    path.write_text(json.dumps(document))


def test_a_folder_is_described_from_its_configurations(sd, ctx):
    model = sd.model
    assert (model.latent_channels, model.in_channels, model.scale) == (4, 4, 4)
    assert (model.native_size, model.text_width, model.pooled_width) == ((16, 16), 32, None)
    assert model.scheduler["beta_schedule"] == "scaled_linear"
    assert (sd.text_encoder.max_length, sd.text_encoder.width) == (77, 32)
    assert (sd.vae.latent_channels, sd.vae.scale) == (4, 4)
    sdxl = load_model("sdxl", ctx=ctx)
    assert (sdxl.model.text_width, sdxl.model.pooled_width) == (80, 48)
    assert sdxl.model.zero_empty
    assert [ref.option("name") for ref in sdxl.text_encoder.encoders] == [
        "text_encoder",
        "text_encoder_2",
    ]
    pixels = load_model("ddpm", ctx=ctx)
    assert pixels.text_encoder is SKIP
    assert pixels.vae is SKIP
    assert load_model("sd", "v_prediction", ctx=ctx).model.scheduler["prediction_type"] == (
        "v_prediction"
    )


def touch(ctx, *references):
    """Have the weights loaded."""
    for reference in references:
        with ctx.use(reference):
            pass


def test_references_follow_the_content_and_not_the_place(sd, copy, context, tmp_path):
    folder = copy()
    ctx = context(tmp_path)

    def keys():
        loaded = load_model("copy", ctx=ctx)
        return [
            ref.key
            for ref in (
                loaded.model.unet,
                loaded.vae.weights,
                *loaded.text_encoder.encoders,
            )
        ]

    original = [sd.model.unet.key, sd.vae.weights.key, *(r.key for r in sd.text_encoder.encoders)]
    assert keys() == original
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors["conv_out.bias"] += 1
    save_file(tensors, str(weights))
    edit(folder / "tokenizer" / "tokenizer_config.json", model_max_length=33)
    changed = [a != b for a, b in zip(keys(), original, strict=True)]
    assert changed == [True, False, True]


def test_a_folder_loads_without_a_network(copy, context, tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("it asked the network")

    copy("sdxl")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    loader = graphgen_model_loaders()
    loaded = load_model("copy", ctx=context(tmp_path))
    for ref in (*loaded.text_encoder.encoders, loaded.model.unet, loaded.vae.weights):
        assert loader[ref.loader].nbytes(loader[ref.loader].load(ref, "cpu", torch.float32)) > 1000


def test_a_half_precision_variant_and_a_pickle_are_read(sd, copy, context, tmp_path):
    folder = copy()
    ctx = context(tmp_path)
    unet = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = {name: tensor.half() for name, tensor in load_file(unet).items()}
    save_file(tensors, str(unet.with_name("diffusion_pytorch_model.fp16.safetensors")))
    unet.unlink()
    vae = folder / "vae" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(vae), vae.with_suffix(".bin"))
    vae.unlink()
    loaded = load_model("copy", ctx=ctx)
    with ctx.use(loaded.model.unet) as network, ctx.use(sd.model.unet) as original:
        assert network.dtype == torch.float32
        assert torch.equal(network.conv_in.weight, original.conv_in.weight.half().float())
    with ctx.use(loaded.vae.weights) as network, ctx.use(sd.vae.weights) as original:
        assert torch.equal(network.decoder.conv_in.weight, original.decoder.conv_in.weight)


def test_a_folder_pickle_that_could_run_code_is_refused(copy, context, tmp_path, capsys):
    class Harmful:
        def __reduce__(self):
            return (print, ("it ran",))

    folder = copy()
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({"conv_in.weight": Harmful()}, weights.with_suffix(".bin"))
    weights.unlink()
    ctx = context(tmp_path)
    loaded = load_model("copy", ctx=ctx)
    with pytest.raises(NodeError, match="copy/unet can't be loaded"):
        touch(ctx, loaded.model.unet)
    assert "it ran" not in capsys.readouterr().out


def test_a_missing_model_is_named_with_the_nearest(ctx):
    with pytest.raises(NodeError, match="no model named 'emoji-65'") as error:
        load_model("emoji-65", ctx=ctx)
    assert "emoji-64" in error.value.hint


def remove(folder, name):
    (folder / name).unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: remove(f, "model_index.json"), "has no model_index.json"),
        (lambda f: remove(f, "unet/config.json"), "unet/config.json is missing"),
        (
            lambda f: remove(f, "scheduler/scheduler_config.json"),
            "scheduler_config.json is missing",
        ),
        (
            lambda f: remove(f, "unet/diffusion_pytorch_model.safetensors"),
            r"unet has no weights: a .safetensors",
        ),
        (lambda f: (f / "vae/config.json").write_text("{"), "vae/config.json is not JSON"),
        (lambda f: (f / "vae/config.json").write_text("[]"), "vae/config.json is no JSON object"),
        (
            lambda f: edit(f / "vae/config.json", _class_name="VQModel"),
            r"vae holds a VQModel, and a VAE \(AutoencoderKL",
        ),
        (
            lambda f: edit(f / "model_index.json", unet=[None, None], _class_name="FluxPipeline"),
            "copy holds a FluxPipeline, and a pipeline with a UNet2DConditionModel",
        ),
        (
            lambda f: (f / "unet/config.json").write_text("{}"),
            "copy can't be read: a configuration in it lacks 'in_channels'",
        ),
    ],
)
def test_a_spoiled_folder_is_refused_by_name(spoil, message, copy, context, tmp_path):
    spoil(copy())
    with pytest.raises(NodeError, match=message):
        load_model("copy", ctx=context(tmp_path))


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def drop(path):
    tensors = load_file(path)
    tensors.popitem()
    save_file(tensors, str(path), {"format": "pt"})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: cut(f / "unet/diffusion_pytorch_model.safetensors"), "unet can't be loaded as"),
        (lambda f: drop(f / "unet/diffusion_pytorch_model.safetensors"), "unet.*lacks 1 tensors"),
        (lambda f: edit(f / "unet/config.json", block_out_channels=[16, 64]), "unet can't be"),
        (lambda f: drop(f / "text_encoder/model.safetensors"), "text_encoder.*lacks 1 tensors"),
        (lambda f: cut(f / "text_encoder/model.safetensors"), "text_encoder can't be loaded as"),
        (lambda f: (f / "tokenizer/tokenizer.json").write_text("{}"), "loaded as a tokenizer"),
    ],
)
def test_damaged_weights_are_named_when_they_are_needed(spoil, message, copy, context, tmp_path):
    spoil(copy())
    ctx = context(tmp_path)
    loaded = load_model("copy", ctx=ctx)
    with pytest.raises(NodeError, match=message) as error:
        touch(ctx, loaded.model.unet, *loaded.text_encoder.encoders)
    assert "copy" in str(error.value)
    assert error.value.code == "damaged_model"


def test_a_vae_is_loaded_from_a_folder_a_pipeline_or_a_file(sd, models, context, tmp_path):
    shutil.copytree(models / "sd" / "vae", tmp_path / "alone")
    ctx = context(tmp_path)
    prompt = encode_text("a red apple", sd.text_encoder, ctx=ctx)
    noise = latent_noise(sd.model, ctx=ctx)
    latent = sample(sd.model, prompt, noise, steps=2, ctx=ctx)
    expected = decode_latent(latent, sd.vae, ctx=ctx).pixels
    for name in ("alone", "sd"):
        vae = load_vae(name, ctx=ctx)
        assert torch.equal(decode_latent(latent, vae, ctx=ctx).pixels, expected)


def test_a_vae_in_a_file_of_its_own_is_that_of_the_checkpoint(ctx, context, models, tmp_path):
    stored = load_file(models / "sd1.safetensors")
    prefix = "first_stage_model."
    alone = {k.removeprefix(prefix): v for k, v in stored.items() if k.startswith(prefix)}
    save_file(alone, str(tmp_path / "vae.safetensors"))
    ctx = context(tmp_path)
    whole = load_model("sd1.safetensors", ctx=ctx)
    latent = latent_noise(whole.model, 64, 64, ctx=ctx)
    expected = decode_latent(latent, whole.vae, ctx=ctx).pixels
    for name in ("vae.safetensors", "sd1.safetensors"):
        assert torch.equal(decode_latent(latent, load_vae(name, ctx=ctx), ctx=ctx).pixels, expected)
    xl = load_vae("vae.safetensors", "sdxl", ctx=ctx)
    assert xl.float32
    assert not torch.equal(decode_latent(latent, xl, ctx=ctx).pixels, expected)
    with ctx.pool.use(xl.weights, "cpu", torch.float32) as network:
        assert network.config.scaling_factor == 0.13025
    # the same in diffusers' layout
    with ctx.pool.use(whole.vae.weights, "cpu", torch.float32) as network:
        save_file(dict(network.state_dict()), str(tmp_path / "converted.safetensors"))
    vae = load_vae("converted.safetensors", ctx=ctx)
    assert torch.equal(decode_latent(latent, vae, ctx=ctx).pixels, expected)


def test_a_tiny_autoencoder_is_a_vae_too(ctx, context, tmp_path):
    import diffusers

    torch.manual_seed(0)
    network = diffusers.AutoencoderTiny(
        encoder_block_out_channels=(16, 16, 16),
        decoder_block_out_channels=(16, 16, 16),
        num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1),
        upsampling_scaling_factor=2,
    ).eval()
    network.save_pretrained(tmp_path / "tiny")
    ctx = context(tmp_path)
    vae = load_vae("tiny", ctx=ctx)
    assert (vae.scale, vae.latent_channels) == (4, 4)
    pixels = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        latents = network.encode(pixels * 2 - 1).latents
        expected = (network.decode(latents).sample / 2 + 0.5).clamp(0, 1)
    latent = encode_image(Image(pixels), vae, ctx=ctx)
    assert torch.equal(latent.samples, latents)
    assert torch.equal(decode_latent(latent, vae, ctx=ctx).pixels, expected)


def test_a_text_encoder_of_unknown_kind_is_named(copy, context, tmp_path):
    folder = copy()
    index = json.loads((folder / "model_index.json").read_text())
    edit(folder / "model_index.json", text_encoder=["transformers", "pipeline"])
    assert index["text_encoder"] == ["transformers", "CLIPTextModel"]
    ctx = context(tmp_path)
    loaded = load_model("copy", ctx=ctx)
    with pytest.raises(NodeError, match="copy/text_encoder holds a pipeline, which"):
        touch(ctx, *loaded.text_encoder.encoders)


def test_other_things_are_no_vae(ctx, models, context, tmp_path):
    save_file({"lora_unet_x.lora_up.weight": torch.zeros(4, 4)}, str(tmp_path / "l.safetensors"))
    ctx = context(tmp_path)
    with pytest.raises(NodeError, match="holds a LoRA, and a VAE") as error:
        load_vae("l.safetensors", ctx=ctx)
    assert error.value.port == "vae"
    shutil.copytree(models / "sd" / "unet", tmp_path / "unet")
    with pytest.raises(NodeError, match="holds a UNet2DConditionModel, and a VAE"):
        load_vae("unet", ctx=ctx)
    with pytest.raises(NodeError, match="no pipeline folder") as error:
        load_model("unet", ctx=ctx)
    assert "diffusion/load_vae" in error.value.hint


def test_a_distilled_model_takes_guidance_as_an_input(context, tmp_path):
    tiny.save_sd(tmp_path / "lcm", time_cond_proj_dim=16)
    ctx = context(tmp_path)
    loaded = load_model("lcm", ctx=ctx)
    assert loaded.model.distilled
    import diffusers

    pipe = diffusers.StableDiffusionPipeline.from_pretrained(
        tmp_path / "lcm", local_files_only=True
    )
    pipe.scheduler = diffusers.LCMScheduler.from_config(pipe.scheduler.config)
    expected = pipe(
        "a red apple",
        generator=torch.Generator().manual_seed(3),
        num_inference_steps=4,
        guidance_scale=8.0,
        output_type="latent",
    ).images
    prompt = encode_text("a red apple", loaded.text_encoder, ctx=ctx)
    noise = latent_noise(loaded.model, seed=3, ctx=ctx)
    latent = sample(loaded.model, prompt, noise, steps=4, guidance=8.0, sampler="lcm", ctx=ctx)
    torch.testing.assert_close(latent.samples, expected)
