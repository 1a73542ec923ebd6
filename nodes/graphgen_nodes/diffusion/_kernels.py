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


def cast(network: torch.nn.Module, dtype: torch.dtype) -> None:
    """Put a network's numbers into another type, one tensor after the other, and give the
    pages of files that each was read from back at once: it is never in memory twice."""
    files = MappedFiles()
    cast: dict[int, torch.Tensor] = {}  # tied weights stay one tensor
    for module in network.modules():
        owners: tuple[dict[str, Any], ...] = (module._parameters, module._buffers)
        for owner in owners:
            for name, tensor in owner.items():
                if tensor is None or not tensor.is_floating_point() or tensor.dtype == dtype:
                    continue
                made = cast.get(id(tensor))
                if made is None:
                    made = tensor.detach().to(dtype)
                    if isinstance(tensor, torch.nn.Parameter):
                        made = torch.nn.Parameter(made, requires_grad=False)
                    files.release(tensor)
                    cast[id(tensor)] = made
                owner[name] = made


def convert(network: torch.nn.Module, ref: ModelRef) -> None:
    """Give a network in host memory the layout and the bits that its reference asks for.

    What is converted is copied; the pages of files that it was read from are given back.
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


def fixed_shape(network: Any) -> bool:
    """Whether inputs of another shape would have to be compiled or recorded for first."""
    return hasattr(network, _ATTRIBUTE)


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
