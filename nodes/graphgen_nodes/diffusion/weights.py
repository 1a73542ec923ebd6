"""Files of weights: what is in them, without reading the weights; and the weights."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from graphgen import NodeError

if TYPE_CHECKING:
    import torch

PICKLES = frozenset({".ckpt", ".pt", ".pth", ".bin"})
Shapes = dict[str, tuple[int, ...]]

_MARKS: tuple[tuple[str, str], ...] = (
    ("lora_", "a LoRA"),
    (".lora", "a LoRA"),
    ("hada_w1_a", "a LoHa"),
    ("lokr_w1", "a LoKr"),
    ("control_model.", "a ControlNet"),
    ("controlnet_cond_embedding.", "a ControlNet"),
    ("model.diffusion_model.input_blocks.", "a Stable Diffusion checkpoint"),
    ("double_blocks.", "a Flux transformer"),
    ("joint_blocks.", "a Stable Diffusion 3 transformer"),
    ("down_blocks.0.resnets.0.time_emb_proj.", "a UNet in diffusers' layout"),
    ("decoder.", "a VAE"),
    ("text_model.", "a text encoder"),
    ("emb_params", "a textual inversion"),
    ("string_to_param", "a textual inversion"),
)


class Header(NamedTuple):
    """Names and shapes of a file's tensors, and the text that its maker put in."""

    shapes: Shapes
    metadata: dict[str, str]


def read_header(path: Path, port: str) -> Header:
    """What a file of weights holds.

    Raises:
        NodeError: It is truncated, damaged, or no file of weights.
    """
    stat = path.stat()
    return _read_header(path, port, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=32)
def _read_header(path: Path, port: str, size: int, mtime_ns: int) -> Header:
    if path.suffix in PICKLES:
        tensors = _unpickle(path, port)
        return Header({name: tuple(value.shape) for name, value in tensors.items()}, {})
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            return Header(shapes, file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, port, error) from error


def read_tensors(path: Path, port: str, wanted: Callable[[str], bool]) -> dict[str, torch.Tensor]:
    """The tensors of a file whose names are wanted, on the CPU as they are stored.

    Raises:
        NodeError: It is truncated, damaged, or no file of weights.
    """
    if path.suffix in PICKLES:
        return {name: value for name, value in _unpickle(path, port).items() if wanted(name)}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys() if wanted(name)}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(path, port, error) from error


def kind_of(shapes: Shapes) -> str:
    """What a file of weights is, in words."""
    for mark, kind in _MARKS:
        if any(mark in name for name in shapes):
            return kind
    return "weights of unknown kind"


def _unpickle(path: Path, port: str) -> dict[str, torch.Tensor]:
    """Read a pickle with ``weights_only=True``: it can hold tensors, and run nothing."""
    import torch

    try:
        try:
            content: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:  # a file of before torch 1.6 can't be mapped
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise NodeError(
            f"{path} was not read: it holds something else than plain weights, which could "
            "run code when it is unpickled",
            hint="get the model as .safetensors",
            port=port,
            code="unsafe_model",
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise _damaged(path, port, error) from error
    while isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict):
        raise NodeError(
            f"{path} holds a {type(content).__name__}, and named tensors were expected",
            port=port,
            code="wrong_model",
        )
    return {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}


def _damaged(path: Path, port: str, error: Exception) -> NodeError:
    return NodeError(
        f"{path} can't be read: it is truncated or no file of weights ({error})",
        hint="get the file again, and compare its size",
        port=port,
        code="damaged_model",
    )
