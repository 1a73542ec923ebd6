"""Model loaders of the pack, by the names that references give. Cheap to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphgen import ModelRef

if TYPE_CHECKING:
    import torch


class NetworkLoader:
    """Reads one network of a checkpoint: a denoiser, a VAE or a text encoder.

    Args:
        component: Which one: ``unet``, ``vae`` or ``text_encoder``.
    """

    def __init__(self, component: str) -> None:
        self.component = component

    def load(self, ref: ModelRef, device: str, dtype: torch.dtype) -> Any:
        from . import _components

        return _components.load(self.component, ref, device, dtype)

    def move(self, model: Any, device: str) -> Any:
        self._network(model).to(device)
        return model

    def nbytes(self, model: Any) -> int:
        network = self._network(model)
        tensors = (*network.parameters(), *network.buffers())
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def _network(self, model: Any) -> torch.nn.Module:
        return model.model if self.component == "text_encoder" else model
