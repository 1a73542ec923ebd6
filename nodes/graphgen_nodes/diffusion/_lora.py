"""Laying LoRAs (Hu et al., arXiv:2106.09685) over a network's weights, as it is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from graphgen import NodeError, Patch

from .._torchvision import prepare_torchvision
from .lora import belongs_to
from .weights import read_header, read_tensors

prepare_torchvision()

from diffusers.loaders import (  # noqa: E402
    StableDiffusionLoraLoaderMixin,
    StableDiffusionXLLoraLoaderMixin,
)
from diffusers.utils import recurse_remove_peft_layers  # noqa: E402
from peft.tuners.tuners_utils import BaseTunerLayer  # noqa: E402

_ADAPTER = "lora"


def merge(network: Any, component: str, patches: tuple[Patch, ...]) -> set[str]:
    """Add LoRAs to a network's weights, one after the other. The tensors that they change are
    replaced: the network's own are left as they are, which others may share.

    Args:
        network: A denoiser or a text encoder.
        component: ``unet``, ``text_encoder`` or ``text_encoder_2``.
        patches: The LoRAs, each with its weight.

    Returns:
        The names of the tensors that were replaced.

    Raises:
        NodeError: One is damaged, or made for another model.
    """
    before = dict(network.named_parameters())
    for patch in patches:
        path = Path(patch.path)
        tensors = read_tensors(path, "lora", lambda name: belongs_to(name, component))
        try:
            _merge(network, component, tensors, _settings(path, component), patch.weight)
        except (ValueError, RuntimeError, KeyError, NotImplementedError) as error:
            why = str(error).strip().split("\n", 1)[0]
            raise NodeError(
                f"{path} does not fit the {component} that it is laid over: {why}",
                hint="a LoRA fits only the kind of model that it was made for",
                port="lora",
                code="wrong_model",
            ) from error
    return {name for name, now in network.named_parameters() if now is not before[name]}


def _merge(
    network: Any,
    component: str,
    tensors: dict[str, torch.Tensor],
    settings: dict[str, Any] | None,
    weight: float,
) -> None:
    config = getattr(network, "config", None)
    mixin = StableDiffusionLoraLoaderMixin
    extra: dict[str, Any] = {}
    if getattr(config, "addition_embed_type", None) == "text_time":
        mixin, extra = StableDiffusionXLLoraLoaderMixin, {"unet_config": config}
    state, alphas = mixin.lora_state_dict(tensors, **extra)
    arguments = {
        "network_alphas": alphas,
        "adapter_name": _ADAPTER,
        "metadata": None if alphas else settings,
    }
    if component == "unet":
        mixin.load_lora_into_unet(state, unet=network, **arguments)
    else:
        mixin.load_lora_into_text_encoder(
            state, text_encoder=network, prefix=component, **arguments
        )
    layers = [module for module in network.modules() if isinstance(module, BaseTunerLayer)]
    if not layers:
        raise ValueError("none of its layers has a counterpart")
    for layer in layers:
        layer.scale_layer(weight)
        base = layer.get_base_layer()
        for name, tensor in base.named_parameters():
            if name == "weight" or layer.lora_bias[_ADAPTER]:
                setattr(base, name, torch.nn.Parameter(tensor.clone(), requires_grad=False))
        layer.merge()
    recurse_remove_peft_layers(network)
    # As if it had never had one, for the next.
    del network.peft_config
    network._hf_peft_config_loaded = False


def _settings(path: Path, component: str) -> dict[str, Any] | None:
    """What peft wrote of its settings into a safetensors file."""
    text = read_header(path, "lora").metadata.get("lora_adapter_metadata")
    if not text:
        return None
    settings = json.loads(text)
    if not any(key.startswith(f"{component}.") for key in settings):
        return None
    return dict(settings)
