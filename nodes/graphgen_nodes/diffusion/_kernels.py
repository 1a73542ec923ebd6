"""How a network computes: its weights' layout and bits, compiled or recorded steps."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch

from graphgen import ModelRef
from graphgen.models.mapped import MappedFiles

from ._graphs import Graphed

_ATTRIBUTE = "graphgen_kernels"


@dataclass(frozen=True)
class Kernels:
    """What is done to a network while it is on its device, rather than to its weights."""

    compile: str | None
    cuda_graphs: bool


def convert(network: torch.nn.Module, ref: ModelRef) -> None:
    """Give a network in host memory the layout and the bits that its reference asks for.

    What is converted is copied; pages of files that were read for it are given back as it
    goes on, so that the network is never in memory twice.
    """
    files = MappedFiles()
    if ref.option("channels_last"):
        for module in network.modules():
            for name, weight in module._parameters.items():
                if weight is not None and weight.dim() == 4:
                    made = weight.detach().contiguous(memory_format=torch.channels_last)
                    files.release(weight, unless=made)
                    module._parameters[name] = torch.nn.Parameter(made, requires_grad=False)
    if bits := ref.option("quantise"):
        for module in network.modules():
            if isinstance(module, torch.nn.Linear):
                full = module.weight
                _quantise(module, bits)
                files.release(full)
    compiled, graphs = ref.option("compile"), bool(ref.option("cuda_graphs"))
    if compiled or graphs:
        setattr(network, _ATTRIBUTE, Kernels(compiled, graphs))


def _quantise(layer: torch.nn.Linear, bits: str) -> None:
    # Weights alone need none of its libraries, of which some can't be loaded everywhere.
    os.environ.setdefault("TORCHAO_SKIP_LOADING_SO_FILES", "1")
    from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig, quantize_

    config = Int8WeightOnlyConfig() if bits == "int8" else Float8WeightOnlyConfig()
    quantize_(layer, config, filter_fn=lambda module, name: module is layer)


def begin(network: Any, device: str) -> None:
    """Compile and record from the next call on, as far as the device can."""
    kernels: Kernels | None = getattr(network, _ATTRIBUTE, None)
    if kernels is None:
        return
    forward = network.forward
    if kernels.compile:
        parts = _parts(network, kernels.compile)
        for part in parts:
            part.compile()
        if not parts:
            forward = torch.compile(forward)
    if kernels.cuda_graphs and device.startswith("cuda"):
        forward = Graphed(forward)
    if forward != network.forward:
        network.forward = forward


def end(network: Any) -> None:
    """Compute as torch does, which lets the weights be moved."""
    if not hasattr(network, _ATTRIBUTE):
        return
    network.__dict__.pop("forward", None)
    for module in network.modules():
        module._compiled_call_impl = None


def _parts(network: Any, compile: str) -> list[torch.nn.Module]:
    """What is compiled by itself; nothing for the network's own forward."""
    # An autoencoder is not called as a whole.
    halves = [getattr(network, name, None) for name in ("encoder", "decoder")]
    found = [half for half in halves if isinstance(half, torch.nn.Module)]
    if found:
        return found
    if compile == "whole":
        return []
    repeated = set(getattr(network, "_repeated_blocks", None) or ())
    return [module for module in network.modules() if type(module).__name__ in repeated]
