"""Prepacked weights: what they compute, at every size; what memory holds, and who shares it."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import diffusers
import pytest
import torch
from graphgen_nodes.diffusion._prepack import Prepacked, prepack
from graphgen_nodes.diffusion.load import load_lora, load_model
from graphgen_nodes.diffusion.optimise import optimise
from safetensors.torch import save_file
from torch import nn

from graphgen import ModelRef, NodeError
from graphgen.models.mapped import MappedFiles
from tests.toy_device import DEVICE

from .test_lora import UNET_LAYERS, kohya
from .test_optimise import held, needs_torchao, picture

pytestmark = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN"
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="the system does not say what is mapped")


def packed_names(network):
    return {name for name, tensor in network.named_parameters() if isinstance(tensor, Prepacked)}


def conv_names(network):
    return {f"{n}.weight" for n, module in network.named_modules() if isinstance(module, nn.Conv2d)}


def none(name):
    return None


# What a layer computes

LAYERS = {
    "3x3": lambda: nn.Conv2d(20, 24, 3, padding=1),
    "1x1": lambda: nn.Conv2d(24, 20, 1),
    "strided": lambda: nn.Conv2d(16, 32, 3, stride=2, padding=1),
    "from latents": lambda: nn.Conv2d(4, 48, 3, padding=1),
    "to latents": lambda: nn.Conv2d(48, 4, 3, padding=1, bias=False),
    "dilated": lambda: nn.Conv2d(16, 16, 3, padding=2, dilation=2),
    "grouped": lambda: nn.Conv2d(16, 32, 3, padding=1, groups=4),
    "depthwise": lambda: nn.Conv2d(32, 32, 3, padding=1, groups=32),
    "oblong": lambda: nn.Conv2d(16, 16, (3, 1), padding=(1, 0), stride=(1, 2)),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("kind", LAYERS)
@torch.inference_mode()
def test_a_convolution_computes_the_same_at_every_size(kind, dtype):
    torch.manual_seed(0)
    layer = LAYERS[kind]().to(dtype).requires_grad_(False)
    inputs = [
        torch.randn(batch, layer.in_channels, *size, dtype=dtype)
        for batch, size in ((1, (8, 8)), (2, (32, 32)), (8, (16, 16)), (1, (21, 40)), (3, (64, 8)))
    ]
    inputs.append(inputs[1].contiguous(memory_format=torch.channels_last))
    inputs.append(inputs[1][:, :, 1::2])
    wanted = [layer(x) for x in inputs]
    assert prepack(layer, (), none) == set()
    assert isinstance(layer.weight, Prepacked)
    near = {"rtol": 0, "atol": 2e-6 if dtype == torch.float32 else 2e-2}
    for x, expected in zip(inputs, wanted, strict=True):
        torch.testing.assert_close(layer(x), expected, **near)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.other = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)
        self.other.weight = self.one.weight


OTHERS = {
    "reflecting": lambda: nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
    "padding by name": lambda: nn.Conv2d(4, 4, 3, padding="same"),
    "transposed": lambda: nn.ConvTranspose2d(4, 4, 3),
    "1d": lambda: nn.Conv1d(4, 4, 3),
    "3d": lambda: nn.Conv3d(4, 4, 3),
    "float64": lambda: nn.Conv2d(4, 4, 3).double(),
    "float16": lambda: nn.Conv2d(4, 4, 3).half(),
    "linear": lambda: nn.Linear(4, 4),
    "tied": Tied,
    "a kind of its own": lambda: type("Mine", (nn.Conv2d,), {})(4, 4, 3),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_onednn_has_nothing_for_stays_as_it_is(kind):
    network = OTHERS[kind]()
    before = dict(network.named_parameters())
    prepack(network, (), none)
    assert all(tensor is before[name] for name, tensor in network.named_parameters())


SIZES = """
import sys
import torch
from graphgen_nodes.diffusion._prepack import prepack

torch.set_num_threads(int(sys.argv[1]))
dtype = getattr(torch, sys.argv[2])
for width, out, kernel in ((64, 96, 3), (320, 320, 3), (48, 48, 3), (320, 96, 1), (128, 320, 1)):
    layer = torch.nn.Conv2d(width, out, kernel, padding=kernel // 2).to(dtype).requires_grad_(False)
    print(f"layer {out}x{width}x{kernel}x{kernel}", flush=True)
    with torch.inference_mode(), torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
        prepack(layer, (), lambda name: None)
        for batch, size in ((1, 8), (2, 16), (2, 40), (8, 16), (1, 64), (3, 21)):
            layer(torch.zeros(batch, width, size, size, dtype=dtype))
"""


@pytest.mark.parametrize(
    ("vectors", "threads", "dtype"),
    [("DEFAULT", 1, "float32"), ("DEFAULT", 2, "bfloat16"), ("AVX2", 1, "float32")],
)
def test_weights_are_reordered_once_whatever_the_size(vectors, threads, dtype):
    """As oneDNN itself reports; the layouts of most of its convolutions are made for one size."""
    done = subprocess.run(
        [sys.executable, "-c", SIZES, str(threads), dtype],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": vectors},
    )
    parts = re.split(r"^layer (\S+)$", done.stdout, flags=re.M)[1:]
    assert len(parts) == 10
    for shape, told in zip(parts[::2], parts[1::2], strict=True):
        ran = [line.split(",") for line in told.splitlines() if ",exec,cpu," in line]
        assert sum("convolution" in parts for parts in ran) == 6
        assert sum("reorder" in parts and shape in parts for parts in ran) == 1, shape


def test_numbers_of_prepacked_weights_cannot_be_read():
    layer = nn.Conv2d(4, 4, 3)
    prepack(layer, (), none)
    assert (layer.weight.shape, layer.weight.dtype) == ((4, 4, 3, 3), torch.float32)
    with pytest.raises(TypeError, match="not for prepacked"):
        torch.add(layer.weight, 1)
    assert repr(layer.weight) == "Prepacked((4, 4, 3, 3), torch.float32)"


def test_a_weight_is_the_networks_own_when_its_bias_is():
    """The packed weight computes with the bias."""
    base, over = (nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)) for _ in range(2))
    prepack(base, (), none)
    assert prepack(over, {"1.bias"}, dict(base.named_parameters()).get) == {"1.weight"}
    assert over[0].weight is base[0].weight
    assert over[1].weight is not base[1].weight


# Pictures


@pytest.mark.parametrize("name", ["emoji-64", "sd", "sdxl"])
def test_pictures_are_the_plain_ones_but_for_rounding(name, fresh):
    ctx = fresh()
    plain = load_model(name, ctx=ctx)
    model = optimise(plain.model, prepack=True, ctx=ctx).model
    with ctx.use(model.unet) as unet:
        assert packed_names(unet) == conv_names(unet)
    for size in ((), (32, 96), (128, 64)):
        wanted, made = (
            picture(m, plain.vae, plain.text_encoder, ctx, size=size) for m in (plain.model, model)
        )
        torch.testing.assert_close(made, wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["sd1.safetensors", "ddpm"])
def test_denoisers_of_every_kind_of_file_are_packed(name, ctx):
    model = optimise(load_model(name, ctx=ctx).model, prepack=True, ctx=ctx).model
    with ctx.use(model.unet) as unet:
        assert packed_names(unet) == conv_names(unet)


def test_it_is_part_of_what_is_loaded_and_for_the_denoiser_alone(sd, ctx):
    made = optimise(sd.model, sd.vae, prepack=True, ctx=ctx)
    assert made.model.unet.key != sd.model.unet.key
    assert made.vae.weights.key == sd.vae.weights.key


def test_half_precision(fresh):
    ctx = fresh()
    plain = load_model("sd", ctx=ctx)
    half, packed = (
        optimise(plain.model, dtype="bfloat16", prepack=prepack, ctx=ctx).model
        for prepack in (False, True)
    )
    wanted, made = (picture(m, plain.vae, plain.text_encoder, ctx) for m in (half, packed))
    torch.testing.assert_close(made, wanted, rtol=0, atol=2e-2)
    with ctx.use(packed.unet) as unet:
        assert packed_names(unet) == conv_names(unet)


def test_channels_last_makes_no_difference_to_it(fresh):
    ctx = fresh()
    plain = load_model("sd", ctx=ctx)
    one, other = (
        optimise(plain.model, prepack=True, channels_last=last, ctx=ctx).model
        for last in (False, True)
    )
    wanted, made = (picture(m, plain.vae, plain.text_encoder, ctx) for m in (one, other))
    assert torch.equal(made, wanted)
    with ctx.use(one.unet) as first, ctx.use(other.unet) as second:
        shared = dict(first.named_parameters())
        assert all(tensor is shared[name] for name, tensor in second.named_parameters())


@needs_torchao
def test_quantised_layers_stay_quantised(fresh):
    ctx = fresh()
    plain = load_model("emoji-64", ctx=ctx)
    small, packed = (
        optimise(plain.model, quantise="int8", prepack=prepack, ctx=ctx).model
        for prepack in (False, True)
    )
    wanted, made = (picture(m, plain.vae, plain.text_encoder, ctx) for m in (small, packed))
    torch.testing.assert_close(made, wanted, rtol=0, atol=1e-4)
    assert held(ctx, packed.unet).nbytes == held(ctx, small.unet).nbytes
    with ctx.use(packed.unet) as unet:
        assert packed_names(unet) == conv_names(unet)


# Memory


@linux
def test_packed_weights_are_counted_in_place_of_mapped_ones(fresh):
    ctx = fresh()
    plain = load_model("sd", ctx=ctx).model.unet
    before = held(ctx, plain)
    ctx.pool.free()
    ref = plain.with_options(prepack=True)
    with ctx.use(ref) as unet:
        packed = sum(
            t.numel() * t.element_size() for t in unet.parameters() if isinstance(t, Prepacked)
        )
        files = MappedFiles()
        rest = [t for t in unet.parameters() if not isinstance(t, Prepacked)]
        assert all(files.hold(tensor) for tensor in rest)
    now = held(ctx, ref)
    assert now.nbytes == before.nbytes == before.mapped
    assert now.mapped == before.nbytes - packed
    assert ctx.pool.usage() == {"cpu": before.nbytes}
    assert ctx.pool.free() == before.nbytes
    assert ctx.pool.usage() == {}


def memory(name):
    with open("/proc/self/status", encoding="utf-8") as lines:
        (found,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(found.split()[1]) * 1024


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A UNet of 120 MB, nearly all of it convolutions of up to 9 MB."""
    folder = tmp_path_factory.mktemp("large")
    torch.manual_seed(0)
    diffusers.UNet2DModel(
        sample_size=8,
        block_out_channels=(256, 512),
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        add_attention=False,
    ).save_pretrained(folder / "unet")
    options = (("kind", "UNet2DModel"), ("name", "unet"), ("prepack", True))
    return ModelRef("diffusers/unet", str(folder), "large", options)


@linux
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_plain_weights_are_never_there_beside_the_packed_ones(dtype, large, fresh):
    ctx = fresh(dtype_name=dtype)
    with ctx.use(large):  # what loading takes for the first time
        pass
    ctx.pool.free()
    with open("/proc/self/clear_refs", "w", encoding="utf-8") as file:
        file.write("5")  # the peak is from now on
    anonymous, mapped, whole = memory("RssAnon"), memory("RssFile"), memory("VmRSS")
    with ctx.use(large):
        nbytes = held(ctx, large).nbytes
        assert nbytes > 50e6
        assert memory("RssAnon") - anonymous < nbytes + 15e6
        assert memory("RssFile") - mapped < 15e6
        assert memory("VmHWM") - whole < nbytes + 50e6


def test_loras_share_what_their_base_has_packed(fresh, tmp_path):
    conv = "mid_block.resnets.0.conv1"
    kohya(tmp_path / "linear.safetensors", text="")
    generator = torch.Generator().manual_seed(5)
    save_file(
        {
            f"unet.{conv}.lora_A.weight": torch.randn(4, 32, 3, 3, generator=generator) * 0.1,
            f"unet.{conv}.lora_B.weight": torch.randn(32, 4, 1, 1, generator=generator) * 0.1,
        },
        tmp_path / "conv.safetensors",
    )
    ctx = fresh()
    plain = load_model("sd", ctx=ctx)
    base = optimise(plain.model, prepack=True, ctx=ctx).model
    untouched = picture(base, plain.vae, plain.text_encoder, ctx)
    with ctx.use(base.unet) as unet:
        shared = dict(unet.named_parameters())
        for file, layers in (("linear", set(UNET_LAYERS)), ("conv", {conv})):
            patched = load_lora(f"{file}.safetensors", plain.model, ctx=ctx).model
            over = load_lora(f"{file}.safetensors", base, ctx=ctx).model
            assert over.unet == optimise(patched, prepack=True, ctx=ctx).model.unet
            wanted = picture(patched, plain.vae, plain.text_encoder, ctx)
            before = ctx.pool.usage()["cpu"]
            made = picture(over, plain.vae, plain.text_encoder, ctx)
            torch.testing.assert_close(made, wanted, rtol=0, atol=1e-4)
            assert not torch.allclose(made, untouched, rtol=0, atol=1e-3)
            with ctx.use(over.unet) as network:
                own = {n for n, t in network.named_parameters() if t is not shared[n]}
                assert own == {f"{name}.weight" for name in layers}
                size = sum(t.numel() * 4 for n, t in network.named_parameters() if n in own)
            assert ctx.pool.usage()["cpu"] - before == size
    again = picture(base, plain.vae, plain.text_encoder, ctx)
    assert torch.equal(again, untouched)


@linux
def test_a_file_that_was_written_to_is_read_and_packed_anew(fresh, models, tmp_path):
    shutil.copytree(models / "sd", tmp_path / "copy")
    ctx = fresh()
    ref = load_model("copy", ctx=ctx).model.unet.with_options(prepack=True)
    with ctx.use(ref) as unet:
        before = unet.conv_in.weight
    os.utime(tmp_path / "copy" / "unet" / "diffusion_pytorch_model.safetensors", (1, 1))
    with ctx.use(ref) as unet:
        assert isinstance(unet.conv_in.weight, Prepacked)
        assert unet.conv_in.weight is not before
    assert ctx.pool.loads == 2


# Other devices


@pytest.mark.parametrize("share", [None, 10], ids=["whole", "streamed"])
def test_it_has_no_effect_elsewhere_than_on_the_cpu(share, fresh, monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    ctx = fresh(DEVICE)
    plain = load_model("sd", ctx=ctx)
    wanted = picture(plain.model, plain.vae, plain.text_encoder, ctx)
    used = ctx.pool.usage()[DEVICE]
    limited = fresh(DEVICE, None if share is None else {DEVICE: used // share})
    model = optimise(plain.model, prepack=True, ctx=limited).model
    made = picture(model, plain.vae, plain.text_encoder, limited)
    assert torch.equal(made, wanted)
    told = limited.pool.statistics().models
    assert any(m.offloaded for m in told) == (share is not None)


def test_a_model_that_changes_devices_is_read_for_each(fresh):
    ctx, elsewhere = fresh(), fresh(DEVICE)
    elsewhere.pool = ctx.pool
    plain = load_model("sd", ctx=ctx)
    ref = plain.model.unet.with_options(prepack=True)
    x, states = torch.randn(2, 4, 16, 16), torch.randn(2, 5, 32)

    def computed(ctx):
        with torch.inference_mode(), ctx.use(ref) as unet:
            kinds = Counter(type(tensor) for tensor in unet.parameters())
            device = x.to(ctx.device)
            made = unet(device, 7, states.to(ctx.device)).sample.cpu()
        assert (kinds[Prepacked] > 0) == (ctx is not elsewhere)
        return made

    here = computed(ctx)
    for turn in range(2):
        there = computed(elsewhere)
        torch.testing.assert_close(there, here, rtol=0, atol=1e-5)
        if turn:  # plain, in host memory
            assert ctx.pool.evict(DEVICE) > 0
        assert torch.equal(computed(ctx), here)
        assert len(ctx.pool.statistics().models) == 1
    assert ctx.pool.loads == 5


# What can't be


def test_without_onednn_it_is_said(sd, ctx, monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    with pytest.raises(NodeError, match="oneDNN") as error:
        optimise(sd.model, prepack=True, ctx=ctx)
    assert (error.value.port, error.value.code) == ("prepack", "missing_package")
    with (
        pytest.raises(NodeError, match="oneDNN"),
        ctx.use(sd.model.unet.with_options(prepack=True)),
    ):
        pass


def test_it_does_not_go_with_compiling(sd, ctx):
    with pytest.raises(NodeError, match="can't be compiled") as error:
        optimise(sd.model, compile="blocks", prepack=True, ctx=ctx)
    assert error.value.port == "prepack"
    ref = sd.model.unet.with_options(compile="whole", prepack=True)
    with pytest.raises(NodeError, match="can't be compiled"), ctx.use(ref):
        pass
