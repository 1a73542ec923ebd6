"""LoRAs: formats, weights, stacking, text encoders, and models that they don't fit."""

import diffusers
import pytest
import torch
from graphgen_nodes.diffusion.latents import latent_noise
from graphgen_nodes.diffusion.load import load_lora, load_model
from graphgen_nodes.diffusion.sampling import sample
from graphgen_nodes.diffusion.text import encode_text
from safetensors.torch import save_file

from graphgen import SKIP, NodeError

UNET = "mid_block.attentions.0.transformer_blocks.0"
TEXT = "text_model.encoder.layers.1.self_attn"
RANK = 3


def factors(out, width, seed):
    generator = torch.Generator().manual_seed(seed)
    down = torch.randn(RANK, width, generator=generator)
    return down, torch.randn(out, RANK, generator=generator)


# Module of the network, and its output and input width.
UNET_LAYERS = {f"{UNET}.attn1.to_q": (32, 32), f"{UNET}.attn2.to_k": (32, 32)}
TEXT_LAYERS = {f"{TEXT}.q_proj": (32, 32), f"{TEXT}.out_proj": (32, 32)}


def kohya(path, alpha=1.5, seed=0, text="lora_te", unet_layers=UNET_LAYERS):
    """As kohya's trainer writes them: underscores, down and up, an alpha per layer."""
    tensors = {}
    groups = (("lora_unet", unet_layers), (text, TEXT_LAYERS if text else {}))
    for prefix, layers in groups:
        for name, (out, width) in layers.items():
            key = f"{prefix}_{name.replace('.', '_')}"
            tensors[f"{key}.lora_down.weight"], tensors[f"{key}.lora_up.weight"] = factors(
                out, width, seed
            )
            tensors[f"{key}.alpha"] = torch.tensor(alpha)
    save_file(tensors, str(path))


def peft(path, seed=0, metadata=None, parts=("unet", "text_encoder")):
    """As diffusers and peft write them: lora_A and lora_B by module path."""
    tensors = {}
    for part, layers in zip(("unet", "text_encoder"), (UNET_LAYERS, TEXT_LAYERS), strict=True):
        for name, (out, width) in layers.items():
            if part in parts:
                a, b = factors(out, width, seed)
                tensors[f"{part}.{name}.lora_A.weight"] = a
                tensors[f"{part}.{name}.lora_B.weight"] = b
    save_file(tensors, str(path), metadata)


def product(seed, shape=(32, 32)):
    down, up = factors(*shape, seed)
    return up @ down


def weights(ctx, loaded):
    """Copies of the patched networks' weights."""
    with ctx.use(loaded.model.unet) as unet:
        state = {name: value.clone() for name, value in unet.state_dict().items()}
    with ctx.use(loaded.text_encoder.encoders[0]) as text:
        for name, value in text.model.state_dict().items():
            state[f"text.{name.removeprefix('text_model.')}"] = value.clone()
    return state


def changes(before, after):
    assert before.keys() == after.keys()
    return {
        name: after[name] - before[name]
        for name in before
        if not torch.equal(before[name], after[name])
    }


def assert_merged(difference, unet, text):
    """The differences of the two networks, layer by layer."""
    text_names = {f"text.{name.removeprefix('text_model.')}.weight" for name in TEXT_LAYERS}
    assert set(difference) == {*(f"{name}.weight" for name in UNET_LAYERS), *text_names}
    for name in UNET_LAYERS:
        torch.testing.assert_close(difference[f"{name}.weight"], unet, rtol=1e-4, atol=1e-4)
    for name in text_names:
        torch.testing.assert_close(difference[name], text, rtol=1e-4, atol=1e-4)


def test_kohya_format_with_its_alpha(sd, context, tmp_path):
    kohya(tmp_path / "k.safetensors", alpha=1.5)
    ctx = context(tmp_path)
    patched = load_lora("k.safetensors", sd.model, sd.text_encoder, 0.8, ctx=ctx)
    expected = 0.8 * (1.5 / RANK) * product(0)
    assert_merged(changes(weights(ctx, sd), weights(ctx, patched)), expected, expected)


def test_peft_format_and_a_weight_of_its_own_for_the_text(sd, context, tmp_path):
    peft(tmp_path / "p.safetensors")
    ctx = context(tmp_path)
    patched = load_lora("p.safetensors", sd.model, sd.text_encoder, 0.5, -0.25, ctx=ctx)
    difference = changes(weights(ctx, sd), weights(ctx, patched))
    assert_merged(difference, 0.5 * product(0), -0.25 * product(0))


def test_peft_settings_in_the_file_are_followed(sd, context, tmp_path):
    """save_lora_weights writes rank and alpha beside the tensors."""
    from peft import LoraConfig

    unet = diffusers.UNet2DConditionModel.from_config(load_config(context(), sd))
    config = LoraConfig(r=RANK, lora_alpha=6, target_modules=["attn1.to_q"])
    unet.add_adapter(config)
    from diffusers.utils import convert_state_dict_to_diffusers
    from peft.utils import get_peft_model_state_dict

    state = get_peft_model_state_dict(unet)
    state = {k: torch.ones_like(v) for k, v in state.items()}
    diffusers.StableDiffusionPipeline.save_lora_weights(
        tmp_path,
        unet_lora_layers=convert_state_dict_to_diffusers(state),
        unet_lora_adapter_metadata=config.to_dict(),
        weight_name="m.safetensors",
    )
    ctx = context(tmp_path)
    patched = load_lora("m.safetensors", sd.model, sd.text_encoder, ctx=ctx)
    difference = changes(weights(ctx, sd), weights(ctx, patched))
    assert f"{UNET}.attn1.to_q.weight" in difference
    for value in difference.values():
        torch.testing.assert_close(value, torch.full_like(value, RANK * 6 / RANK))
    assert all("attn1.to_q" in name for name in difference)


def load_config(ctx, loaded):
    with ctx.use(loaded.model.unet) as unet:
        return dict(unet.config)


def test_loras_stack_in_any_number_and_leave_the_base_alone(sd, context, tmp_path):
    kohya(tmp_path / "one.safetensors", alpha=RANK, seed=1)
    peft(tmp_path / "two.safetensors", seed=2)
    ctx = context(tmp_path)
    before = weights(ctx, sd)
    first = load_lora("one.safetensors", sd.model, sd.text_encoder, 0.5, ctx=ctx)
    both = load_lora("two.safetensors", first.model, first.text_encoder, 2.0, ctx=ctx)
    expected = 0.5 * product(1) + 2 * product(2)
    assert_merged(changes(before, weights(ctx, both)), expected, expected)
    twice = load_lora("one.safetensors", first.model, first.text_encoder, 0.5, ctx=ctx)
    assert_merged(changes(before, weights(ctx, twice)), product(1), product(1))
    assert not changes(before, weights(ctx, sd))


def test_weight_zero_is_the_base_itself(sd, context, tmp_path):
    peft(tmp_path / "p.safetensors")
    ctx = context(tmp_path)
    patched = load_lora("p.safetensors", sd.model, sd.text_encoder, 0.0, ctx=ctx)
    assert patched.model.unet.key == sd.model.unet.key
    assert patched.text_encoder.encoders[0].key == sd.text_encoder.encoders[0].key


def test_a_part_that_the_file_does_not_touch_is_not_loaded_again(sd, context, tmp_path):
    peft(tmp_path / "u.safetensors", parts=("unet",))
    peft(tmp_path / "t.safetensors", parts=("text_encoder",))
    ctx = context(tmp_path)
    unet = load_lora("u.safetensors", sd.model, sd.text_encoder, ctx=ctx)
    assert unet.text_encoder.encoders == sd.text_encoder.encoders
    assert unet.model.unet.key != sd.model.unet.key
    text = load_lora("t.safetensors", sd.model, sd.text_encoder, ctx=ctx)
    assert text.model.unet.key == sd.model.unet.key
    assert text.model.text_encoder.encoders == text.text_encoder.encoders
    assert text.text_encoder.encoders != sd.text_encoder.encoders
    assert load_lora("u.safetensors", sd.model, ctx=ctx).text_encoder is SKIP


def test_the_picture_is_that_of_diffusers(sd, context, models, tmp_path):
    kohya(tmp_path / "k.safetensors")
    ctx = context(tmp_path)
    patched = load_lora("k.safetensors", sd.model, sd.text_encoder, 0.7, ctx=ctx)
    prompt = encode_text("a red apple", patched.text_encoder, ctx=ctx)
    noise = latent_noise(patched.model, seed=3, ctx=ctx)
    latent = sample(patched.model, prompt, noise, steps=3, guidance=1.0, ctx=ctx)
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(models / "sd", local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    pipe.load_lora_weights(str(tmp_path / "k.safetensors"), adapter_name="k")
    pipe.set_adapters(["k"], [0.7])
    expected = pipe(
        "a red apple",
        generator=torch.Generator().manual_seed(3),
        num_inference_steps=3,
        guidance_scale=1.0,
        output_type="latent",
    ).images
    torch.testing.assert_close(latent.samples, expected, rtol=1e-2, atol=1e-3)


def test_both_encoders_of_sdxl(context, tmp_path):
    tensors = {}
    for name, width in (("te1", 32), ("te2", 48)):
        key = f"lora_{name}_text_model_encoder_layers_0_mlp_fc1"
        tensors[f"{key}.lora_down.weight"], tensors[f"{key}.lora_up.weight"] = factors(
            2 * (width if name == "te1" else 48), width, 5
        )
        tensors[f"{key}.alpha"] = torch.tensor(float(RANK))
    key = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
    tensors[f"{key}.lora_down.weight"], tensors[f"{key}.lora_up.weight"] = factors(32, 32, 5)
    tensors[f"{key}.alpha"] = torch.tensor(float(RANK))
    save_file(tensors, str(tmp_path / "xl.safetensors"))
    ctx = context(tmp_path)
    xl = load_model("sdxl", ctx=ctx)
    patched = load_lora("xl.safetensors", xl.model, xl.text_encoder, ctx=ctx)
    for index, width in enumerate((32, 48)):
        base, changed = (e.text_encoder.encoders[index] for e in (xl, patched))
        with ctx.use(base) as a, ctx.use(changed) as b:
            delta = changes(a.model.state_dict(), b.model.state_dict())
        (value,) = delta.values()
        torch.testing.assert_close(value, product(5, (2 * width, width)), rtol=1e-3, atol=1e-4)
    with ctx.use(xl.model.unet) as a, ctx.use(patched.model.unet) as b:
        (value,) = changes(a.state_dict(), b.state_dict()).values()
    torch.testing.assert_close(value, product(5), rtol=1e-4, atol=1e-4)


def test_convolutions_too(sd, context, tmp_path):
    key = "lora_unet_down_blocks_0_resnets_0_conv1"
    down = torch.randn(RANK, 16, 3, 3)
    up = torch.randn(16, RANK, 1, 1)
    save_file(
        {
            f"{key}.lora_down.weight": down,
            f"{key}.lora_up.weight": up,
            f"{key}.alpha": torch.tensor(float(RANK)),
        },
        str(tmp_path / "c.safetensors"),
    )
    ctx = context(tmp_path)
    patched = load_lora("c.safetensors", sd.model, sd.text_encoder, ctx=ctx)
    difference = changes(weights(ctx, sd), weights(ctx, patched))
    (name,) = difference
    assert name == "down_blocks.0.resnets.0.conv1.weight"
    expected = torch.einsum("or,rikl->oikl", up[:, :, 0, 0], down)
    torch.testing.assert_close(difference[name], expected, rtol=1e-4, atol=1e-4)


def test_a_lora_for_another_model_is_refused_with_both_widths(sd, context, tmp_path):
    kohya(tmp_path / "xl.safetensors", unet_layers={f"{UNET}.attn2.to_k": (640, 2048)})
    with pytest.raises(NodeError, match=r"width 2048, and .* attends to width 32") as error:
        load_lora("xl.safetensors", sd.model, ctx=context(tmp_path))
    assert "xl.safetensors" in str(error.value)
    assert error.value.port == "lora"


@pytest.mark.parametrize(
    "layers", [{f"{UNET}.attn1.to_q": (48, 48)}, {"nowhere.attn1.to_q": (32, 32)}]
)
def test_layers_that_do_not_fit_are_refused_when_merged(layers, sd, context, tmp_path):
    kohya(tmp_path / "odd.safetensors", text="", unet_layers=layers)
    ctx = context(tmp_path)
    patched = load_lora("odd.safetensors", sd.model, ctx=ctx)
    with (
        pytest.raises(NodeError, match=r"odd.safetensors does not fit the unet"),
        ctx.use(patched.model.unet),
    ):
        pass


def test_other_files_are_no_lora(sd, context, models, tmp_path):
    ctx = context(tmp_path)
    with pytest.raises(NodeError, match=r"sd1.safetensors holds a Stable Diffusion checkpoint"):
        load_lora("sd1.safetensors", sd.model, ctx=ctx)
    (tmp_path / "cut.safetensors").write_bytes(b"1234567890")
    with pytest.raises(NodeError, match=r"cut.safetensors can't be read"):
        load_lora("cut.safetensors", sd.model, ctx=ctx)
    with pytest.raises(NodeError, match="no model named"):
        load_lora("none.safetensors", sd.model, ctx=ctx)
