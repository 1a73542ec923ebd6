"""The networks of checkpoints in memory: mapped, shared under LoRAs, streamed to a device."""

import sys

import pytest
import torch
from graphgen_nodes.diffusion.latents import decode_latent, latent_noise
from graphgen_nodes.diffusion.load import load_lora, load_model
from graphgen_nodes.diffusion.sampling import sample
from graphgen_nodes.diffusion.text import encode_text

from tests.toy_device import DEVICE, MEMORY

from .test_lora import UNET_LAYERS, kohya, peft

linux = pytest.mark.skipif(sys.platform != "linux", reason="the system does not say what is mapped")


def picture(loaded, ctx, steps=2):
    prompt = encode_text("a red apple", loaded.text_encoder, ctx=ctx)
    noise = latent_noise(loaded.model, seed=3, ctx=ctx)
    latent = sample(loaded.model, prompt, noise, steps=steps, ctx=ctx)
    return decode_latent(latent, loaded.vae, ctx=ctx).pixels.cpu()


@linux
@pytest.mark.parametrize("name", ["sd", "sdxl", "ddpm", "sd1.safetensors", "sd2.safetensors"])
def test_networks_are_mapped_whatever_the_layout(name, fresh):
    ctx = fresh()
    loaded = load_model(name, ctx=ctx)
    refs = [loaded.model.unet]
    if name != "ddpm":
        refs += [loaded.vae.weights, *loaded.text_encoder.encoders]
    for ref in refs:
        with ctx.use(ref):
            pass
    for model in ctx.pool.statistics().models:
        # Positions of tokens are counted, not read; diffusers cuts OpenCLIP's projections
        # of queries, keys and values apart by copies.
        open_clip = name.startswith("sd2") and "text" in model.loader
        assert model.mapped >= (0.7 if open_clip else 0.99) * model.nbytes, model


@linux
def test_pickled_checkpoints_are_mapped_too(fresh, models, tmp_path):
    from safetensors.torch import load_file

    torch.save(load_file(models / "sd1.safetensors"), tmp_path / "p.ckpt")
    ctx = fresh()
    with ctx.use(load_model("p.ckpt", ctx=ctx).model.unet):
        (model,) = ctx.pool.statistics().models
    assert model.mapped == model.nbytes


def storages(network):
    return {
        name: getattr(tensor, "raw", tensor).untyped_storage().data_ptr()
        for name, tensor in network.named_parameters()
    }


@pytest.mark.parametrize("device", ["cpu", DEVICE])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_loras_share_the_weights_of_their_base(device, dtype, fresh, tmp_path):
    kohya(tmp_path / "one.safetensors", seed=1)
    peft(tmp_path / "two.safetensors", seed=2)
    ctx = fresh(device, dtype_name=dtype)
    base = load_model("sd", ctx=ctx)
    one = load_lora("one.safetensors", base.model, base.text_encoder, 0.5, ctx=ctx)
    two = load_lora("two.safetensors", base.model, base.text_encoder, 2.0, ctx=ctx)
    with ctx.use(base.model.unet) as plain:
        there = storages(plain)
        alone = ctx.pool.usage()[device]
        before = {name: tensor.cpu().clone() for name, tensor in plain.state_dict().items()}
        with ctx.use(one.model.unet) as first, ctx.use(two.model.unet) as second:
            for network in (first, second):
                differ = {n for n, at in storages(network).items() if at != there[n]}
                assert differ == {f"{name}.weight" for name in UNET_LAYERS}
            size = torch.finfo(ctx.dtype).bits // 8
            own = 2 * len(UNET_LAYERS) * 32 * 32 * size
            assert ctx.pool.usage()[device] == alone + own
        ctx.pool.free()
        assert ctx.pool.usage()[device] == alone
        for name, tensor in plain.state_dict().items():
            assert torch.equal(tensor.cpu(), before[name])


def test_on_a_small_device_a_model_is_streamed_and_the_picture_is_the_same(fresh):
    ctx = fresh(DEVICE)
    loaded = load_model("sd", ctx=ctx)
    whole = picture(loaded, ctx)
    used = ctx.pool.usage()[DEVICE]
    ctx.pool.free()
    assert MEMORY.used == 0

    small = fresh(DEVICE, {DEVICE: used // 10})
    MEMORY.reset()
    assert torch.equal(picture(load_model("sd", ctx=small), small), whole)
    assert any(model.offloaded for model in small.pool.statistics().models)
    assert small.pool.usage().get(DEVICE, 0) <= used // 10


def test_models_take_turns_in_a_budget_for_one(fresh):
    ctx = fresh(DEVICE)
    loaded = load_model("sd", ctx=ctx)
    whole = picture(loaded, ctx)
    largest = max(model.nbytes for model in ctx.pool.statistics().models)
    ctx.pool.free()

    small = fresh(DEVICE, {DEVICE: largest})
    again = load_model("sd", ctx=small)
    for _ in range(2):
        assert torch.equal(picture(again, small), whole)
        assert small.pool.usage()[DEVICE] <= largest
    counted = small.pool.statistics()
    assert counted.loads == 3
    assert not any(model.offloaded for model in counted.models)


def test_a_lora_streams_as_well(fresh, tmp_path):
    kohya(tmp_path / "one.safetensors", seed=1)
    ctx = fresh(DEVICE)
    base = load_model("sd", ctx=ctx)
    one = load_lora("one.safetensors", base.model, base.text_encoder, 0.5, ctx=ctx)
    patched = base._replace(model=one.model, text_encoder=one.text_encoder)
    whole = picture(patched, ctx)
    small = fresh(DEVICE, {DEVICE: 20_000})
    assert torch.equal(picture(patched, small), whole)
