"""The model loader of MONAI bundles."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from graphgen import ModelRef

from ..loaders import module_bytes
from .config import Config, ConfigError, arguments, parse, target
from .files import INFERENCE, METADATA, PROGRAM, WEIGHTS, BundleFiles, open_bundle, refused
from .recipe import Recipe, recipe_of

if TYPE_CHECKING:
    import torch

BUNDLE = "medical/bundle"
NETWORKS = (
    "AttentionUnet", "BasicUNet", "BasicUNetPlusPlus", "DynUNet", "HighResNet", "MedNeXt",
    "SegResNet", "SegResNetDS", "SegResNetDS2", "SwinUNETR", "UNETR", "UNet", "VNet",
)  # fmt: skip
"""MONAI's networks that label volumes and fetch nothing when they are made."""


@dataclass(frozen=True)
class Bundle:
    """A network and how to use it."""

    recipe: Recipe
    network: Any


class BundleLoader:
    """The model loader ``medical/bundle``; its models are ``Bundle``.

    Weights are safetensors, or a pickle of which torch reads tensors only; the network is one
    of MONAI's by name. Where a bundle computes its network by code, its TorchScript
    (``models/model.ts``) is taken, which torch's own interpreter runs.
    """

    def load(self, ref: ModelRef, device: str, dtype: torch.dtype) -> Bundle:
        """A bundle on ``device``, in the precision that it was saved in.

        Raises:
            NodeError: It is none, or needs code to be run.
        """
        files = open_bundle(Path(ref.path))
        try:
            inference = _document(files, INFERENCE)
            recipe = recipe_of(_document(files, METADATA), inference)
            network = _network(files, inference, device)
        except ConfigError as error:
            raise refused(files.name, str(error)) from error
        return Bundle(recipe, network.eval().to(device))

    def move(self, model: Bundle, device: str) -> Bundle:
        return replace(model, network=model.network.to(device))

    def nbytes(self, model: Bundle) -> int:
        return module_bytes(model.network)


def _document(files: BundleFiles, names: tuple[str, ...]) -> dict[str, Any]:
    found = files.text(names)
    if found is None:
        raise ConfigError(f"it holds no {names[0]}")
    return parse(*found)


def _network(files: BundleFiles, inference: dict[str, Any], device: str) -> Any:
    for name in WEIGHTS:
        source = files.weights(name)
        if source is None:
            continue
        try:
            return _built(inference, _weights(source, name), name)
        except ConfigError:
            if files.weights(PROGRAM) is None:
                raise
    program = files.weights(PROGRAM)
    if program is None:
        raise ConfigError(f"it holds none of {', '.join((*WEIGHTS, PROGRAM))}")
    import torch

    try:
        return torch.jit.load(program, map_location=device)
    except (RuntimeError, OSError, ValueError) as error:
        raise ConfigError(f"{PROGRAM} holds no TorchScript: {_line(error)}") from error


def _built(inference: dict[str, Any], weights: dict[str, Any], name: str) -> Any:
    import torch
    from monai.networks import nets

    config = Config(inference)
    described = config.followed(inference.get("network_def"), "network_def")
    kind = target(described, "network_def")
    if kind not in NETWORKS:
        raise ConfigError(f"network_def is {kind}, which is not among {', '.join(NETWORKS)}")
    settings = config.plain(arguments(described), "network_def")
    try:
        with torch.device("meta"):  # no memory, whatever the settings ask for
            shapes = getattr(nets, kind)(**settings).state_dict()
        wrong = {key for key, tensor in shapes.items() if tensor.shape != _shape(weights, key)}
        wrong |= weights.keys() - shapes.keys()
        if wrong:
            raise ConfigError(
                f"{name} is not of the network that the configuration describes ({kind}): "
                f"{len(wrong)} tensors differ, such as {min(wrong)}"
            )
        network = getattr(nets, kind)(**settings)
        network.load_state_dict(weights)
    except ConfigError:
        raise
    except Exception as error:  # settings of any kind, in a network of any kind
        raise ConfigError(f"network_def makes no {kind}: {_line(error)}") from error
    return network


def _shape(weights: dict[str, Any], key: str) -> Any:
    return getattr(weights.get(key), "shape", None)


def _weights(source: Path | BinaryIO, name: str) -> dict[str, Any]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        if name.endswith(".safetensors"):
            found: Any = load(source.read_bytes() if isinstance(source, Path) else source.read())
        else:
            found = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ConfigError(
            f"{name} holds more than tensors, which could run code when it is read; "
            "save network.state_dict()"
        ) from error
    except (SafetensorError, RuntimeError, OSError, ValueError, EOFError, KeyError) as error:
        raise ConfigError(f"{name} is damaged, or holds no weights: {_line(error)}") from error
    for inner in ("model", "state_dict"):
        if isinstance(found, dict) and isinstance(found.get(inner), dict):
            found = found[inner]
    if not isinstance(found, dict) or not all(hasattr(value, "shape") for value in found.values()):
        raise ConfigError(f"{name} holds no weights by name")
    return found


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
