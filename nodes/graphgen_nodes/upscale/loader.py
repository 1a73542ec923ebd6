"""Reads every image-to-image network that spandrel recognises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphgen import ModelRef, NodeError

from .._torchvision import prepare_torchvision

if TYPE_CHECKING:
    import torch
    from spandrel import ImageModelDescriptor

PICKLED = (".pth", ".pt", ".ckpt", ".bin")
# What torch.load says of pickles that name functions, and of archives of programs.
_CODE = re.compile(r"(?:Unsupported global: GLOBAL |with )(\S+?) (?:was not|archives)")
_EXPECTED = "expected the weights of a super-resolution or restoration network, such as ESRGAN"


class SpandrelLoader:
    """The model loader ``spandrel/image``; its models are spandrel's ``ImageModelDescriptor``."""

    def load(self, ref: ModelRef, device: str, dtype: torch.dtype) -> ImageModelDescriptor[Any]:
        """A network on ``device``, in ``dtype`` if it can compute in that, else in float32.

        Raises:
            NodeError: The file is damaged, is no plain weights, or another kind of network.
        """
        import torch

        path = Path(ref.path)
        model = recognise(path, read_weights(path))
        supported = {torch.float16: model.supports_half, torch.bfloat16: model.supports_bfloat16}
        return model.eval().to(device, dtype if supported.get(dtype, True) else torch.float32)

    def move(self, model: ImageModelDescriptor[Any], device: str) -> ImageModelDescriptor[Any]:
        return model.to(device)

    def nbytes(self, model: ImageModelDescriptor[Any]) -> int:
        tensors = [*model.model.parameters(), *model.model.buffers()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def read_weights(path: Path) -> dict[str, Any]:
    """What a file of weights holds, on the CPU; pickled files are read as plain data only.

    Raises:
        NodeError: It holds something else, is damaged, or its kind is unknown.
    """
    suffix = path.suffix.lower()
    if path.is_dir() or suffix not in (".safetensors", *PICKLED):
        raise NodeError(
            f"{path.name} is not a file of weights",
            hint=f"{_EXPECTED}, as .safetensors, {', '.join(PICKLED)}",
            port="model",
            code="wrong_model",
        )
    weights = _read_safetensors(path) if suffix == ".safetensors" else _read_pickled(path)
    if not isinstance(weights, dict) or not weights:
        raise _unknown(path, f"it holds {type(weights).__name__}, not named tensors")
    return weights


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _read_pickled(path: Path) -> Any:
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # damaged pickles raise whatever their first odd byte leads to
        found = _CODE.search(str(error))
        if found is None:
            raise _damaged(path, error) from error
        raise NodeError(
            f"{path.name} holds more than weights, which could run code when read: {found[1]}",
            hint="only plain weights are read; look for a .safetensors file of the model",
            port="model",
            code="unsafe_model",
        ) from error


def recognise(path: Path, weights: dict[str, Any]) -> ImageModelDescriptor[Any]:
    """The network that the weights are of.

    Raises:
        NodeError: Spandrel doesn't know it, its weights don't fit, or it is of a kind that
            doesn't make a picture from a picture alone.
    """
    prepare_torchvision()
    from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError

    try:
        model = ModelLoader("cpu").load_from_state_dict(weights)
    except UnsupportedModelError:
        raise _unknown(path, "its weights are of no network that spandrel knows") from None
    except Exception as error:  # detection looks at shapes that a foreign file needn't have
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        raise _unknown(path, f"its weights don't fit the network they name ({cause})") from error
    if not isinstance(model, ImageModelDescriptor):
        raise _unknown(path, f"it is a network for {model.purpose.lower()}, which needs a mask too")
    allowed = (1, 3, 4)
    if model.input_channels not in allowed or model.output_channels != model.input_channels:
        channels = f"{model.input_channels} channels and gives {model.output_channels}"
        raise _unknown(path, f"it takes {channels}, not pictures")
    return model


def _damaged(path: Path, error: Exception) -> NodeError:
    text = str(error).partition("\n")[0].partition(". ")[0]
    cause = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return NodeError(
        f"{path.name} is damaged, cut off or no file of weights: {cause}",
        hint=f"{_EXPECTED}; download it again",
        port="model",
        code="damaged_model",
    )


def _unknown(path: Path, reason: str) -> NodeError:
    return NodeError(
        f"{path.name} is not an upscaling model: {reason}",
        hint=_EXPECTED,
        port="model",
        code="wrong_model",
    )
