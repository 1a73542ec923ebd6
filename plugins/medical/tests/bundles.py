"""Small MONAI bundles for the tests, as their authors save them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

UNET: dict[str, Any] = {
    "_target_": "UNet",
    "spatial_dims": "@dimensions",
    "in_channels": 1,
    "out_channels": 3,
    "channels": [4, 8, 8],
    "strides": [2, 2],
    "norm": "batch",
}
METADATA: dict[str, Any] = {
    "version": "0.1.0",
    "network_data_format": {
        "inputs": {"image": {"type": "image", "modality": "CT", "num_channels": 1}},
        "outputs": {"pred": {"channel_def": {"0": "background", "1": "spleen", "2": "liver"}}},
    },
}
INFERENCE: dict[str, Any] = {
    "imports": ["$import glob"],
    "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
    "dimensions": 3,
    "spacing": [1.5, 1.5, 2.0],
    "network_def": UNET,
    "network": "$@network_def.to(@device)",
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "image"},
            {"_target_": "EnsureChannelFirstd", "keys": "image"},
            {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
            {"_target_": "Spacingd", "keys": "image", "pixdim": "@spacing", "mode": "bilinear"},
            {
                "_target_": "ScaleIntensityRanged",
                "keys": "image",
                "a_min": -100,
                "a_max": 300,
                "b_min": 0,
                "b_max": 1,
                "clip": True,
            },
            {"_target_": "EnsureTyped", "keys": "image", "device": "@device"},
        ],
    },
    "inferer": {"_target_": "SlidingWindowInferer", "roi_size": [16, 16, 16], "overlap": 0.5},
    "postprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "Activationsd", "keys": "pred", "softmax": True},
            {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
            {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing"},
        ],
    },
}


def unet() -> torch.nn.Module:
    """The network of ``UNET``, with random weights that tell all three labels apart."""
    from monai.networks.nets import UNet

    torch.manual_seed(9)
    return UNet(**{**{k: v for k, v in UNET.items() if k != "_target_"}, "spatial_dims": 3}).eval()


def write(folder: Path, inference: Any = INFERENCE, metadata: Any = METADATA) -> Path:
    """A bundle's folder."""
    for name, document in (("metadata", metadata), ("inference", inference)):
        file = folder / "configs" / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document))
    (folder / "models").mkdir()
    torch.save(unet().state_dict(), folder / "models" / "model.pt")
    return folder


def zipped(folder: Path) -> Path:
    """A bundle as the model zoo hands it out: its folder inside an archive."""
    return Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name))


def exported(network: torch.nn.Module, file: Path, inference: Any, metadata: Any) -> Path:
    """TorchScript with the configuration inside, as ``monai.bundle ckpt_export`` writes it."""
    from monai.data import save_net_with_metadata

    save_net_with_metadata(
        torch.jit.script(network),
        str(file),
        meta_values=metadata,
        more_extra_files={"inference.json": json.dumps(inference).encode()},
    )
    return file
