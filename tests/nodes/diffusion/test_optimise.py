"""Options that make a model faster or smaller: what they do to its weights and pictures."""

import importlib.util
import math
from contextlib import contextmanager
from types import SimpleNamespace

import diffusers
import pytest
import torch
from graphgen_nodes import diffusion
from graphgen_nodes.diffusion._graphs import GRAPHS, WARM_UP, Graphed, record
from graphgen_nodes.diffusion.latents import decode_latent, latent_noise
from graphgen_nodes.diffusion.load import load_lora, load_model, load_vae
from graphgen_nodes.diffusion.optimise import optimise
from graphgen_nodes.diffusion.sampling import sample
from graphgen_nodes.diffusion.text import encode_text

from graphgen import SKIP, ModelRef, NodeError
from graphgen.models.pool import ModelPool
from tests.toy_device import DEVICE

from .test_lora import UNET_LAYERS, kohya

needs_torchao = pytest.mark.skipif(
    importlib.util.find_spec("torchao") is None, reason="torchao is not installed"
)


def picture(model, vae, encoder, ctx, steps=2, size=None):
    prompt = encode_text("a red apple", encoder, ctx=ctx)
    noise = latent_noise(model, *(size or ()), seed=3, ctx=ctx)
    latent = sample(model, prompt, noise, steps=steps, ctx=ctx)
    return decode_latent(latent, vae, ctx=ctx).pixels.cpu()


def psnr(made, wanted):
    return 10 * math.log10(1 / float(((made - wanted) ** 2).mean()))


def compare(name, ctx, **options):
    """PSNR of an optimised model's picture against the plain one's, and both loaded models."""
    plain = load_model(name, ctx=ctx)
    wanted = picture(plain.model, plain.vae, plain.text_encoder, ctx)
    model, vae = optimise(plain.model, plain.vae, **options, ctx=ctx)
    made = picture(model, vae, plain.text_encoder, ctx)
    assert not torch.equal(made, wanted)
    return psnr(made, wanted), plain.model.unet, model.unet


def held(ctx, ref):
    with ctx.use(ref):
        return ctx.pool.statistics().models[-1]


def test_options_are_part_of_what_is_loaded_and_off_by_default(sd, ctx):
    plain = optimise(sd.model, ctx=ctx)
    assert plain.model.unet == sd.model.unet
    assert plain.vae is SKIP
    keys = {sd.model.unet.key}
    for options in (
        {"channels_last": True},
        {"dtype": "bfloat16"},
        {"channels_last": True, "dtype": "bfloat16"},
        {"compile": "blocks"},
        {"compile": "whole"},
    ):
        made = optimise(sd.model, sd.vae, **options, ctx=ctx)
        keys.add(made.model.unet.key)
        assert made.vae.weights.options != sd.vae.weights.options
        assert made.model.vae is made.vae
    assert len(keys) == 6


def test_another_vae_leaves_the_models_own_alone(sd, ctx):
    other = load_vae("emoji-64", ctx=ctx)
    made = optimise(sd.model, other, channels_last=True, ctx=ctx)
    assert made.model.vae == sd.model.vae


def test_channels_last_is_the_layout_of_convolutions(fresh):
    ctx = fresh()
    likeness, _, ref = compare("sd", ctx, channels_last=True)
    assert likeness > 60
    with ctx.use(ref) as unet:
        weight = unet.down_blocks[0].resnets[0].conv1.weight
        assert weight.is_contiguous(memory_format=torch.channels_last)
        assert unet.mid_block.attentions[0].proj_in.weight.is_contiguous()


@pytest.mark.parametrize("device", ["cpu", DEVICE])
def test_one_model_in_half_precision_in_a_run_of_full(device, fresh):
    ctx = fresh(device)
    likeness, plain, ref = compare("sd", ctx, dtype="bfloat16")
    assert likeness > 30
    with ctx.use(ref) as unet, ctx.use(plain) as full:
        assert unet.dtype == torch.bfloat16
        assert full.dtype == torch.float32
    assert held(ctx, ref).nbytes * 2 == held(ctx, plain).nbytes
    assert (held(ctx, ref).dtype, held(ctx, plain).dtype) == ("bfloat16", "float32")


def test_a_vae_that_overflows_is_not_put_in_float16(context, tmp_path):
    ctx = context(tmp_path)
    loaded = load_model("sdxl", ctx=ctx)
    with pytest.raises(NodeError, match="overflows in float16") as error:
        optimise(loaded.model, loaded.vae, dtype="float16", ctx=ctx)
    assert error.value.port == "dtype"
    optimise(loaded.model, dtype="float16", ctx=ctx)


@needs_torchao
@pytest.mark.parametrize(("bits", "least"), [("int8", 35), ("float8", 25)])
@pytest.mark.parametrize("device", ["cpu", DEVICE])
def test_eight_bit_weights_are_smaller_and_nearly_the_same(bits, least, device, fresh):
    ctx = fresh(device)
    likeness, plain, ref = compare("emoji-64", ctx, quantise=bits)
    assert likeness > least
    assert held(ctx, ref).nbytes < held(ctx, plain).nbytes


@needs_torchao
def test_a_lora_is_laid_over_the_weights_before_they_are_quantised(fresh, tmp_path):
    kohya(tmp_path / "k.safetensors", text="")
    ctx = fresh()
    plain = load_model("sd", ctx=ctx)
    patched = load_lora("k.safetensors", plain.model, ctx=ctx).model
    wanted = picture(patched, plain.vae, plain.text_encoder, ctx)
    small = optimise(patched, quantise="int8", ctx=ctx).model
    likeness = psnr(picture(small, plain.vae, plain.text_encoder, ctx), wanted)
    assert likeness > 25
    before = ctx.pool.usage()["cpu"]
    base = optimise(plain.model, quantise="int8", ctx=ctx).model
    with ctx.use(base.unet) as unet, ctx.use(small.unet) as over:
        shared = dict(unet.named_parameters())
        own = {n for n, tensor in over.named_parameters() if tensor is not shared[n]}
    assert own == {f"{name}.weight" for name in UNET_LAYERS}
    assert ctx.pool.usage()["cpu"] - before < 10_000


def test_without_torchao_the_way_to_it_is_said(sd, ctx, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NodeError, match="not installed") as error:
        optimise(sd.model, quantise="int8", ctx=ctx)
    assert error.value.code == "missing_package"
    assert "graphgen[quantise]" in error.value.hint
    ref = sd.model.unet.with_options(quantise="int8")
    with pytest.raises(NodeError, match="not installed"), ctx.use(ref):
        pass


def test_without_a_compiler_it_is_said(sd, ctx, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(NodeError, match="no no-such-compiler") as error:
        optimise(sd.model, compile="whole", ctx=ctx)
    assert error.value.port == "compile"


@pytest.fixture
def mini(tmp_path):
    """A UNet of one level with two blocks that repeat, as compiling takes its time."""
    torch.manual_seed(0)
    diffusers.UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8,),
        down_block_types=("DownBlock2D",),
        mid_block_type=None,
        up_block_types=("CrossAttnUpBlock2D",),
        layers_per_block=1,
        norm_num_groups=2,
        attention_head_dim=4,
        cross_attention_dim=8,
    ).save_pretrained(tmp_path / "unet")
    options = (("kind", "UNet2DConditionModel"), ("name", "unet"))
    return ModelRef("diffusers/unet", str(tmp_path), "mini", options)


@pytest.fixture(scope="module")
def compiler_cache(tmp_path_factory):
    """One for all, as a compiler begins with its headers; its processes and its look at what
    the processor has for vectors would take longer than the rest."""
    import torch._inductor.config as inductor

    folder = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(folder))
        patch.setattr(inductor, "compile_threads", 1)
        patch.setattr(inductor.cpp, "vec_isa_ok", False)
        yield folder


@pytest.mark.parametrize("part", ["blocks", "whole"])
def test_compiled_models_compute_the_same(part, mini, fresh, compiler_cache):
    ctx = fresh()
    x, states = torch.rand(1, 4, 8, 8), torch.rand(1, 3, 8)
    before = set(compiler_cache.rglob("*.so"))
    with (
        torch.inference_mode(),
        ctx.use(mini) as plain,
        ctx.use(mini.with_options(compile=part)) as compiled,
    ):
        wanted = plain(x, torch.tensor(7), states).sample
        made = compiled(x, torch.tensor(7), states).sample
        torch.testing.assert_close(made, wanted, rtol=0, atol=1e-5)
        assert compiled.conv_in.weight is plain.conv_in.weight
    assert set(compiler_cache.rglob("*.so")) - before


def test_a_compiled_model_is_streamed_as_it_is(fresh):
    ctx = fresh(DEVICE)
    plain = load_model("sd", ctx=ctx)
    wanted = picture(plain.model, plain.vae, plain.text_encoder, ctx)
    model = optimise(plain.model, compile="whole", ctx=ctx).model
    small = fresh(DEVICE)
    small.pool = ModelPool(diffusion.graphgen_model_loaders(), {DEVICE: 30_000})
    made = picture(model, plain.vae, plain.text_encoder, small)
    torch.testing.assert_close(made, wanted, rtol=0, atol=1e-6)


# CUDA graphs, as far as a machine without CUDA can tell


def test_cuda_graphs_are_refused_elsewhere(sd, ctx):
    with pytest.raises(NodeError, match="computes on cpu") as error:
        optimise(sd.model, cuda_graphs=True, ctx=ctx)
    assert (error.value.port, error.value.code) == ("cuda_graphs", "wrong_device")
    with (
        pytest.raises(NodeError, match="computes on cpu"),
        ctx.use(sd.model.unet.with_options(cuda_graphs=True)),
    ):
        pass


class Recorder:
    """Records as CUDA does: the result of a replay is where that of the recording was."""

    def __init__(self):
        self.recordings = 0
        self.replays = 0

    def __call__(self, call):
        self.recordings += 1
        result = call()

        def replay():
            self.replays += 1
            for old, new in zip(result, call(), strict=True):
                old.copy_(new)

        return replay, result


def test_a_forward_is_recorded_once_for_each_shape():
    recorder = Recorder()
    calls = []

    def forward(x, t, states=None, return_dict=True):
        calls.append(return_dict)
        return (x * t + states.sum(),)

    graphed = Graphed(forward, recorder)
    states = torch.ones(2)
    results = []
    for step in range(3):
        x, t = torch.full((2, 3), float(step)), torch.tensor(step)
        (result,) = graphed(x, t, states=states, return_dict=False)
        results.append(result)
    assert recorder.recordings == 1
    assert recorder.replays == 3
    assert [float(r[0, 0]) for r in results] == [2.0, 3.0, 6.0]  # each keeps its own
    graphed(torch.ones(1, 3), torch.tensor(1), states=states, return_dict=False)
    graphed(torch.ones(1, 3), torch.tensor(1.0), states=states, return_dict=False)
    graphed(torch.ones(1, 3), torch.tensor(1.0), states=states, return_dict=True)
    assert recorder.recordings == 4


def test_the_oldest_recording_makes_room():
    recorder = Recorder()
    graphed = Graphed(lambda x: (x + 1,), recorder)
    for size in (*range(GRAPHS), 0, GRAPHS, 0, 1):
        (result,) = graphed(torch.zeros(size))
        assert result.shape == (size,)
    assert recorder.recordings == GRAPHS + 2


def test_what_can_not_be_recorded_is_computed(caplog):
    tried = []

    def refuse(call):
        tried.append(call())
        raise RuntimeError("operation not permitted when stream is capturing")

    graphed = Graphed(lambda x: (x + 1,), refuse)
    for value in range(3):
        (result,) = graphed(torch.full((2,), float(value)))
        assert result.tolist() == [value + 1.0] * 2
    assert len(tried) == 1
    assert "could not be recorded" in caplog.text
    graphed(torch.zeros(3))
    assert len(tried) == 2


def test_without_memory_to_record_all_recordings_are_let_go():
    recorder = Recorder()
    graphed = Graphed(lambda x: (x + 1,), lambda call: room.pop()(call))

    def full(call):
        raise torch.OutOfMemoryError("CUDA out of memory")

    room = [recorder, full, recorder]
    graphed(torch.zeros(1))
    with pytest.raises(torch.OutOfMemoryError):
        graphed(torch.zeros(2))
    graphed(torch.zeros(1))
    assert recorder.recordings == 2


class Cuda:
    """What of ``torch.cuda`` a recording uses, and what was done with it. A recording that
    fails leaves its stream as the current one, as ``torch.cuda.graph`` does."""

    def __init__(self, fails=False):
        self.now, self.done, self.fails = "default", [], fails

    def current_stream(self):
        return SimpleNamespace(name=self.now, wait_stream=lambda other: self.wait("default"))

    def wait(self, who):
        self.done.append(f"{who} waits")

    def Stream(self):  # noqa: N802
        return SimpleNamespace(name="side", wait_stream=lambda other: self.wait("side"))

    @contextmanager
    def stream(self, stream):
        before, self.now = self.now, stream.name
        try:
            yield
        finally:
            self.now = before

    def CUDAGraph(self):  # noqa: N802
        return SimpleNamespace(replay=lambda: self.done.append("replay"))

    @contextmanager
    def graph(self, graph, stream, capture_error_mode):
        assert (self.now, stream.name, capture_error_mode) == ("side", "side", "thread_local")
        self.done.append("record")
        self.now = "recording"
        yield
        if self.fails:
            raise RuntimeError("capture was invalidated")
        self.now = "side"


def test_a_recording_is_made_beside_the_threads_stream(monkeypatch):
    cuda = Cuda()
    monkeypatch.setattr(torch, "cuda", cuda)
    replay, _ = record(lambda: cuda.done.append(f"call on {cuda.now}"))
    replay()
    warm = ["call on side"] * WARM_UP
    recorded = ["record", "call on recording", "default waits", "replay"]
    assert cuda.done == ["side waits", *warm, *recorded]


def test_a_recording_that_fails_gives_the_thread_its_stream_back(monkeypatch):
    cuda = Cuda(fails=True)
    monkeypatch.setattr(torch, "cuda", cuda)
    for _ in range(2):  # and lets the next one begin
        with pytest.raises(RuntimeError, match="invalidated"):
            record(lambda: None)
        assert cuda.now == "default"
