"""Model loaders of the pack, by the names that references give. Cheap to import."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from graphgen import ModelRef, devices
from graphgen.models.networks import NetworkLoader

from .optimise import check

if TYPE_CHECKING:
    import torch


_PREPACKED = "graphgen_prepacked"


class DiffusionLoader(NetworkLoader):
    """Reads one network of a checkpoint: a denoiser, a VAE or a text encoder.

    Args:
        component: Which one: ``unet``, ``vae`` or ``text_encoder``.
    """

    def __init__(self, component: str) -> None:
        super().__init__()
        self.component = component

    def load(self, ref: ModelRef, device: str, dtype: torch.dtype) -> Any:
        import torch

        from . import _components, _prepack

        check(ref, device)
        named = ref.option("dtype")
        dtype = dtype if named is None else getattr(torch, named)
        wanted = bool(ref.option("prepack"))
        packs = wanted and devices.is_host(device)
        if packs:  # they have a layout of their own
            ref = ref.with_options(channels_last=None)
        loaded, own = _components.load(self.component, ref, dtype)
        read_as = ref.with_options(
            dtype=None, compile=None, cuda_graphs=None, prepack=True if packs else None
        )
        source = f"{ref.fingerprint} {read_as.options} {dtype}"
        if wanted:
            setattr(self.network(loaded), _PREPACKED, packs)
        if packs:
            own |= _prepack.prepack(self.network(loaded), own, partial(self.find, source))
        return self.keep(loaded, source, own)

    def suits(self, model: Any, device: str) -> bool:
        # Prepacked weights can't leave the CPU; what comes there from elsewhere is plain.
        packed = getattr(self.network(model), _PREPACKED, None)
        return packed is None or packed == devices.is_host(device)

    def move(self, model: Any, device: str) -> Any:
        from . import _kernels

        network = self.network(model)
        _kernels.end(network)
        super().move(model, device)
        _kernels.begin(network, device)
        return model

    def stream(self, model: Any, device: str, room: int) -> Any:
        from . import _kernels

        _kernels.end(self.network(model))
        return super().stream(model, device, room)

    def network(self, model: Any) -> torch.nn.Module:
        return model.model if self.component == "text_encoder" else model
