"""Small torch networks in safetensors files, and a loader for them."""

from __future__ import annotations

import torch
from safetensors.torch import load_file, save_file

from graphgen import ModelRef, Patch, file_fingerprint
from graphgen.models.networks import NetworkLoader

WIDTH = 32
LAYER = 4 * (WIDTH * WIDTH + WIDTH)


class Network(torch.nn.Module):
    """Some linear layers; the last is tied to the first where that is asked for."""

    def __init__(self, layers: int, tied: bool = False) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(WIDTH, WIDTH) for _ in range(layers))
        if tied:
            self.layers[-1].weight = self.layers[0].weight
        self.register_buffer("scale", torch.ones(1))

    @property
    def device(self):
        return next(self.parameters()).device

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x)) * self.scale
        return x


def save(path, layers=4, seed=0, tied=False):
    """Write a network; its reference."""
    torch.manual_seed(seed)
    network = Network(layers, tied)
    state = {n: t for n, t in network.state_dict().items() if not tied or n != last(layers)}
    save_file(state, str(path))
    options = (("layers", layers), ("tied", tied))
    return ModelRef("test/network", str(path), file_fingerprint(path), options)


def last(layers):
    return f"layers.{layers - 1}.weight"


def patched(ref, amount, layer=1):
    """The reference with a number added to one layer's weights."""
    return ref.with_patch(Patch(f"/{layer}", f"{layer}", amount))


class Loader(NetworkLoader):
    """Reads what ``save`` wrote, and counts."""

    def __init__(self):
        super().__init__()
        self.loaded = []

    def load(self, ref, device, dtype):
        with torch.device("meta"):
            network = Network(ref.option("layers"))
        state = {name: value.to(dtype) for name, value in load_file(ref.path).items()}
        if ref.option("tied"):
            state[last(ref.option("layers"))] = state["layers.0.weight"]
        network.load_state_dict(state, assign=True)
        if ref.option("tied"):
            network.layers[-1].weight = network.layers[0].weight
        network.requires_grad_(False)
        own = set()
        for patch in ref.patches:
            name = f"layers.{patch.fingerprint}.weight"
            layer = network.layers[int(patch.fingerprint)]
            layer.weight = torch.nn.Parameter(layer.weight + patch.weight, requires_grad=False)
            own.add(name)
        self.loaded.append(ref)
        return self.keep(network, f"{ref.fingerprint} {dtype}", own)
