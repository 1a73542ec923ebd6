from __future__ import annotations

import copy
import json

import pytest
import torch
import yaml
from graphgen import Context, NodeError
from graphgen.environment import Environment
from graphgen.models.library import ModelLibrary
from graphgen.models.pool import ModelPool
from safetensors.torch import save_file

from graphgen_medical import geometry
from graphgen_medical.networks.bundle.loader import BUNDLE, BundleLoader
from graphgen_medical.networks.bundle.node import segment_bundle
from graphgen_medical.types import Volume

from . import bundles
from .phantoms import AXES
from .test_torchscript import Threshold, box


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models" / "medical"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def context(models):
    def make(**options):
        library = ModelLibrary([models.parent], {})
        pool = ModelPool({BUNDLE: BundleLoader()})
        return Context(environment=Environment(models=library), pool=pool, **options)

    return make


def scan() -> Volume:
    """Noise around a box, on columns that run to the right and slices that run down."""
    torch.manual_seed(1)
    data = torch.randn(12, 26, 30) * 60
    data[3:9, 6:20, 9:25] += 150
    axes = [(-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0)]
    return Volume(data, geometry.compose((5.0, -7.0, 2.0), (1.1, 1.2, 2.5), axes))


def by_monai(folder, volume: Volume) -> torch.Tensor:
    """What MONAI makes of the bundle, its configuration evaluated as a program."""
    from monai.bundle import ConfigParser
    from monai.data import MetaTensor

    parser = ConfigParser()
    parser.read_config(str(folder / "configs" / "inference.json"))
    transforms = parser["preprocessing"]["transforms"]
    parser["preprocessing"]["transforms"] = transforms[2:]  # it is loaded already
    parser["postprocessing"]["transforms"][2]["orig_keys"] = "image"
    image = MetaTensor(
        volume.data.permute(2, 1, 0)[None].clone(),
        affine=torch.tensor(geometry.lps_to_ras(volume.affine)),
    )
    network = parser.get_parsed_content("network")
    network.load_state_dict(torch.load(folder / "models" / "model.pt"))
    inferer = parser.get_parsed_content("inferer")
    data = parser.get_parsed_content("preprocessing")({"image": image})
    with torch.inference_mode():
        data["pred"] = inferer(data["image"][None], network.eval())[0]
    made = parser.get_parsed_content("postprocessing")(data)["pred"]
    return made[0].as_tensor().permute(2, 1, 0).to(torch.uint8)


def test_as_monai_runs_it(models, context):
    folder = bundles.write(models / "spleen")
    volume, seen = scan(), []
    ctx = context(report=lambda step, total, _: seen.append((step, total)))
    made = segment_bundle(volume, "spleen", ctx=ctx)
    assert made.names == ("spleen", "liver")
    assert made.affine == volume.affine
    assert set(made.labels.unique().tolist()) == {0, 1, 2}
    assert torch.equal(made.labels, by_monai(folder, volume))
    assert seen[-1][0] == seen[-1][1] > 1


def test_from_a_zip_and_with_other_kinds_of_files(models, context):
    folder = bundles.write(models / "spleen")
    expected = segment_bundle(scan(), "spleen", ctx=context())
    bundles.zipped(folder)
    assert torch.equal(segment_bundle(scan(), "spleen.zip", ctx=context()).labels, expected.labels)
    weights = folder / "models" / "model.pt"
    save_file(torch.load(weights), weights.with_suffix(".safetensors"))
    weights.unlink()
    config = folder / "configs" / "inference.json"
    config.with_suffix(".yaml").write_text(yaml.safe_dump(json.loads(config.read_text())))
    config.unlink()
    assert torch.equal(segment_bundle(scan(), "spleen", ctx=context()).labels, expected.labels)


def test_a_torchscript_file_that_monai_exported(models, context):
    inference = copy.deepcopy(bundles.INFERENCE)
    transforms = inference["preprocessing"]["transforms"]
    transforms[3]["pixdim"] = [0.8, 0.8, 0.8]
    transforms[4] |= {"a_min": 0, "a_max": 310}
    bundles.exported(Threshold(), models / "threshold.ts", inference, bundles.METADATA)
    volume = box()
    for axes in (AXES, [(-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)]):
        placed = Volume(volume.data, geometry.compose((5.0, -7.0, 2.0), (1.0, 1.2, 2.0), axes))
        made = segment_bundle(placed, "threshold.ts", ctx=context())
        expected = (volume.data > 155).int() + (volume.data > 279).int()
        assert float((made.labels == expected).float().mean()) > 0.95


def test_channels_above_a_threshold_and_cleaned_labels(models, context):
    inference = copy.deepcopy(bundles.INFERENCE)
    inference["postprocessing"]["transforms"] = [
        {"_target_": "Activationsd", "keys": "pred", "sigmoid": True},
        {"_target_": "AsDiscreted", "keys": "pred", "threshold": 0.5},
        {"_target_": "KeepLargestConnectedComponentd", "keys": "pred", "applied_labels": [1, 2, 3]},
    ]
    metadata = copy.deepcopy(bundles.METADATA)
    channels = {"2": "tumour", "0": "whole", "1": "core"}
    metadata["network_data_format"]["outputs"]["pred"]["channel_def"] = channels
    bundles.write(models / "tumours", inference, metadata)
    made = segment_bundle(scan(), "tumours", ctx=context())
    assert made.names == ("whole", "core", "tumour")
    from skimage.measure import label

    turned = made.labels.numpy()
    for value in set(turned.ravel().tolist()) - {0}:
        assert label(turned == value, connectivity=3).max() >= 1


def changed(**parts):
    return {**copy.deepcopy(bundles.INFERENCE), **parts}


def unet(**settings):
    return changed(network_def={**bundles.UNET, **settings})


def first_transform(transform):
    return changed(preprocessing={"_target_": "Compose", "transforms": [transform]})


ORIENT = {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"}
DANGER = "$__import__('pathlib').Path('{folder}/ran').touch()"


@pytest.mark.parametrize(
    ("inference", "said"),
    [
        (unet(in_channels=DANGER), "computed by code"),
        (unet(_target_="os.system"), "not MONAI's"),
        (unet(_target_="monai.networks.nets.AHNet", pretrained=True), "not among"),
        (unet(_mode_="debug"), "more than a class"),
        (unet(_requires_=DANGER), "more than a class"),
        (unet(channels="%/etc/passwd"), "another file"),
        (unet(channels="@nowhere"), "@nowhere"),
        (unet(channels=[4, 8, 16]), "tensors differ"),
        (unet(channels=[10**7, 10**7, 10**7]), "tensors differ"),
        (unet(strides="many"), "makes no UNet"),
        (changed(network_def=None), "network_def"),
        (first_transform({"_target_": "Lambdad", "keys": "image", "func": DANGER}), "Lambdad"),
        (first_transform({**ORIENT, "axcodes": DANGER}), "computed by code"),
        (first_transform({**ORIENT, "axcodes": "XYZ"}), "axis codes"),
        (changed(preprocessing=[]), "no preprocessing"),
        (changed(preprocessing=DANGER), "no list"),
        (changed(a="@b", b="@a", preprocessing="@a"), "itself"),
        (changed(x=["@x"] * 9, preprocessing=[{**ORIENT, "axcodes": "@x"}]), "itself"),
        (changed(inferer={"_target_": "SaliencyInferer"}), "SaliencyInferer"),
        (changed(inferer={"_target_": "SlidingWindowInferer", "roi_size": [96, 96]}), "slices"),
    ],
)
def test_what_needs_code_or_is_not_known_is_refused(models, context, tmp_path, inference, said):
    inference = json.loads(json.dumps(inference).replace("{folder}", str(tmp_path)))
    bundles.write(models / "odd", inference)
    with pytest.raises(NodeError, match=said) as caught:
        segment_bundle(scan(), "odd", ctx=context())
    assert caught.value.code == "wrong_model"
    assert not (tmp_path / "ran").exists()


def test_weights_that_would_run_code_are_refused(models, context, tmp_path):
    class Touch:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    folder = bundles.write(models / "odd")
    torch.save({"model": Touch()}, folder / "models" / "model.pt")
    with pytest.raises(NodeError, match="more than tensors"):
        segment_bundle(scan(), "odd", ctx=context())
    assert not (tmp_path / "ran").exists()


def test_torchscript_stands_in_for_a_network_that_code_makes(models, context):
    folder = bundles.write(models / "coded", changed(network_def="$make_network()"))
    with pytest.raises(NodeError, match="network_def"):
        segment_bundle(scan(), "coded", ctx=context())
    torch.jit.script(bundles.unet()).save(str(folder / "models" / "model.ts"))
    bundles.write(models / "plain")
    made = segment_bundle(scan(), "coded", ctx=context())
    assert torch.equal(made.labels, segment_bundle(scan(), "plain", ctx=context()).labels)


def metadata(**image):
    document = copy.deepcopy(bundles.METADATA)
    document["network_data_format"]["inputs"]["image"] |= image
    return document


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (metadata(num_channels=4), "4 channels"),
        (metadata(modality="MRI"), "for MR, the volume is CT"),
        ({}, "channel_def"),
    ],
)
def test_metadata_that_does_not_fit_the_scan(models, context, document, said):
    bundles.write(models / "odd", metadata=document)
    with pytest.raises(NodeError, match=said):
        segment_bundle(scan(), "odd", ctx=context())


def test_a_grid_that_would_fill_the_memory(models, context):
    inference = changed(spacing=[0.001, 0.001, 0.001])
    bundles.write(models / "fine", inference)
    with pytest.raises(NodeError, match="voxels") as caught:
        segment_bundle(scan(), "fine", ctx=context())
    assert caught.value.port == "volume"


def test_files_that_are_no_bundle(models, context):
    (models / "empty").mkdir()
    (models / "text.zip").write_text("no archive")
    torch.jit.script(Threshold()).save(str(models / "bare.ts"))
    damaged = bundles.write(models / "damaged")
    (damaged / "configs" / "metadata.json").write_text("{")
    bare = bundles.write(models / "bare")
    (bare / "models" / "model.pt").unlink()
    cut = bundles.zipped(bundles.write(models / "cut"))
    content = bytearray(cut.read_bytes())
    start = content.index(b"inference.json") + 14
    content[start : start + 60] = bytes(60)
    cut.write_bytes(content)
    for name in ("empty", "text.zip", "bare.ts", "damaged", "bare", "cut.zip"):
        with pytest.raises(NodeError, match="MONAI bundle") as caught:
            segment_bundle(scan(), name, ctx=context())
        assert caught.value.port == "model"


def test_it_wants_hounsfield_units(models, context):
    bundles.write(models / "spleen")
    windowed = scan().derive(torch.rand(12, 26, 30), "window", unit="US")
    with pytest.raises(NodeError, match="Hounsfield"):
        segment_bundle(windowed, "spleen", ctx=context())
