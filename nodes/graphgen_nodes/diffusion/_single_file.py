"""Loading one network out of a checkpoint in one file, through diffusers' conversion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from accelerate import init_empty_weights
from diffusers.loaders.single_file_utils import (
    convert_ldm_clip_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)

from graphgen import ModelRef

from ._encoding import LoadedEncoder
from ._kernels import cast
from ._misfit import first_line, misfit, missing_tensors
from ._pretrained import load_tokenizer
from .fitting import (
    AUTOENCODER,
    CONFIGS,
    OPEN_CLIP,
    UNET,
    XL_OPEN_CLIP,
    fit_configs,
    text_prefixes,
)
from .weights import read_header, read_tensors

Tensors = dict[str, torch.Tensor]
_TOKENIZER = CONFIGS / "clip_tokenizer"


def load(component: str, ref: ModelRef, dtype: torch.dtype) -> Any:
    """The network that a reference to a file names, on the CPU.

    Raises:
        NodeError: The file is damaged, or holds something else than was described.
    """
    if component == "text_encoder":
        return _text_encoder(ref, dtype)
    return _network(component, ref, dtype)


def _network(component: str, ref: ModelRef, dtype: torch.dtype) -> Any:
    path = Path(ref.path)
    config = _configs(ref)[component]
    if component == "unet":
        cls, convert = diffusers.UNet2DConditionModel, convert_ldm_unet_checkpoint
        tensors = read_tensors(path, "model", lambda name: name.startswith(UNET))
    else:
        cls, convert = diffusers.AutoencoderKL, convert_ldm_vae_checkpoint
        tensors = read_tensors(path, "vae", _is_vae)
    with init_empty_weights():
        network = cls.from_config(config)
    if not set(network.state_dict()) <= set(tensors):  # else it is in diffusers' layout
        tensors = _converted(path, cls, lambda: convert(tensors, config=config))
    return _filled(path, network, tensors, dtype)


def _is_vae(name: str) -> bool:
    return name.startswith((AUTOENCODER, "encoder.", "decoder.", "quant_conv.", "post_quant_conv."))


def _text_encoder(ref: ModelRef, dtype: torch.dtype) -> LoadedEncoder:
    path, name = Path(ref.path), ref.option("name")
    config = _configs(ref)[name]
    prefix = text_prefixes(ref.option("family"))[name]
    projected = prefix == XL_OPEN_CLIP
    cls = transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel
    with init_empty_weights():
        network = cls(transformers.CLIPTextConfig(**config))
    tensors = read_tensors(path, "model", lambda key: key.startswith(prefix))
    open_clip = prefix in (OPEN_CLIP, XL_OPEN_CLIP)
    if open_clip:
        tensors = _converted(
            path, cls, lambda: convert_open_clip_checkpoint(network, tensors, prefix=prefix)
        )
    else:
        tensors = _converted(path, cls, lambda: convert_ldm_clip_checkpoint(tensors))
    if not hasattr(network, "text_model"):  # transformers 5 flattened CLIPTextModel
        tensors = {key.removeprefix("text_model."): value for key, value in tensors.items()}
    tokenizer = load_tokenizer(_TOKENIZER)
    # OpenCLIP pads with zeros, CLIP with its end mark.
    padding = 0 if open_clip else tokenizer.pad_token_id
    return LoadedEncoder(
        _filled(path, network, tensors, dtype),
        tokenizer,
        config["max_position_embeddings"],
        padding,
    )


def _configs(ref: ModelRef) -> dict[str, Any]:
    return fit_configs(ref.option("family"), read_header(Path(ref.path), "model").shapes)


def _converted(path: Path, cls: Any, convert: Callable[[], Tensors]) -> Tensors:
    try:
        return convert()
    except (KeyError, AttributeError, IndexError) as error:  # a tensor it counts on
        raise misfit(path, cls, f"it lacks {first_line(error)}") from error


def _filled(path: Path, network: Any, tensors: Tensors, dtype: torch.dtype) -> Any:
    expected = network.state_dict()
    missing = [name for name in expected if tensors.get(name) is None]
    if missing:
        raise misfit(path, type(network), missing_tensors(missing))
    for name, value in expected.items():
        if tensors[name].shape != value.shape:
            shapes = f"{list(tensors[name].shape)}, not {list(value.shape)}"
            raise misfit(path, type(network), f"{name} has the shape {shapes}")
    network.load_state_dict({name: tensors[name] for name in expected}, assign=True)
    tensors.clear()
    cast(network, dtype)
    return network.eval().requires_grad_(False)
