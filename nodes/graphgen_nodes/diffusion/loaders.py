"""Model loaders of the pack, by the names that references give. Cheap to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphgen import ModelRef
from graphgen.models.networks import NetworkLoader

from .optimise import check

if TYPE_CHECKING:
    import torch


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

        from . import _components

        check(ref, device)
        named = ref.option("dtype")
        dtype = dtype if named is None else getattr(torch, named)
        loaded, own = _components.load(self.component, ref, dtype)
        source = ref.with_options(dtype=None, compile=None, cuda_graphs=None)
        return self.keep(loaded, f"{ref.fingerprint} {source.options} {dtype}", own)

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
