"""Model loaders of the pack, by the names that references give. Cheap to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphgen import ModelRef
from graphgen.models.networks import NetworkLoader

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
        from . import _components

        loaded, own = _components.load(self.component, ref, dtype)
        return self.keep(loaded, f"{ref.fingerprint} {ref.options} {dtype}", own)

    def network(self, model: Any) -> torch.nn.Module:
        return model.model if self.component == "text_encoder" else model
