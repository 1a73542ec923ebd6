from __future__ import annotations

import json

import pytest
import torch
from graphgen import Context, ModelRef, NodeError
from graphgen.economy import Economy
from graphgen.environment import Environment
from graphgen.models.library import ModelLibrary
from graphgen.models.pool import ModelPool
from safetensors.torch import save_file

from graphgen_medical import NETWORKS, geometry, graphgen_models
from graphgen_medical.measure.metrics import rmse
from graphgen_medical.networks.architecture import RepairNetwork, RepairShape
from graphgen_medical.networks.greys import from_grey, to_grey
from graphgen_medical.networks.loaders import REPAIR, RepairLoader
from graphgen_medical.networks.repair import repair
from graphgen_medical.networks.upscale import upscale
from graphgen_medical.simulate.nodes import simulate_sparse_view
from graphgen_medical.types import Volume

from .phantoms import shepp_logan

TINY = RepairShape(channels=(4, 6, 8), units=1, neighbours=2)


@pytest.fixture
def tiny(tmp_path):
    """The file of a small repair network with random weights."""
    torch.manual_seed(0)
    path = tmp_path / "models" / "medical" / "tiny.safetensors"
    path.parent.mkdir(parents=True)
    save_file(dict(TINY.build().state_dict()), path, metadata=TINY.metadata())
    return path


@pytest.fixture
def context(tmp_path):
    """Makes contexts that know the pack's models and those of ``tmp_path/models``."""

    def make(**options):
        library = ModelLibrary([tmp_path / "models"], graphgen_models())
        from graphgen_nodes.upscale.loader import SpandrelLoader

        pool = ModelPool({REPAIR: RepairLoader(), "spandrel/image": SpandrelLoader()})
        return Context(environment=Environment(models=library), pool=pool, **options)

    return make


def test_a_file_says_how_its_network_is_made(tiny):
    network = RepairLoader().load(ModelRef(REPAIR, str(tiny), ""), "cpu", torch.float32)
    assert network.shape == TINY
    assert network(torch.zeros(1, 5, 33, 50)).shape == (1, 1, 33, 50)
    assert RepairLoader().nbytes(network) > 1000
    assert RepairLoader().move(network, "cpu").shape == TINY


def test_the_network_adds_a_correction_to_the_middle_slice():
    module = TINY.build()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    stack = torch.randn(1, 5, 24, 24) * 100
    made = RepairNetwork(TINY, module)(stack)
    assert torch.equal(made, stack[:, 2:3])


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"format": "pt"},
        {**TINY.metadata(), "shape": "{"},
        {**TINY.metadata(), "shape": json.dumps({"channels": [4]})},
        {
            **TINY.metadata(),
            "shape": json.dumps({"channels": [4, 10**9], "units": 1, "neighbours": 1, "scale": 1}),
        },
        RepairShape(channels=(4, 6, 9), units=1, neighbours=2).metadata(),
    ],
)
def test_other_files_are_refused(tmp_path, metadata):
    path = tmp_path / "odd.safetensors"
    save_file(dict(TINY.build().state_dict()), path, metadata=metadata)
    with pytest.raises(NodeError, match=r"odd\.safetensors holds no repair network") as caught:
        RepairLoader().load(ModelRef(REPAIR, str(path), ""), "cpu", torch.float32)
    assert caught.value.code == "wrong_model"


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(b"\x00" * 50)
    with pytest.raises(NodeError, match="repair network"):
        RepairLoader().load(ModelRef(REPAIR, str(path), ""), "cpu", torch.float32)


def test_repair_sees_neighbours_and_repeats_the_outermost(tiny, context):
    volume = shepp_logan(32, 4)
    made = repair(volume, "tiny.safetensors", copies=1, ctx=context())
    assert made.affine == volume.affine
    assert "tiny.safetensors" in made.steps[-1]
    network = RepairLoader().load(ModelRef(REPAIR, str(tiny), ""), "cpu", torch.float32)
    with torch.inference_mode():
        expected = network(volume.data[[0, 0, 0, 1, 2]][None])[0, 0]
    assert made.data[0].numpy() == pytest.approx(expected.numpy(), abs=1e-3)


def test_mirror_images_are_averaged(tiny):
    network = RepairLoader().load(ModelRef(REPAIR, str(tiny), ""), "cpu", torch.float32)
    stack = shepp_logan(32, 5).data[None]
    with torch.inference_mode():
        one, two = network(stack), network(stack.flip(3)).flip(3)
        assert torch.equal(network.averaged(stack, 1), one)
        assert torch.allclose(network.averaged(stack, 2), (one + two) / 2, atol=1e-2)
        # Averaged over all four, a mirrored slice gives the mirrored result.
        turned = network.averaged(stack.flip(2), 4).flip(2)
        assert torch.allclose(network.averaged(stack, 4), turned, atol=1e-2)


def test_strength_fades_the_correction(tiny, context):
    volume = shepp_logan(32, 2)
    whole = repair(volume, "tiny.safetensors", ctx=context())
    half = repair(volume, "tiny.safetensors", strength=0.5, ctx=context())
    none = repair(volume, "tiny.safetensors", strength=0, ctx=context())
    assert torch.equal(none.data, volume.data)
    assert half.data.numpy() == pytest.approx(((whole.data + none.data) / 2).numpy(), abs=1e-2)


def test_windows_agree_with_the_whole(tiny, context):
    volume = shepp_logan(96, 1)
    whole = repair(volume, "tiny.safetensors", ctx=context()).data
    parts = repair(volume, "tiny.safetensors", window=64, ctx=context()).data
    assert rmse(parts, whole) < 0.1 * rmse(volume.data, whole)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_the_networks_alone(dtype, tiny, context):
    volume = shepp_logan(32, 2)
    volume = volume.derive(volume.data + 2000.3, "where half precision knows every second HU")
    full = repair(volume, "tiny.safetensors", ctx=context()).data
    half = repair(volume, "tiny.safetensors", ctx=context(dtype_name=dtype)).data
    assert rmse(half, full) < 0.02 * rmse(volume.data, full)
    assert half.dtype == torch.float32


def test_after_running_out_of_memory_windows_are_smaller(tiny, context):
    volume = shepp_logan(128, 1)
    windows = repair(volume, "tiny.safetensors", window=64, ctx=context()).data
    ctx = context(economy=Economy(tile=2))
    assert torch.equal(repair(volume, "tiny.safetensors", ctx=ctx).data, windows)
    assert ctx.asked["tile"] is False  # there are no smaller ones


def test_after_running_out_of_memory_tiles_are_smaller(context):
    volume = shepp_logan(128, 1)
    tiles = upscale(volume, 2, tile=64, ctx=context()).data
    ctx = context(economy=Economy(tile=2), dtype_name="bfloat16")
    assert torch.equal(upscale(volume, 2, ctx=ctx).data, tiles)


def test_progress_by_slice_with_previews(tiny, context):
    seen = []
    report = lambda step, total, shown: seen.append((step, total, shown[:4]))  # noqa: E731
    repair(shepp_logan(32, 3), "tiny.safetensors", ctx=context(report=report))
    assert seen == [(step, 3, b"\x89PNG") for step in (1, 2, 3)]


def test_the_shipped_network_takes_streaks_away(context):
    head = shepp_logan(129, 1, spacing=(1.5, 1.5, 3.0))
    truth = head.derive(head.data * 0.4 + 0.6 * head.data.clamp(-1000, 60), "softer")
    streaks = simulate_sparse_view(truth, 60, ctx=context())
    made = repair(streaks, ctx=context())
    assert rmse(made.data, truth.data) < 0.85 * rmse(streaks.data, truth.data)


@pytest.mark.parametrize("factor", [2, 4])
def test_enlarging_keeps_the_edges_of_the_volume(context, factor):
    volume = shepp_logan(48, 2, spacing=(3.0, 3.0, 5.0))
    made = {
        method: upscale(volume, factor, method, ctx=context()) for method in ("network", "bicubic")
    }
    for enlarged in made.values():
        assert enlarged.size == (48 * factor, 48 * factor, 2)
        assert enlarged.spacing == pytest.approx((3 / factor, 3 / factor, 5))
        corner = geometry.apply(enlarged.affine, (-0.5, -0.5, 1))
        assert corner == pytest.approx(geometry.apply(volume.affine, (-0.5, -0.5, 1)))
        mean = torch.nn.functional.avg_pool2d(enlarged.data, factor)
        assert rmse(mean, volume.data) < 60
    assert rmse(made["network"].data, made["bicubic"].data) > 1


def test_enlarging_in_tiles(context):
    volume = shepp_logan(80, 1)
    whole = upscale(volume, 4, ctx=context()).data
    parts = upscale(volume, 4, tile=64, ctx=context()).data
    assert rmse(parts, whole) < 5


def test_a_network_of_another_factor_is_refused(context, tmp_path):
    weights = {
        "body.0.weight": torch.zeros(8, 1, 3, 3),
        "body.0.bias": torch.zeros(8),
        "body.1.weight": torch.zeros(8),
        "body.2.weight": torch.zeros(9, 8, 3, 3),
        "body.2.bias": torch.zeros(9),
    }
    path = tmp_path / "models" / "x3.safetensors"
    path.parent.mkdir(parents=True)
    save_file(weights, path)
    with pytest.raises(NodeError, match="3 times") as caught:
        upscale(shepp_logan(16, 1), 4, model="x3.safetensors", ctx=context())
    assert caught.value.port == "model"


def test_networks_want_hounsfield_scale(context):
    windowed = shepp_logan(32, 1).derive(torch.rand(1, 32, 32), "window", unit="US")
    for run in (repair, upscale):
        with pytest.raises(NodeError, match="Hounsfield"):
            run(windowed, ctx=context())
    stretched = windowed.derive(windowed.data * 1000 - 500, "equalised", unit="US")
    assert repair(stretched, ctx=context()).unit == "US"
    with pytest.raises(NodeError, match="MR"):
        repair(Volume(stretched.data, modality="MR", unit="US"), ctx=context())


def test_greys_go_there_and_back():
    values = torch.tensor([-1024.0, 0.0, 40.0, 3071.0])
    assert from_grey(to_grey(values)).tolist() == pytest.approx(values.tolist(), abs=1e-2)
    assert to_grey(torch.tensor([-2000.0, 5000.0])).tolist() == [0, 1]


def test_weights_are_small_and_described():
    for path in graphgen_models().values():
        assert path.stat().st_size < 8 * 2**20
        assert (path.parent / "README.md").read_text().startswith(f"# {path.parent.name}")
        assert path.parent.parent == NETWORKS
